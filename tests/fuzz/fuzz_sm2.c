/* SM2 in every encoding, with digests and with messages under a user ID: instruction sets and batches against one another, the
 * exact path and OpenSSL. */
#include <string.h>

#include "binding.h"
#include "exact.h"
#include "near.h"
#include "peers.h"
#include "scheme/der.h"

/* header[0]: two bits the encoding, VL_COMPACT, VL_DER or VL_FISCO, with or without keys beside; header[1]: bit 0, messages
 * under an ID; the other bits: which ID. */
enum { FISCO_ALONE = 2 };

static int form_of(const fuzz_input *in) { return in->header[0] & 3; }

static int encoding_of(const fuzz_input *in) {
    static const int encodings[4] = {VL_COMPACT, VL_DER, VL_FISCO, VL_FISCO};
    return encodings[form_of(in)];
}

static vl_bytes id_of(const fuzz_input *in) {
    static const uint8_t ids[] = "1234567812345678ALICE123@YAHOO.COM";
    if (!(in->header[1] & 1)) return (vl_bytes){NULL, 0};
    return (vl_bytes){ids, in->header[1] & 2 ? 16 : 1 + (in->header[1] >> 2) % 34};
}

static void verify(uint8_t *verdicts, size_t n, const vl_column columns[FUZZ_PARTS], const fuzz_input *in, int isa,
                   int way) {
    (void)way;
    const vl_bytes id = id_of(in);
    const vl_column ids = {.data = id.data, .width = id.length};
    const vl_column *keys = form_of(in) == FISCO_ALONE ? NULL : &columns[FUZZ_KEY];
    FUZZ_CHECK(!vl_sm2_verify(verdicts, n, keys, &columns[FUZZ_SIGNATURE], &columns[FUZZ_MESSAGE],
                              id.data ? &ids : NULL, 1, encoding_of(in), isa, fuzz_scratch, fuzz_scratch_size));
}

static int by_exact_path(const fuzz_item *item, const fuzz_input *in) {
    exact_item one;
    exact_begin(&one, item);
    const vl_bytes id = id_of(in);
    const vl_column ids = {.data = id.data, .width = id.length};
    FUZZ_CHECK(!vl_sm2_terms(&one.verdict, &one.terms, 1, form_of(in) == FISCO_ALONE ? NULL : &one.column[0],
                             &one.column[1], &one.column[2], id.data ? &ids : NULL, 1, encoding_of(in), VL_ISA_SCALAR,
                             fuzz_scratch, fuzz_scratch_size));
    return exact_verdict(&one, VL_SM2, &vl_curve_sm2);
}

/* ---- What OpenSSL says: keys as SEC 1 writes them, signatures as DER ---- */

static int point_of(uint8_t point[64], const uint8_t *key, size_t size) {
    uint8_t bytes[65] = {4};
    if (size != 33 && size != 64 && size != 65) return PEER_NO;
    if (size == 65 && key[0] != 4) return PEER_NO; /* no hybrid keys here */
    memcpy(bytes + (size == 64), key, size);
    return openssl_point(point, VL_SM2, bytes, size == 64 ? 65 : size);
}

/* The point that counts: the key's, and the signature's too if it holds one. */
static int key_of(uint8_t point[64], const fuzz_item *item, const fuzz_input *in) {
    const fuzz_bytes *key = &item->part[FUZZ_KEY], *signature = &item->part[FUZZ_SIGNATURE];
    uint8_t held[64];
    if (encoding_of(in) != VL_FISCO) return point_of(point, key->data, key->size);
    if (signature->size != 128) return PEER_MISSING; /* two faults may meet: ways agree, and that is all */
    const int good = point_of(held, signature->data + 64, 64);
    if (form_of(in) == FISCO_ALONE) {
        memcpy(point, held, 64);
        return good;
    }
    const int given = point_of(point, key->data, key->size);
    return good == PEER_YES && given == PEER_YES ? memcmp(held, point, 64) == 0 : given == PEER_YES ? good : given;
}

