/* BIP-340: lanes, batch equations and prepared keys against one another, the exact path and libsecp256k1. */
#include <string.h>

#include "binding.h"
#include "exact.h"
#include "near.h"
#include "peers.h"

enum { PLAIN, EQUATION, PREPARED, PREPARED_EQUATION, WAYS };

static void verify(uint8_t *verdicts, size_t n, const vl_column columns[FUZZ_PARTS], const fuzz_input *in, int isa,
                   int way) {
    uint8_t rows[FUZZ_MOST * 64], seed[32];
    vl_column keys = columns[FUZZ_KEY];
    unsigned flags = 0;
    memset(seed, in->header[1] ^ way, sizeof seed);
    if (way >= PREPARED) {
        FUZZ_CHECK(!vl_secp256k1_decode_keys(rows, n, &keys, VL_XONLY_KEYS, isa, fuzz_scratch, fuzz_scratch_size));
        keys = (vl_column){.data = rows, .width = 64};
        flags |= VL_PREPARED_KEYS;
    }
    const int equation = way == EQUATION || way == PREPARED_EQUATION;
    if (equation) flags |= VL_EQUATION_ALWAYS;
    FUZZ_CHECK(!vl_secp256k1_schnorr_verify(verdicts, n, &keys, &columns[FUZZ_SIGNATURE], &columns[FUZZ_MESSAGE], flags,
                                            equation ? seed : NULL, isa, fuzz_scratch, fuzz_scratch_size));
}

static int by_exact_path(const fuzz_item *item) {
    exact_item one;
    exact_begin(&one, item);
    FUZZ_CHECK(!vl_secp256k1_schnorr_terms(&one.verdict, &one.terms, 1, &one.column[0], &one.column[1], &one.column[2],
                                           0, VL_ISA_SCALAR, fuzz_scratch, fuzz_scratch_size));
    return exact_verdict(&one, VL_SECP256K1_SCHNORR, &vl_curve_secp256k1);
}

static int by_peer(const fuzz_item *item) {
    const fuzz_bytes *key = &item->part[FUZZ_KEY], *signature = &item->part[FUZZ_SIGNATURE];
    const fuzz_bytes *message = &item->part[FUZZ_MESSAGE];
    const int known = key->size == 32 ? secp256k1_xonly(key->data) : PEER_NO;
    if (known == PEER_MISSING) return PEER_MISSING;
    if (known == PEER_NO) return VL_BAD_KEY;
    if (signature->size != 64) return VL_BAD_SIGNATURE;
    const vl_u256 r = number_read(signature->data), s = number_read(signature->data + 32);
    if (!u256_less(&r, &vl_curve_secp256k1.p) || !u256_less(&s, &vl_curve_secp256k1.n)) return VL_BAD_SIGNATURE;
    const int said = secp256k1_schnorr(key->data, signature->data, (vl_bytes){message->data, message->size});
    return said == PEER_MISSING ? PEER_MISSING : said ? VL_OK : VL_MISMATCH;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static fuzz_input in;
    uint8_t verdicts[FUZZ_ITEMS];
    fuzz_begin();
    if (!fuzz_read(&in, data, size)) return 0;
    fuzz_agree(verdicts, &in, verify, WAYS);
    for (size_t i = 0; i < in.n; i++) {
        fuzz_expect(&in.item[i], verdicts[i], by_exact_path(&in.item[i]), "the exact path");
        const int said = by_peer(&in.item[i]);
        if (said != PEER_MISSING) fuzz_expect(&in.item[i], verdicts[i], said, "libsecp256k1");
    }
    return 0;
}

/* ---- Near-valid items ---- */

/* BIP-340, "Tagged Hashes" and "Verification": e = SHA-256(t || t || r || key || message) mod n, t = SHA-256(tag). */
static vl_u256 challenge(const uint8_t *r, const uint8_t *key, const fuzz_bytes *message) {
    static const char tag[] = "BIP0340/challenge";
    uint8_t text[128 + FUZZ_LONGEST], hash[32];
    vl_column column = {.data = (const uint8_t *)tag, .width = sizeof tag - 1};
    vl_digest(text, 1, &column, VL_SHA256, VL_ISA_SCALAR, fuzz_scratch, fuzz_scratch_size);
    memcpy(text + 32, text, 32);
    memcpy(text + 64, r, 32);
    memcpy(text + 96, key, 32);
    memcpy(text + 128, message->data, message->size);
    column = (vl_column){.data = text, .width = 128 + message->size};
    vl_digest(hash, 1, &column, VL_SHA256, VL_ISA_SCALAR, fuzz_scratch, fuzz_scratch_size);
    return number_reduce(number_read(hash), vl_curve_secp256k1.n);
}

/* The logarithm of the point with the same x and even y. */
static vl_u256 even(const known_point *point) {
    const vl_u256 k = number_read(point->k);
    return point->y[31] & 1 ? mod_negate(k, vl_curve_secp256k1.n) : k;
}

/* A signature with s = k + e d; now and then k is that of -R, or d of -P: both are faults. */
static void make_item(fuzz_item *item, fuzz_random *random) {
    const vl_u256 n = vl_curve_secp256k1.n;
    const known_curve *known = &known_curves[VL_SECP256K1_ECDSA];
    const known_point *key = known_pick(known, random), *nonce = known_pick(known, random);
    fuzz_bytes *message = &item->part[FUZZ_MESSAGE], *signature = &item->part[FUZZ_SIGNATURE];
    vl_u256 d = even(key), k = even(nonce);
    if (fuzz_below(random, 4) == 0) {
        message->size = fuzz_below(random, FUZZ_LONGEST + 1);
        for (size_t i = 0; i < message->size; i++) message->data[i] = (uint8_t)fuzz_next(random);
    }
    if (fuzz_below(random, 8) == 0) k = mod_negate(k, n);
    if (fuzz_below(random, 8) == 0) d = mod_negate(d, n);
    const vl_u256 e = challenge(nonce->x, key->x, message);
    vl_u256 s = mod_multiply(e, d, n);
    if (fuzz_below(random, 8)) s = mod_add(s, k, n); /* else s G = e P, and R is infinite */
    fuzz_set(&item->part[FUZZ_KEY], key->x, 32);
    fuzz_set(signature, nonce->x, 32);
    fuzz_append(signature, nonce->x, 32);
    u256_to_bytes(signature->data + 32, &s);
}

static void change(fuzz_input *in, fuzz_item *item, fuzz_random *random) {
    (void)in;
    const vl_curve *curve = &vl_curve_secp256k1;
    fuzz_bytes *key = &item->part[FUZZ_KEY], *signature = &item->part[FUZZ_SIGNATURE];
    vl_u256 r, s;
    const size_t what = fuzz_below(random, 7);
    if (what < 3 || !near_read(&r, &s, signature, 0)) {
        make_item(item, random);
    } else if (what == 3) {
        near_compact(signature, near_number(r, curve->p, random), s);
    } else if (what == 4) {
        near_compact(signature, r, near_number(s, curve->n, random));
    } else if (what == 5 && key->size == 32) {
        const vl_u256 x = near_number(number_read(key->data), curve->p, random);
        u256_to_bytes(key->data, &x);
    } else { /* the other signature of no one: lengths beside the right ones */
        key->size -= key->size > 31;
        fuzz_append(signature, signature->data, fuzz_below(random, 2));
    }
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed) {
    fuzz_begin();
    return fuzz_mutate(data, size, most, seed, change);
}
