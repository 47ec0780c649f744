/* ECDSA over secp256k1 and P-256 in every encoding, and recovery: all instruction sets, batches and prepared keys against one
 * another, the lanes' points against the exact path, and verdicts against libsecp256k1 and OpenSSL. */
#include <string.h>

#include "binding.h"
#include "encodings.h"
#include "exact.h"
#include "near.h"
#include "peers.h"
#include "scheme/der.h"

/* header[0]: bit 0 the curve, the next two an encoding, or recovery; header[1]: flags. */
enum { RECOVER = 3 };

static int scheme_of(const fuzz_input *in) { return in->header[0] & 1 ? VL_P256_ECDSA : VL_SECP256K1_ECDSA; }

static int encoding_of(const fuzz_input *in) {
    const int encoding = in->header[0] >> 1 & 3;
    return encoding == RECOVER && scheme_of(in) != VL_SECP256K1_ECDSA ? VL_COMPACT : encoding;
}

static unsigned flags_of(const fuzz_input *in) {
    const unsigned flags = encoding_of(in) == RECOVER ? VL_LOW_S | VL_PARITY_IDS
                                                      : VL_LOW_S | VL_HYBRID_KEYS | VL_SEC1_KEYS | VL_COMPRESSED_KEYS;
    return in->header[1] & flags;
}

enum { KEY_FLAGS = VL_HYBRID_KEYS | VL_SEC1_KEYS | VL_COMPRESSED_KEYS };

/* ---- Every way ---- */

/* Keys that were recovered one by one, which fuzz_agree() begins with; in batches they are the same. */
static struct {
    size_t n;
    uint8_t key[FUZZ_ITEMS][64];
} recovered;

static void recover(uint8_t *verdicts, size_t n, const vl_column columns[FUZZ_PARTS], const fuzz_input *in, int isa) {
    uint8_t keys[FUZZ_MOST][64];
    FUZZ_CHECK(!vl_secp256k1_ecdsa_recover(keys[0], verdicts, n, &columns[FUZZ_SIGNATURE], &columns[FUZZ_MESSAGE],
                                           flags_of(in), isa, fuzz_scratch, fuzz_scratch_size));
    if (recovered.n < in->n) memcpy(recovered.key[recovered.n++], keys[0], 64);
    else
        for (size_t i = 0; i < n; i++) FUZZ_CHECK(memcmp(keys[i], recovered.key[i % in->n], 64) == 0);
}

static void verify(uint8_t *verdicts, size_t n, const vl_column columns[FUZZ_PARTS], const fuzz_input *in, int isa,
                   int way) {
    if (encoding_of(in) == RECOVER) {
        recover(verdicts, n, columns, in, isa);
        return;
    }
    const int p256 = scheme_of(in) == VL_P256_ECDSA;
    uint8_t rows[FUZZ_MOST * 64];
    vl_column keys = columns[FUZZ_KEY];
    if (way == 1) {
        FUZZ_CHECK(!(p256 ? vl_p256_decode_keys : vl_secp256k1_decode_keys)(rows, n, &keys, flags_of(in) & KEY_FLAGS,
                                                                            isa, fuzz_scratch, fuzz_scratch_size));
        keys = (vl_column){.data = rows, .width = 64};
    }
    const unsigned flags = way == 1 ? flags_of(in) & VL_LOW_S : flags_of(in);
    FUZZ_CHECK(!(p256 ? vl_p256_ecdsa_verify : vl_secp256k1_ecdsa_verify)(verdicts, n, &keys, &columns[FUZZ_SIGNATURE],
                                                                          &columns[FUZZ_MESSAGE], encoding_of(in),
                                                                          flags, isa, fuzz_scratch, fuzz_scratch_size));
}

static int by_exact_path(const fuzz_item *item, const fuzz_input *in) {
    const int scheme = scheme_of(in);
    exact_item one;
    exact_begin(&one, item);
    FUZZ_CHECK(!(scheme == VL_P256_ECDSA ? vl_p256_ecdsa_terms : vl_secp256k1_ecdsa_terms)(
        &one.verdict, &one.terms, 1, &one.column[0], &one.column[1], &one.column[2], encoding_of(in), flags_of(in),
        VL_ISA_SCALAR, fuzz_scratch, fuzz_scratch_size));
    return exact_verdict(&one, scheme, known_curves[scheme].curve);
}

/* ---- What peers say ---- */

