/* What the host's rules need to know of a curve of prime order: y^2 = x^3 + A x + B over p, group order n. The schemes are
 * written once, over this. */
#ifndef VL_SCHEME_CURVE_H
#define VL_SCHEME_CURVE_H

#include "ops.h"

struct vl_curve {
    vl_u256 p;         /* field prime; n < p < 2n */
    vl_u256 n;         /* group order; 2^256 < 2n */
    vl_u256 n_half;    /* (n - 1) / 2, the largest low s */
    vl_u256 p_minus_n; /* r + n is a field element exactly when r is below this */

    /* Of ops.h: the exact path, the check of keys, and what builds the table of G. */
    int (*double_mul_exact)(vl_point *r, const vl_u256 *u, const vl_u256 *v, const vl_point *q);
    int (*on_curve)(const vl_point *q);
    void (*prepare)(void);
};

extern const vl_curve vl_curve_secp256k1, vl_curve_p256, vl_curve_sm2;

#endif
