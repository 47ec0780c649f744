#include "encodings.h"

#include <string.h>

#include "near.h"
#include "peers.h"
#include "scheme/der.h"
#include "scheme/signature.h"

int may_be_verified(vl_u256 r, vl_u256 s, unsigned flags, const vl_curve *curve) {
    if (u256_is_zero(&r) || u256_is_zero(&s) || !u256_less(&r, &curve->n) || !u256_less(&s, &curve->n)) return 0;
    const vl_u256 other = mod_negate(s, curve->n);
    return !(flags & VL_LOW_S) || u256_less(&s, &other); /* n is odd: they differ */
}

/* BIP 66, "DER encoding reference", as its script reads; lengths are one less, since no sighash byte is here. */
static int is_strict(const uint8_t *sig, size_t size) {
    if (size < 8 || size > 72 || sig[0] != 0x30 || sig[1] != size - 2) return 0;
    const size_t r = sig[3];
    if (5 + r >= size) return 0;
    const size_t s = sig[5 + r];
    if (r + s + 6 != size) return 0;
    if (sig[2] != 0x02 || r == 0 || sig[4] & 0x80) return 0;
    if (r > 1 && sig[4] == 0 && !(sig[5] & 0x80)) return 0;
    if (sig[r + 4] != 0x02 || s == 0 || sig[r + 6] & 0x80) return 0;
    return !(s > 1 && sig[r + 6] == 0 && !(sig[r + 7] & 0x80));
}

/* r and s of strict DER; 0 where one does not fit into 256 bits. */
static int plain_strict(vl_u256 *r, vl_u256 *s, vl_bytes sig) {
    uint8_t word[2][32] = {{0}};
    if (!is_strict(sig.data, sig.length)) return 0;
    const size_t sizes[2] = {sig.data[3], sig.data[5 + sig.data[3]]}, first[2] = {4, 6 + sizes[0]};
    for (int i = 0; i < 2; i++) {
        const size_t zero = sizes[i] == 33 && sig.data[first[i]] == 0, size = sizes[i] - zero;
        if (size > 32) return 0;
        memcpy(word[i] + 32 - size, sig.data + first[i] + zero, size);
    }
    *r = number_read(word[0]);
    *s = number_read(word[1]);
    return 1;
}

/* Strict DER against libsecp256k1's reader. */
static void check_peer(int strict, vl_u256 r, vl_u256 s, vl_bytes signature) {
    uint8_t peer[64], ours[64];
    const int said = secp256k1_der(peer, signature);
    if (said == PEER_MISSING) return;
    if (strict && may_be_verified(r, s, 0, &vl_curve_secp256k1)) {
        u256_to_bytes(ours, &r);
        u256_to_bytes(ours + 32, &s);
        FUZZ_CHECK(said == PEER_YES && memcmp(peer, ours, 64) == 0);
    } else if (said == PEER_YES) { /* it sets both to zero where one is out of range */
        const vl_u256 first = number_read(peer), second = number_read(peer + 32);
        FUZZ_CHECK(u256_is_zero(&first) || u256_is_zero(&second));
    }
}

static void check_rules(int read, vl_u256 r, vl_u256 s, vl_bytes signature, int encoding) {
    const vl_curve *curves[] = {&vl_curve_secp256k1, &vl_curve_p256};
    for (int c = 0; c < 2; c++) {
        for (unsigned flags = 0; flags <= VL_LOW_S; flags += VL_LOW_S) {
            vl_u256 found_r, found_s;
            const int good = vl_parse_signature(&found_r, &found_s, signature, encoding, flags, curves[c]);
            FUZZ_CHECK(good == (read && may_be_verified(r, s, flags, curves[c])));
            if (good) FUZZ_CHECK(u256_equal(&r, &found_r) && u256_equal(&s, &found_s));
        }
    }
}

void check_signature_forms(const fuzz_bytes *signature) {
    const vl_bytes bytes = {signature->data, signature->size};
    vl_u256 r = {{0}}, s = {{0}}, lax_r = {{0}}, lax_s = {{0}};
    const int strict = plain_strict(&r, &s, bytes), lax = vl_der_lax(&lax_r, &lax_s, bytes);
    if (strict) FUZZ_CHECK(lax && u256_equal(&r, &lax_r) && u256_equal(&s, &lax_s));
    check_rules(strict, r, s, bytes, VL_DER);
    check_rules(lax, lax_r, lax_s, bytes, VL_DER_LAX);
    check_peer(strict, r, s, bytes);
    const int compact = bytes.length == 64 && near_read(&r, &s, signature, 0);
    check_rules(compact, r, s, bytes, VL_COMPACT);
}
