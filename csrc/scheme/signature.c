#include "scheme/signature.h"

#include "scheme/der.h"
#include "scheme/u256.h"

static int parse_compact(vl_u256 *r, vl_u256 *s, vl_bytes signature) {
    if (signature.length != 64) return 0;
    u256_from_bytes(r, signature.data);
    u256_from_bytes(s, signature.data + 32);
    return 1;
}

static int is_nonzero_scalar(const vl_u256 *a, const vl_curve *curve) {
    return !u256_is_zero(a) && u256_less(a, &curve->n);
}

/* SEC 1 v2.0 section 4.1.4 step 1: r and s in [1, n - 1]. Low s: s <= (n - 1)/2, as BIP 146 asks. */
static int is_allowed(const vl_u256 *r, const vl_u256 *s, unsigned flags, const vl_curve *curve) {
    if (!is_nonzero_scalar(r, curve) || !is_nonzero_scalar(s, curve)) return 0;
    return !(flags & VL_LOW_S) || !u256_less(&curve->n_half, s);
}

int vl_parse_signature(vl_u256 *r, vl_u256 *s, vl_bytes signature, int encoding, unsigned flags,
                       const vl_curve *curve) {
    int parsed = encoding == VL_COMPACT   ? parse_compact(r, s, signature)
                 : encoding == VL_DER     ? vl_der_strict(r, s, signature)
                 : encoding == VL_DER_LAX ? vl_der_lax(r, s, signature)
                                          : 0;
    return parsed && is_allowed(r, s, flags, curve);
}

/* SEC 1 v2.0 section 4.1.6 step 1.1: x = r + j n, here j = bit 1 of the id. r + n < 2^256 when r < p - n. */
int vl_parse_recoverable(vl_u256 *r, vl_u256 *s, vl_u256 *x, uint8_t *odd, vl_bytes signature, unsigned flags,
                         const vl_curve *curve) {
    if (signature.length != 65) return 0;
    uint8_t id = signature.data[64];
    vl_bytes compact = {signature.data, 64};
    if (id > 3 || !parse_compact(r, s, compact) || !is_allowed(r, s, flags, curve)) return 0;
    *x = *r;
    *odd = id & 1;
    if (id & 2) {
        if (flags & VL_PARITY_IDS) return 0;
        if (!u256_less(r, &curve->p_minus_n)) return 0;
        u256_add(x, r, &curve->n);
    }
    return 1;
}

/* One subtraction is enough: 2^256 < 2n. */
int vl_parse_digest(vl_u256 *e, vl_bytes digest, const vl_curve *curve) {
    if (digest.length != 32) return 0;
    u256_from_bytes(e, digest.data);
    if (!u256_less(e, &curve->n)) u256_sub(e, e, &curve->n);
    return 1;
}