/* The point of a key as the flags admit it, or PEER_NO. */
static int peer_point(uint8_t point[64], const fuzz_bytes *key, int scheme, unsigned flags) {
    uint8_t bytes[65] = {4};
    if (key->size != 33 && key->size != 64 && key->size != 65) return PEER_NO;
    if (key->size != 33 && flags & VL_COMPRESSED_KEYS) return PEER_NO;
    if (key->size == 64 && flags & VL_SEC1_KEYS) return PEER_NO;
    if (key->size == 65 && key->data[0] != 4 && !(flags & VL_HYBRID_KEYS)) return PEER_NO;
    memcpy(bytes + (key->size == 64), key->data, key->size);
    const size_t size = key->size == 64 ? 65 : key->size;
    uint8_t other[64];
    const int openssl = openssl_point(point, scheme, bytes, size);
    if (scheme != VL_SECP256K1_ECDSA) return openssl;
    const int said = secp256k1_point(other, bytes, size);
    FUZZ_CHECK(openssl == PEER_MISSING || said == PEER_MISSING || openssl == said);
    if (said == PEER_YES) memcpy(point, other, 64);
    return said == PEER_MISSING ? openssl : said;
}

/* r || s if the signature may be verified at all. */
static int read_signature(uint8_t compact[64], const fuzz_bytes *signature, int encoding, unsigned flags,
                          const vl_curve *curve) {
    const vl_bytes bytes = {signature->data, signature->size};
    vl_u256 r, s;
    if (encoding == VL_DER && !vl_der_strict(&r, &s, bytes)) return 0;
    if (encoding == VL_DER_LAX && !vl_der_lax(&r, &s, bytes)) return 0;
    const size_t size = encoding == RECOVER ? 65 : 64;
    if ((encoding == VL_COMPACT || encoding == RECOVER) &&
        (signature->size != size || !near_read(&r, &s, signature, 0)))
        return 0;
    u256_to_bytes(compact, &r);
    u256_to_bytes(compact + 32, &s);
    return may_be_verified(r, s, flags, curve);
}

/* The verdict that peers lead to, or PEER_MISSING. */
static int by_peers(const fuzz_item *item, const fuzz_input *in) {
    const int scheme = scheme_of(in), encoding = encoding_of(in);
    const fuzz_bytes *digest = &item->part[FUZZ_MESSAGE];
    uint8_t point[64], compact[64];
    const int key = peer_point(point, &item->part[FUZZ_KEY], scheme, flags_of(in));
    if (key == PEER_MISSING) return PEER_MISSING;
    if (key == PEER_NO) return VL_BAD_KEY;
    if (!read_signature(compact, &item->part[FUZZ_SIGNATURE], encoding, flags_of(in), known_curves[scheme].curve))
        return VL_BAD_SIGNATURE;
    if (digest->size != 32) return VL_BAD_MESSAGE;
    int said = openssl_ecdsa(scheme, point, compact, digest->data);
    if (scheme == VL_SECP256K1_ECDSA) {
        const int other = secp256k1_ecdsa(point, compact, digest->data);
        FUZZ_CHECK(other == PEER_MISSING || said == PEER_MISSING || other == said);
        if (other != PEER_MISSING) said = other;
    }
    if (said == PEER_MISSING) return PEER_MISSING;
    return said ? VL_OK : VL_MISMATCH;
}

static int recovered_by_peer(uint8_t point[64], const fuzz_item *item, const fuzz_input *in) {
    const fuzz_bytes *signature = &item->part[FUZZ_SIGNATURE], *digest = &item->part[FUZZ_MESSAGE];
    uint8_t compact[65];
    const int id = signature->size == 65 ? signature->data[64] : 4;
    if (!read_signature(compact, signature, RECOVER, flags_of(in), &vl_curve_secp256k1)) return VL_BAD_SIGNATURE;
    if (id > (flags_of(in) & VL_PARITY_IDS ? 1 : 3)) return VL_BAD_SIGNATURE;
    compact[64] = (uint8_t)id;
    const int said = secp256k1_recover(point, compact, digest->size == 32 ? digest->data : compact);
    if (said == PEER_MISSING) return PEER_MISSING;
    if (digest->size == 32) return said ? VL_OK : VL_BAD_SIGNATURE;
    return VL_UNDECIDED; /* which of two faults comes first: ways agree on it, and that is all */
}

/* OpenSSL reads DER itself. */
static void check_openssl_der(const fuzz_item *item, const fuzz_input *in, int verdict) {
    const fuzz_bytes *signature = &item->part[FUZZ_SIGNATURE];
    uint8_t point[64];
    if (encoding_of(in) != VL_DER || (verdict != VL_OK && verdict != VL_MISMATCH && verdict != VL_BAD_SIGNATURE))
        return;
    if (item->part[FUZZ_MESSAGE].size != 32 || flags_of(in) & VL_LOW_S) return;
    if (peer_point(point, &item->part[FUZZ_KEY], scheme_of(in), flags_of(in)) != PEER_YES) return;
    const int said = openssl_ecdsa_der(scheme_of(in), point, (vl_bytes){signature->data, signature->size},
                                       item->part[FUZZ_MESSAGE].data);
    if (said != PEER_MISSING) FUZZ_CHECK(said == (verdict == VL_OK));
}

