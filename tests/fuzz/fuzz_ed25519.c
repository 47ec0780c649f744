/* Ed25519 under every rule: lanes, batch equations and prepared keys against one another, RFC 8032's text bit by bit, and
 * OpenSSL. */
#include <string.h>

#include "near.h"
#include "peers.h"
#include "plain_ed25519.h"

/* header[0]: the rule. */
static int rule_of(const fuzz_input *in) { return in->header[0] & 3; }

enum { PLAIN, EQUATION, PREPARED, PREPARED_EQUATION, WAYS, PREPARED_SIZE = 6400 };

static void verify(uint8_t *verdicts, size_t n, const vl_column columns[FUZZ_PARTS], const fuzz_input *in, int isa,
                   int way) {
    static _Alignas(64) uint8_t rows[FUZZ_MOST * PREPARED_SIZE];
    uint8_t seed[32], known[FUZZ_MOST];
    vl_column keys = columns[FUZZ_KEY];
    unsigned flags = 0;
    memset(seed, in->header[1] ^ way, sizeof seed);
    if (way >= PREPARED) {
        FUZZ_CHECK(vl_ed25519_prepared_size() == PREPARED_SIZE);
        FUZZ_CHECK(!vl_ed25519_prepare_keys(rows, known, n, &keys, isa, fuzz_scratch, fuzz_scratch_size));
        keys = (vl_column){.data = rows, .width = PREPARED_SIZE};
        flags |= VL_PREPARED_KEYS;
    }
    const int equation = way == EQUATION || way == PREPARED_EQUATION;
    if (equation) flags |= VL_EQUATION_ALWAYS;
    FUZZ_CHECK(!vl_ed25519_verify(verdicts, n, &keys, &columns[FUZZ_SIGNATURE], &columns[FUZZ_MESSAGE], rule_of(in),
                                  flags, equation ? seed : NULL, isa, fuzz_scratch, fuzz_scratch_size));
    for (size_t i = 0; way >= PREPARED && i < n; i++)
        FUZZ_CHECK(known[i] == VL_OK || (known[i] == VL_BAD_KEY && verdicts[i] == VL_BAD_KEY));
}

/* SHA-512(R || A || M): by OpenSSL, else by the scalar code. */
static void sha512(uint8_t digest[64], const uint8_t r[32], const uint8_t a[32], vl_bytes message) {
    uint8_t text[64 + FUZZ_LONGEST];
    memcpy(text, r, 32);
    memcpy(text + 32, a, 32);
    memcpy(text + 64, message.data, message.length);
    const vl_column column = {.data = text, .width = 64 + message.length};
    if (openssl_digest(digest, VL_SHA512, (vl_bytes){text, column.width}) == PEER_YES) return;
    FUZZ_CHECK(!vl_digest(digest, 1, &column, VL_SHA512, VL_ISA_SCALAR, fuzz_scratch, fuzz_scratch_size));
}

static void check_openssl(const fuzz_item *item, const uint8_t verdicts[PLAIN_RULES]) {
    const fuzz_bytes *message = &item->part[FUZZ_MESSAGE];
    if (item->part[FUZZ_KEY].size != 32 || item->part[FUZZ_SIGNATURE].size != 64) return;
    const int said = openssl_ed25519(item->part[FUZZ_KEY].data, item->part[FUZZ_SIGNATURE].data,
                                     (vl_bytes){message->data, message->size});
    if (said != PEER_MISSING) fuzz_expect(item, verdicts[VL_ED25519_OPENSSL] == VL_OK, said, "OpenSSL (1: it accepts)");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static fuzz_input in;
    uint8_t verdicts[FUZZ_ITEMS], plain[PLAIN_RULES];
    fuzz_begin();
    if (!fuzz_read(&in, data, size)) return 0;
    fuzz_agree(verdicts, &in, verify, rule_of(&in) == VL_ED25519_ZIP215 ? WAYS : PREPARED_EQUATION);
    for (size_t i = 0; i < in.n; i++) {
        plain_ed25519(plain, &in.item[i], sha512);
        fuzz_expect(&in.item[i], verdicts[i], plain[rule_of(&in)], "RFC 8032, bit by bit");
        check_openssl(&in.item[i], plain);
    }
    return 0;
}

