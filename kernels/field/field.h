/* The field interface: what a group law may ask of a prime field, whatever the machine.
 *
 * A machine (fe_5x52_int128.inc, fe_5x52_madd.inc, fe_8x32.inc, fe_tiny.inc) gives the type `fe` (one element in every lane), the
 * type `mask` (an unsigned integer, bit l for lane l) with LANES and MASK_ALL, and the functions of the table. This
 * file, included after the machine, completes it with fused operations made from the others. A machine that can do
 * better (adding in a product's columns before the one carry saves 20 % of a doubling on IFMA) defines its own and the
 * macro FE_HAS_FUSED (or FE_HAS_FACTOR for the forms ending in _f).
 *
 * Form: a machine may hold a number a as another residue, a R mod p (Montgomery, FE_MONTGOMERY 1): products, inverses and
 * fe_one keep to that form. What goes in and out of memory is the form, too; only fe_from_number and fe_to_number change
 * it, and only numbers are odd or compared from outside. Elsewhere the form is the number.
 *
 * Magnitude: an element of magnitude m is a sum of m representatives about as large as p; each machine says what that
 * means for its limbs. A "factor" (result of a function ending in _f) may only be multiplied or squared: its limbs may
 * carry junk that a multiplier ignores. A product takes factors or elements with mag(a) mag(b) <= 64 (128 where
 * FE_HAS_LOOSE is), up to 15 each; a fused sum of products holds to that in all, its subtracted side counted as 8 mag(d).
 *
 *   function                 {result}            in                 out
 *   fe_mul, fe_sqr           a b, a^2                               2
 *   fe_mul_k, fe_sqr_k       k a b, k a^2        1 <= k <= 8        2       (k a compile-time constant)
 *   fe_mul_sub               a b - c             c <= 12            2
 *   fe_sqr_sub_2             a^2 - 2 b           b <= 4             2
 *   fe_sqr_sub_sub2          a^2 - b - 2 c       b <= 12, c <= 4    2
 *   fe_mul_sub_2sqr          a b - 2 c^2         c <= 2.6           2
 *   fe_mul_sub_mul           a b - c d           c <= 4             2
 *   fe_add                   a + b               sum <= 15          sum
 *   fe_sub                   a - b               a <= 7, b <= 4     a + 8
 *   fe_neg                   -a                  <= 2               4
 *   fe_mul_f, fe_sqr_f, fe_mul_sub_f, fe_sub_f: the same value as a factor; fe_sqr_k_f: of magnitude k
 *   fe_mul_loose, fe_sqr_loose, fe_mul_k_loose, and with _f: the same as without "loose", of magnitude 2; where FE_HAS_LOOSE is,
 *   of k (m / 15 + 1) for m = mag(a) mag(b), at most 14: what bounds a Montgomery product without any more work
 *   fe_one, fe_zero          1, 0 (as forms)                        1
 *   fe_from_number           a's form            1                  2
 *   fe_to_number             the number, canonical   <= 15          1, below p
 *   fe_broadcast             w in every lane     four words         1
 *   fe_select                mask ? a : b                           max     (per lane)
 *   fe_weak                  a                   <= 16              2
 *   fe_is_zero               mask of lanes = 0   <= 16
 *   fe_normalize             canonical           <= 16              1, below p
 *   fe_is_odd                mask of odd lanes   canonical
 *   fe_load                  four little-endian words at s + stride l for lane l       1       (strides count words)
 *   fe_store                 the inverse         canonical
 *   fe_load2                 x, y from the eight words at base + offset[l]             1
 *   fe_store2                x, y to base + stride l, as values below 2^256   <= 16
 *   fe_swap_lanes            lane l gets lane l ^ distance              max
 *   fe_first                 canonical words of lane 0                  <= 16
 *
 * r may be the same object as an input everywhere.
 *
 * tests/test_bounds.py proves this table of every machine's text, for all elements that may go in at once. */