static int by_openssl(const fuzz_item *item, const fuzz_input *in) {
    const fuzz_bytes *signature = &item->part[FUZZ_SIGNATURE], *message = &item->part[FUZZ_MESSAGE];
    const vl_curve *curve = &vl_curve_sm2;
    uint8_t point[64];
    vl_u256 r, s, sum;
    const int key = key_of(point, item, in);
    if (key < 0) return PEER_MISSING;
    if (key == PEER_NO) return VL_BAD_KEY;
    if (encoding_of(in) == VL_COMPACT && signature->size != 64) return VL_BAD_SIGNATURE;
    const int der = encoding_of(in) == VL_DER;
    if (der ? !vl_der_strict(&r, &s, (vl_bytes){signature->data, signature->size}) : !near_read(&r, &s, signature, 0))
        return VL_BAD_SIGNATURE;
    if (u256_is_zero(&r) || u256_is_zero(&s) || !u256_less(&r, &curve->n) || !u256_less(&s, &curve->n))
        return VL_BAD_SIGNATURE;
    u256_add_mod(&sum, &r, &s, &curve->n);
    if (u256_is_zero(&sum)) return VL_BAD_SIGNATURE;
    if (!id_of(in).data && message->size != 32) return VL_BAD_MESSAGE;
    fuzz_bytes encoded = {0};
    fuzz_random none = {0};
    if (der) fuzz_set(&encoded, signature->data, signature->size);
    else do
            near_der(&encoded, r, s, &none);
        while (!vl_der_strict(&sum, &sum, (vl_bytes){encoded.data, encoded.size}));
    const int said =
        openssl_sm2(point, (vl_bytes){encoded.data, encoded.size}, (vl_bytes){message->data, message->size}, id_of(in));
    return said == PEER_MISSING ? PEER_MISSING : said ? VL_OK : VL_MISMATCH;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static fuzz_input in;
    uint8_t verdicts[FUZZ_ITEMS];
    fuzz_begin();
    if (!fuzz_read(&in, data, size)) return 0;
    fuzz_agree(verdicts, &in, verify, 1);
    for (size_t i = 0; i < in.n; i++) {
        fuzz_expect(&in.item[i], verdicts[i], by_exact_path(&in.item[i], &in), "the exact path");
        const int said = by_openssl(&in.item[i], &in);
        if (said != PEER_MISSING) fuzz_expect(&in.item[i], verdicts[i], said, "OpenSSL");
    }
    return 0;
}

/* ---- Near-valid items ---- */

static void put_signature(fuzz_input *in, fuzz_item *item, vl_u256 r, vl_u256 s, const known_point *key,
                          fuzz_random *random) {
    fuzz_bytes *signature = &item->part[FUZZ_SIGNATURE];
    const fuzz_bytes old = *signature;
    if (encoding_of(in) == VL_DER) {
        near_der(signature, r, s, random);
        return;
    }
    near_compact(signature, r, s);
    if (encoding_of(in) != VL_FISCO) return;
    if (key) {
        fuzz_append(signature, key->x, 32);
        fuzz_append(signature, key->y, 32);
    } else if (old.size == 128) fuzz_append(signature, old.data + 64, 64);
}

