/* Keys of every curve in every form, alone: rows of decoded keys are the same on all instruction sets, and the points that
 * OpenSSL and libsecp256k1 read. And ECDSA's signatures as bytes, which take no time. */
#include <string.h>

#include "encodings.h"
#include "near.h"
#include "peers.h"
#include "plain_ed25519.h"

/* header[0] picks what is decoded, header[1] the flags. */
enum { SECP256K1, P256, SM2, XONLY, ED25519, SIGNATURES, KINDS = 8 };

static int kind_of(const fuzz_input *in) { return in->header[0] % KINDS; }

static unsigned flags_of(const fuzz_input *in) {
    const int kind = kind_of(in);
    return kind == XONLY ? VL_XONLY_KEYS
           : kind == SM2 ? 0
                         : in->header[1] & (VL_HYBRID_KEYS | VL_SEC1_KEYS | VL_COMPRESSED_KEYS);
}

typedef int (*decoder)(uint8_t *, size_t, const vl_column *, unsigned, int, void *, size_t);

static void decode(uint8_t *rows, size_t n, const vl_column *keys, const fuzz_input *in, int isa) {
    static const decoder decoders[] = {vl_secp256k1_decode_keys, vl_p256_decode_keys, vl_sm2_decode_keys,
                                       vl_secp256k1_decode_keys};
    FUZZ_CHECK(!decoders[kind_of(in)](rows, n, keys, flags_of(in), isa, fuzz_scratch, fuzz_scratch_size));
}

/* A verdict of each key, and its row beside: alone in scalar code first, then in batches, where rows must be the same. */
static struct {
    size_t n;
    uint8_t key[FUZZ_ITEMS][64];
} decoded;

static void verify(uint8_t *verdicts, size_t n, const vl_column columns[FUZZ_PARTS], const fuzz_input *in, int isa,
                   int way) {
    static const uint8_t none[64];
    static _Alignas(64) uint8_t prepared[FUZZ_MOST * 6400];
    uint8_t rows[FUZZ_MOST][64];
    (void)way;
    if (kind_of(in) == ED25519) {
        FUZZ_CHECK(
            !vl_ed25519_prepare_keys(prepared, verdicts, n, &columns[FUZZ_KEY], isa, fuzz_scratch, fuzz_scratch_size));
        return;
    }
    decode(rows[0], n, &columns[FUZZ_KEY], in, isa);
    const int first = decoded.n < in->n;
    if (first) memcpy(decoded.key[decoded.n++], rows[0], 64);
    for (size_t i = 0; i < n; i++) {
        verdicts[i] = memcmp(rows[i], none, 64) ? VL_OK : VL_BAD_KEY;
        FUZZ_CHECK(first || memcmp(rows[i], decoded.key[i % in->n], 64) == 0);
    }
}

/* x || y by a peer: PEER_YES, PEER_NO or PEER_MISSING. */
static int peer_point(uint8_t point[64], const fuzz_bytes *key, const fuzz_input *in) {
    static const int schemes[] = {VL_SECP256K1_ECDSA, VL_P256_ECDSA, VL_SM2, VL_SECP256K1_ECDSA};
    const unsigned flags = flags_of(in);
    uint8_t bytes[65] = {2};
    if (flags & VL_XONLY_KEYS) {
        if (key->size != 32) return PEER_NO;
        memcpy(bytes + 1, key->data, 32);
        const int said = openssl_point(point, VL_SECP256K1_ECDSA, bytes, 33), other = secp256k1_xonly(key->data);
        FUZZ_CHECK(said == PEER_MISSING || other == PEER_MISSING || said == other);
        return said;
    }
    if (key->size != 33 && key->size != 64 && key->size != 65) return PEER_NO;
    if ((key->size != 33 && flags & VL_COMPRESSED_KEYS) || (key->size == 64 && flags & VL_SEC1_KEYS)) return PEER_NO;
    if (key->size == 65 && key->data[0] != 4 && !(flags & VL_HYBRID_KEYS)) return PEER_NO;
    bytes[0] = 4;
    memcpy(bytes + (key->size == 64), key->data, key->size);
    const size_t size = key->size == 64 ? 65 : key->size;
    uint8_t other[64];
    const int said = openssl_point(point, schemes[kind_of(in)], bytes, size);
    const int second = kind_of(in) == SECP256K1 ? secp256k1_point(other, bytes, size) : PEER_MISSING;
    if (said != PEER_MISSING && second != PEER_MISSING)
        FUZZ_CHECK(said == second && (said == PEER_NO || memcmp(point, other, 64) == 0));
    return said;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static fuzz_input in;
    uint8_t verdicts[FUZZ_ITEMS], point[64];
    fuzz_begin();
    if (!fuzz_read(&in, data, size)) return 0;
    if (kind_of(&in) >= SIGNATURES) {
        for (size_t i = 0; i < in.n; i++) check_signature_forms(&in.item[i].part[FUZZ_SIGNATURE]);
        return 0;
    }
    decoded.n = 0;
    fuzz_agree(verdicts, &in, verify, 1);
    for (size_t i = 0; i < in.n; i++) {
        const fuzz_bytes *key = &in.item[i].part[FUZZ_KEY];
        int said;
        if (kind_of(&in) == ED25519) said = key->size == 32 && plain_ed25519_decodes(key->data);
        else said = peer_point(point, key, &in);
        if (said == PEER_MISSING) continue;
        fuzz_expect(&in.item[i], verdicts[i], said ? VL_OK : VL_BAD_KEY, "peers");
        if (said && kind_of(&in) != ED25519) FUZZ_CHECK(memcmp(point, decoded.key[i], 64) == 0);
    }
    return 0;
}

/* A number at the edges of [1, n), in DER or as 32 bytes. */
static void change_signature(fuzz_bytes *signature, fuzz_random *random) {
    const vl_curve *curve = known_curves[fuzz_below(random, 2)].curve;
    const vl_u256 r = near_scalar(curve->n, random), s = near_scalar(curve->n, random);
    const vl_u256 edge = near_number(s, curve->n, random);
    if (fuzz_below(random, 4) == 0) near_compact(signature, r, edge);
    else if (fuzz_below(random, 2)) near_der(signature, r, edge, random);
    else near_der(signature, edge, s, random);
}

static void change(fuzz_input *in, fuzz_item *item, fuzz_random *random) {
    static const int schemes[KINDS] = {VL_SECP256K1_ECDSA, VL_P256_ECDSA, VL_SM2, VL_SECP256K1_ECDSA, VL_SM2};
    const known_curve *known = &known_curves[schemes[kind_of(in)]];
    fuzz_bytes *key = &item->part[FUZZ_KEY];
    const int bare = kind_of(in) >= XONLY;
    if (kind_of(in) >= SIGNATURES) {
        change_signature(&item->part[FUZZ_SIGNATURE], random);
        return;
    }
    item->part[FUZZ_SIGNATURE].size = item->part[FUZZ_MESSAGE].size = 0;
    if (fuzz_below(random, 2)) near_key(key, known_pick(known, random), known->curve, random);
    else if (fuzz_below(random, 2)) near_other_key(key, known->curve, random);
    else { /* x of no or of another point, at the edges */ const size_t at = !bare && key->size & 1;
        if (key->size < at + 32) return;
        const vl_u256 x = near_number(number_read(key->data + at), known->curve->p, random);
        u256_to_bytes(key->data + at, &x);
    }
    if (bare && key->size > 32) {
        memmove(key->data, key->data + (key->size & 1), 32);
        key->size = 32;
    }
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed) {
    return fuzz_mutate(data, size, most, seed, change);
}