#ifndef FE_HAS_FACTOR
#define fe_mul_f fe_mul
#define fe_sqr_f fe_sqr
#define fe_sqr_k_f fe_sqr_k
#define fe_mul_sub_f fe_mul_sub
#define fe_sub_f fe_sub
#endif

#ifndef FE_HAS_LOOSE
#define fe_mul_loose fe_mul
#define fe_mul_loose_f fe_mul_f
#define fe_sqr_loose fe_sqr
#define fe_sqr_loose_f fe_sqr_f
#define fe_mul_k_loose fe_mul_k
#define fe_sqr_k_loose_f fe_sqr_k_f
#endif

#ifndef FE_HAS_FUSED
/* r = k a for a small constant k, by additions */
FN_INLINE void fe_times(fe *r, const fe *a, int k) {
    fe sum = *a;
    for (int i = 1; i < k; i++) fe_add(&sum, &sum, a);
    *r = sum;
}

FN_INLINE void fe_mul_k(fe *r, const fe *a, const fe *b, int k) {
    fe product;
    fe_mul(&product, a, b);
    fe_times(r, &product, k);
}

FN_INLINE void fe_sqr_k(fe *r, const fe *a, int k) {
    fe square;
    fe_sqr(&square, a);
    fe_times(r, &square, k);
}

FN_INLINE void fe_mul_sub(fe *r, const fe *a, const fe *b, const fe *c) {
    fe product;
    fe_mul(&product, a, b);
    fe_sub(r, &product, c);
}

FN_INLINE void fe_sqr_sub_2(fe *r, const fe *a, const fe *b) {
    fe square;
    fe_sqr(&square, a);
    fe_sub(&square, &square, b);
    fe_sub(r, &square, b);
}

FN_INLINE void fe_sqr_sub_sub2(fe *r, const fe *a, const fe *b, const fe *c) {
    fe square;
    fe_sqr(&square, a);
    fe_sub(&square, &square, b);
    fe_sub(&square, &square, c);
    fe_sub(r, &square, c);
}

FN_INLINE void fe_mul_sub_2sqr(fe *r, const fe *a, const fe *b, const fe *c) {
    fe product, square;
    fe_mul(&product, a, b);
    fe_sqr(&square, c);
    fe_sub(&product, &product, &square);
    fe_sub(r, &product, &square);
}

FN_INLINE void fe_mul_sub_mul(fe *r, const fe *a, const fe *b, const fe *c, const fe *d) {
    fe ab, cd;
    fe_mul(&ab, a, b);
    fe_mul(&cd, c, d);
    fe_sub(r, &ab, &cd);
}
#endif

#if FE_MONTGOMERY
FN_INLINE void fe_from_number(fe *r, const fe *a) {
    fe r2;
    fe_broadcast(&r2, FE_R2);
    fe_mul(r, a, &r2);
}

FN_INLINE void fe_to_number(fe *r, const fe *a) {
    const u64 w[4] = {1, 0, 0, 0};
    fe one;
    fe_broadcast(&one, w);
    fe_mul(r, a, &one);
    fe_normalize(r, r);
}
#else
FN_INLINE void fe_from_number(fe *r, const fe *a) { *r = *a; }
FN_INLINE void fe_to_number(fe *r, const fe *a) { fe_normalize(r, a); }
#endif

/* Several elements side by side, `ways` of them (1 or WAYS, a compile-time constant). */
#ifndef WAYS_MAX
#define WAYS_MAX WAYS
#endif
#define FOR_WAYS for (int w = 0; w < ways; w++)

/* r[0..ways) = a^(2^n) b, the step of every addition chain */
FN_INLINE void fe_sqr_n_mul(fe *r, const fe *a, int n, const fe *b, int ways) {
    fe t[WAYS_MAX];
    FOR_WAYS t[w] = a[w];
    NO_UNROLL for (int i = 0; i < n; i++) UNROLL FOR_WAYS fe_sqr_loose_f(&t[w], &t[w]); /* from 10 down to 1.1 */
    FOR_WAYS fe_mul(&r[w], &t[w], &b[w]);
}