static void check_recovered(const fuzz_input *in) {
    uint8_t verdicts[FUZZ_ITEMS], point[64];
    recovered.n = 0;
    fuzz_agree(verdicts, in, verify, 1);
    for (size_t i = 0; i < in->n; i++) {
        const int said = recovered_by_peer(point, &in->item[i], in);
        if (said == PEER_MISSING || said == VL_UNDECIDED) continue;
        fuzz_expect(&in->item[i], verdicts[i], said, "libsecp256k1 (recover)");
        if (verdicts[i] != VL_OK) memset(point, 0, sizeof point);
        FUZZ_CHECK(memcmp(point, recovered.key[i], 64) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static fuzz_input in;
    uint8_t verdicts[FUZZ_ITEMS];
    fuzz_begin();
    if (!fuzz_read(&in, data, size)) return 0;
    for (size_t i = 0; i < in.n; i++) check_signature_forms(&in.item[i].part[FUZZ_SIGNATURE]);
    if (encoding_of(&in) == RECOVER) {
        check_recovered(&in);
        return 0;
    }
    fuzz_agree(verdicts, &in, verify, 2);
    for (size_t i = 0; i < in.n; i++) {
        fuzz_expect(&in.item[i], verdicts[i], by_exact_path(&in.item[i], &in), "the exact path");
        const int said = by_peers(&in.item[i], &in);
        if (said != PEER_MISSING) fuzz_expect(&in.item[i], verdicts[i], said, "peers");
        check_openssl_der(&in.item[i], &in, verdicts[i]);
    }
    return 0;
}

/* ---- Near-valid items ---- */

static void put_signature(fuzz_input *in, fuzz_item *item, vl_u256 r, vl_u256 s, int id, fuzz_random *random) {
    fuzz_bytes *signature = &item->part[FUZZ_SIGNATURE];
    const int encoding = encoding_of(in);
    if (encoding == VL_DER || encoding == VL_DER_LAX) near_der(signature, r, s, random);
    else near_compact(signature, r, s);
    if (encoding == RECOVER) fuzz_append(signature, (const uint8_t[]){(uint8_t)id}, 1);
}

/* A signature by q = key->k with R = k G, where the verifier's u1 and u2 are chosen: e = u1 s and s = r / u2. */
static void make_item(fuzz_input *in, fuzz_item *item, fuzz_random *random) {
    const known_curve *known = &known_curves[scheme_of(in)];
    const vl_u256 n = known->curve->n;
    const known_point *key = known_pick(known, random), *nonce = known_pick(known, random);
    const vl_u256 q = number_read(key->k), k = number_read(nonce->k), r = number_reduce(number_read(nonce->x), n);
    const vl_u256 half = mod_inverse(number_small(2), n), by_q = mod_inverse(q, n);
    vl_u256 u1, u2 = near_scalar(n, random);
    switch (fuzz_below(random, 4)) {
    case 0: /* u1 G = u2 Q: the last addition is a doubling */
        u1 = mod_multiply(k, half, n);
        u2 = mod_multiply(u1, by_q, n);
        break;
    case 1: /* u1 G = -u2 Q: the sum is infinite, r is nobody's */
        u1 = mod_negate(mod_multiply(u2, q, n), n);
        break;
    case 2: /* u1 chosen instead */
        u1 = near_scalar(n, random);
        u2 = mod_multiply(mod_subtract(k, u1, n), by_q, n);
        break;
    default:
        u1 = mod_subtract(k, mod_multiply(u2, q, n), n);
    }
    vl_u256 s = mod_multiply(r, mod_inverse(u2, n), n), e = mod_multiply(u1, s, n), more;
    if (fuzz_below(random, 8) == 0 && !u256_add(&more, &e, &n)) e = more; /* a digest is reduced */
    int odd = nonce->y[31] & 1;
    if (fuzz_below(random, 2)) s = mod_negate(s, n), odd ^= 1;
    near_key(&item->part[FUZZ_KEY], key, known->curve, random);
    put_signature(in, item, r, s, odd, random);
    item->part[FUZZ_MESSAGE].size = 32;
    u256_to_bytes(item->part[FUZZ_MESSAGE].data, &e);
}

static void change(fuzz_input *in, fuzz_item *item, fuzz_random *random) {
    const vl_curve *curve = known_curves[scheme_of(in)].curve;
    const int encoding = encoding_of(in), der = encoding == VL_DER || encoding == VL_DER_LAX;
    fuzz_bytes *signature = &item->part[FUZZ_SIGNATURE];
    vl_u256 r, s;
    const size_t what = fuzz_below(random, 6);
    if (what == 0) near_other_key(&item->part[FUZZ_KEY], curve, random);
    else if (what < 3 || !near_read(&r, &s, signature, der)) make_item(in, item, random);
    else {
        int id = signature->size > 64 ? signature->data[64] : 0;
        if (what == 3) r = near_number(r, curve->n, random);
        else if (what == 4) s = near_number(s, curve->n, random), id ^= 1;
        else id = (int)fuzz_below(random, 5);
        put_signature(in, item, r, s, id, random);
    }
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed) {
    return fuzz_mutate(data, size, most, seed, change);
}