/* e = SM3(ZA || message), ZA = SM3(bits of the ID || ID || a || b || G || Q): GB/T 32918.2-2016 section 5.5. */
static vl_u256 digest(vl_bytes id, const known_point *key, const fuzz_bytes *message) {
    static const uint8_t a_b[] =
        "\xff\xff\xff\xfe\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x00\x00\x00\x00\xff\xff\xff\xff\xff\xff"
        "\xff\xfc\x28\xe9\xfa\x9e\x9d\x9f\x5e\x34\x4d\x5a\x9e\x4b\xcf\x65\x09\xa7\xf3\x97\x89\xf5\x15\xab\x8f\x92\xdd\xbc\xbd\x41"
        "\x4d\x94\x0e\x93";
    const known_point *g = known_curves[VL_SM2].point; /* k = 1 */
    fuzz_bytes text = {2, {0, (uint8_t)(8 * id.length)}};
    uint8_t hashed[32 + FUZZ_LONGEST];
    text.data[0] = (uint8_t)(id.length >> 5);
    fuzz_append(&text, id.data, id.length);
    vl_column column = {.width = text.size + 192};
    uint8_t whole[2 + 64 + 192];
    memcpy(whole, text.data, text.size);
    memcpy(whole + text.size, a_b, 64);
    memcpy(whole + text.size + 64, g->x, 32);
    memcpy(whole + text.size + 96, g->y, 32);
    memcpy(whole + text.size + 128, key->x, 32);
    memcpy(whole + text.size + 160, key->y, 32);
    column.data = whole;
    vl_digest(hashed, 1, &column, VL_SM3, VL_ISA_SCALAR, fuzz_scratch, fuzz_scratch_size);
    memcpy(hashed + 32, message->data, message->size);
    column = (vl_column){.data = hashed, .width = 32 + message->size};
    vl_digest(whole, 1, &column, VL_SM3, VL_ISA_SCALAR, fuzz_scratch, fuzz_scratch_size);
    return number_reduce(number_read(whole), vl_curve_sm2.n);
}

/* A signature by q = key->k with R = k G. Of a digest the verifier's s and t = r + s are chosen, with s + t q = k. */
static void make_item(fuzz_input *in, fuzz_item *item, fuzz_random *random) {
    const vl_u256 n = vl_curve_sm2.n;
    const known_point *key = known_pick(&known_curves[VL_SM2], random),
                      *nonce = known_pick(&known_curves[VL_SM2], random);
    const vl_u256 q = number_read(key->k), k = number_read(nonce->k), x = number_reduce(number_read(nonce->x), n);
    vl_u256 r, s, t, e;
    if (id_of(in).data) { /* section 6.1 */
        e = digest(id_of(in), key, &item->part[FUZZ_MESSAGE]);
        r = mod_add(e, x, n);
        s = mod_multiply(mod_inverse(mod_add(q, number_small(1), n), n), mod_subtract(k, mod_multiply(r, q, n), n), n);
    } else {
        t = near_scalar(n, random);
        s = mod_subtract(k, mod_multiply(t, q, n), n);
        if (fuzz_below(random, 4) == 0) { /* s G = t Q: the last addition is a doubling */
            s = mod_multiply(k, mod_inverse(number_small(2), n), n);
            t = mod_multiply(s, mod_inverse(q, n), n);
        } else if (fuzz_below(random, 4) == 0) s = mod_negate(mod_multiply(t, q, n), n); /* the sum is infinite */
        r = mod_subtract(t, s, n);
        e = mod_subtract(r, x, n);
        fuzz_set(&item->part[FUZZ_MESSAGE], key->x, 32);
        u256_to_bytes(item->part[FUZZ_MESSAGE].data, &e);
    }
    near_key(&item->part[FUZZ_KEY], key, &vl_curve_sm2, random);
    put_signature(in, item, r, s, key, random);
}

static void change(fuzz_input *in, fuzz_item *item, fuzz_random *random) {
    const vl_u256 n = vl_curve_sm2.n;
    vl_u256 r, s;
    const size_t what = fuzz_below(random, 7);
    if (what == 0) near_other_key(&item->part[FUZZ_KEY], &vl_curve_sm2, random);
    else if (what < 4 || !near_read(&r, &s, &item->part[FUZZ_SIGNATURE], encoding_of(in) == VL_DER))
        make_item(in, item, random);
    else {
        if (what == 4) r = near_number(r, n, random);
        else if (what == 5) s = near_number(s, n, random);
        else s = mod_negate(number_reduce(r, n), n); /* t = 0 */
        put_signature(in, item, r, s, NULL, random);
    }
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed) {
    fuzz_begin();
    return fuzz_mutate(data, size, most, seed, change);
}