/* ---- Near-valid items ---- */

/* k B + T and its encoding; made by generate.py, as is the list of what is small or has y >= p. */
typedef struct {
    uint8_t k[32], encoding[32];
} edwards_point;

typedef struct {
    uint8_t encoding[32];
} edwards_bytes;

#include "points_ed25519.inc"

static const vl_u256 order = {{0x5812631a5cf5d3ed, 0x14def9dea2f79cd6, 0, 0x1000000000000000}};

/* An encoding and the logarithm of its part of large order: 0 for small points, and for what is none. */
static vl_u256 pick(uint8_t encoding[32], fuzz_random *random) {
    const edwards_point *point = &points_ed25519[fuzz_below(random, sizeof points_ed25519 / sizeof *points_ed25519)];
    memcpy(encoding, point->encoding, 32);
    if (fuzz_below(random, 4)) return number_read(point->k);
    const size_t small = sizeof small_ed25519 / sizeof *small_ed25519, some = fuzz_below(random, 2) ? 14 : small;
    memcpy(encoding, small_ed25519[fuzz_below(random, some)].encoding, 32); /* it begins with those of small order */
    if (fuzz_below(random, 4) == 0) encoding[31] ^= 0x80;
    return number_small(0);
}

static vl_u256 challenge(const uint8_t *r, const uint8_t *a, const fuzz_bytes *message) {
    uint8_t digest[64], half[32];
    vl_u256 k = number_small(0);
    sha512(digest, r, a, (vl_bytes){message->data, message->size});
    for (int i = 0; i < 32; i++) half[i] = digest[63 - i];
    k = number_reduce(number_read(half), order);
    for (int bit = 0; bit < 256; bit++) k = mod_add(k, k, order);
    for (int i = 0; i < 32; i++) half[i] = digest[31 - i];
    return mod_add(k, number_reduce(number_read(half), order), order);
}

static void write_little(uint8_t *bytes, vl_u256 x) {
    uint8_t big[32];
    u256_to_bytes(big, &x);
    for (int i = 0; i < 32; i++) bytes[i] = big[31 - i];
}

static vl_u256 read_little(const uint8_t *bytes) {
    uint8_t big[32];
    for (int i = 0; i < 32; i++) big[i] = bytes[31 - i];
    return number_read(big);
}

/* S = nonce + k secret: true but for parts of small order, about which rules differ. */
static void make_item(fuzz_item *item, fuzz_random *random) {
    uint8_t key[32], r[32], s_bytes[32];
    fuzz_bytes *message = &item->part[FUZZ_MESSAGE];
    const vl_u256 secret = pick(key, random), nonce = pick(r, random);
    if (fuzz_below(random, 4) == 0) {
        message->size = fuzz_below(random, FUZZ_LONGEST + 1);
        for (size_t i = 0; i < message->size; i++) message->data[i] = (uint8_t)fuzz_next(random);
    } else if (message->size) message->data[0]++; /* k mod 8 decides about small parts */
    const vl_u256 s = mod_add(nonce, mod_multiply(challenge(r, key, message), secret, order), order);
    write_little(s_bytes, s);
    fuzz_set(&item->part[FUZZ_KEY], key, 32);
    fuzz_set(&item->part[FUZZ_SIGNATURE], r, 32);
    fuzz_append(&item->part[FUZZ_SIGNATURE], s_bytes, 32);
}

static void change(fuzz_input *in, fuzz_item *item, fuzz_random *random) {
    (void)in;
    fuzz_bytes *key = &item->part[FUZZ_KEY], *signature = &item->part[FUZZ_SIGNATURE];
    const size_t what = fuzz_below(random, 8);
    if (what < 4 || signature->size != 64 || key->size != 32) make_item(item, random);
    else if (what < 6) {
        vl_u256 s = read_little(signature->data + 32);
        if (what == 4) u256_add(&s, &s, &order); /* S + L, and again */
        else s = near_number(s, order, random);
        write_little(signature->data + 32, s);
    } else if (what == 6) pick(signature->data, random);
    else pick(key->data, random);
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed) {
    fuzz_begin();
    return fuzz_mutate(data, size, most, seed, change);
}
