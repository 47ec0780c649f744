/* What a scheme demands of the point R that it computes, whoever did: the last step of each standard. A target is all that R is
 * compared with; it never depends on R. */
#ifndef VL_SCHEME_JUDGE_H
#define VL_SCHEME_JUDGE_H

#include "scheme/curve.h"
#include "scheme/u256.h"

/* ECDSA, SM2: x(R) mod n = t. On input: t < n. x < p < 2n, so that x is t, or t + n if that is below p. */
static inline int vl_x_mod_n_is(const vl_point *r, const vl_u256 *t, const vl_curve *curve) {
    vl_u256 second;
    if (u256_equal(&r->x, t)) return 1;
    if (!u256_less(t, &curve->p_minus_n)) return 0;
    u256_add(&second, t, &curve->n);
    return u256_equal(&r->x, &second);
}

/* BIP-340: R has an even y, and x(R) = t. */
static inline int vl_even_x_is(const vl_point *r, const vl_u256 *t) {
    return (r->y.w[0] & 1) == 0 && u256_equal(&r->x, t);
}

#endif
