/* Many BIP-340 signatures by one equation:
 *
 *   (sum z_i s_i) G + sum (z_i v_i) P_i - sum z_i R_i = O,    v_i = -e_i, R_i = lift_x(r_i), secret random z_i
 *
 * (BIP-340, "Batch Verification", with 128-bit coefficients from scheme/coefficients.h instead of 256-bit ones.) An item is
 * valid exactly when s G + v P = lift_x(r). If all are valid the equation holds. If one is not, its D_i = s_i G + v_i P_i - R_i is
 * not O, and as the group has prime order, z D_i takes 2^128 different values: at most one choice of z_i in 2^128 makes the
 * equation hold. */
#ifndef VL_SCHEME_SCHNORR_EQUATION_H
#define VL_SCHEME_SCHNORR_EQUATION_H

#include "ops.h"
#include "scheme/bisect.h"
#include "scheme/coefficients.h"

/* Items of one block, all of them points on the curve and numbers below n; what belongs to item i is at i. */
typedef struct {
    size_t n;
    /* 0, or how many there are of p and zv, which are none of a single item any more; then all n items are summed */
    size_t keys;
    const vl_point *p, *minus_r;
    const vl_u256 *s, *v;
    const vl_curve_ops *ops;
    void *scratch; /* the primitives' */
    vl_coefficient z[VL_BLOCK];
    vl_u256 zv[VL_BLOCK]; /* z v mod n */
} vl_schnorr_equation;

/* From how many items on the equation is faster than one lane per item. */
size_t vl_schnorr_equation_from(const vl_curve_ops *ops);

/* z, zv and keys = 0. On input: the rest is set, n <= VL_BLOCK; seed and counter as in scheme/coefficients.h. */
void vl_schnorr_equation_begin(vl_schnorr_equation *e, const uint8_t *seed, uint64_t counter,
                               const vl_hash_plan *hashing, vl_hash_scratch *hash_scratch);

/* For scheme/bisect.h; `equation` is a vl_schnorr_equation. */
extern const vl_equation_kind vl_schnorr_equation_kind;

#endif
