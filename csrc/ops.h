/* What one instruction set gives: the primitives behind the dispatch table. Rows are filled by the isa_*.c and
 * hash/ files, read by scheme/, merkle/ and selftest.c. The parsing, the rules and the verdicts stay above this line;
 * everything below is arithmetic on values that were already checked. */
#ifndef VL_OPS_H
#define VL_OPS_H

#include <stddef.h>
#include <stdint.h>

/* A 256-bit integer: four little-endian 64-bit words, canonical (below p or n) unless said otherwise. */
typedef struct {
    uint64_t w[4];
} vl_u256;

/* An affine point that is on the curve (never infinity). */
typedef struct {
    vl_u256 x, y;
} vl_point;

/* Most items that one call of a primitive below may get; scratch sizes follow from it. As many Schnorr signatures make one
 * equation: of 512 an item costs 1.06 times as much, of 256 1.15 times. */
#define VL_BLOCK 1024

/* Points with one kind of scalars, as summands of msm; lengths count 64-bit words. scalar = the number v that the words say,
 * v < 2^bits; or, if it is centred, v - 2^(bits - 1). */
typedef struct {
    const vl_point *points;
    const uint64_t *scalars;
    uint32_t length, n, bits;
    int centred;
} vl_msm_terms;

/* Most kinds of terms of one sum. */
enum { VL_MSM_KINDS = 3 };

/* Of a curve with halves of scalars: most terms (each kind's rounded up to whole lanes, those whose scalars are not centred
 * counted twice), and most and fewest bits of a digit. Windows are 128 / width, rounded up; 16 of them take all terms, more
 * of them fewer: windows times terms are at most 16 VL_CURVE_MSM_TERMS. Scratch for it is 1.1 MB. */
enum { VL_CURVE_MSM_TERMS = 3 * VL_BLOCK + 24, VL_CURVE_MSM_WIDTH = 8, VL_CURVE_MSM_NARROWEST = 4 };

typedef struct vl_curve vl_curve; /* scheme/curve.h */

typedef struct {
    int lanes;
    /* Bytes of scratch (aligned to 64) that any of these calls needs. */
    size_t scratch_size;

    /* u[i] = a[i] / d[i], v[i] = b[i] / d[i] mod n, by one shared inversion.
     * On input: n <= VL_BLOCK; all below the group order; d[i] != 0. */
    void (*scalar_ratio)(vl_u256 *u, vl_u256 *v, size_t n, const vl_u256 *a, const vl_u256 *b, const vl_u256 *d,
                         void *scratch);

    /* R[i] = u[i] G + v[i] Q[i], affine.
     * On input: n <= VL_BLOCK; u, v below the group order, zero included.
     * On output: exceptional[i] = 0 and R[i] is the sum, or exceptional[i] = 1 and R[i] means nothing: the lockstep
     * formulas met an exceptional case (the sum may be infinity) and double_mul_exact must be asked. */
    void (*double_mul)(vl_point *r, uint8_t *exceptional, size_t n, const vl_u256 *u, const vl_u256 *v,
                       const vl_point *q, void *scratch);

    /* y[i] = a square root of x[i]^3 + A x[i] + B with y mod 2 = odd[i].
     * On output: ok[i] = 1, or 0 when there is none (y[i] then means nothing). */
    void (*decompress)(vl_u256 *y, uint8_t *ok, size_t n, const vl_u256 *x, const uint8_t *odd, void *scratch);

    /* ok[i] = whether y^2 = x^3 + A x + B. On input: n <= VL_BLOCK; both coordinates below p. */
    void (*on_curve)(uint8_t *ok, size_t n, const vl_point *q);

    /* *sum = the sum of all scalar * point, affine, by buckets of digits with `width` bits, and 1; or 0 if it is infinity.
     * NULL for curves without batch equations. On input: kinds <= VL_MSM_KINDS, n > 0 each; a scalar that is not centred has
     * four words and is below the group order, a centred one has 128 bits; the sizes above hold. */
    int (*msm)(vl_point *sum, const vl_msm_terms *terms, size_t kinds, uint32_t width, void *scratch);

    /* What this is the arithmetic of. */
    const vl_curve *curve;
} vl_curve_ops;

/* One table per machine and curve: isa_*.c. */
extern const vl_curve_ops vl_secp256k1_scalar, vl_secp256k1_portable, vl_secp256k1_avx2, vl_secp256k1_avx512;
extern const vl_curve_ops vl_p256_scalar, vl_p256_avx2, vl_p256_avx512;
extern const vl_curve_ops vl_sm2_scalar, vl_sm2_avx2, vl_sm2_avx512;

/* The exact path: complete formulas, plain scalar code, one item. Returns 1 and R = u G + v Q, or 0 when it is infinity. */
int vl_secp256k1_double_mul_exact(vl_point *r, const vl_u256 *u, const vl_u256 *v, const vl_point *q);
int vl_p256_double_mul_exact(vl_point *r, const vl_u256 *u, const vl_u256 *v, const vl_point *q);
int vl_sm2_double_mul_exact(vl_point *r, const vl_u256 *u, const vl_u256 *v, const vl_point *q);

/* y^2 = x^3 + A x + B and both below p, one item at a time. */
int vl_secp256k1_on_curve(const vl_point *q);
int vl_p256_on_curve(const vl_point *q);
int vl_sm2_on_curve(const vl_point *q);

/* The base point G. */
extern const vl_point vl_secp256k1_base;

/* *r = a - b, affine, and 1; or 0 if it is infinity. a or b: NULL for infinity. */
int vl_secp256k1_subtract(vl_point *r, const vl_point *a, const vl_point *b);

/* *sum = sum_l 2^(doublings l) totals[l], where each total has 16 words, X, Y, Z, Z with x = X / Z and y = Y / Z, and 1; or 0
 * if it is infinity: how an msm in lanes ends. */
int vl_secp256k1_msm_join(vl_point *sum, const uint64_t (*totals)[16], uint32_t count, uint32_t doublings);

/* Builds the fixed-base table (1.5 MB, some milliseconds) if it is not there yet. Thread-safe. */
void vl_secp256k1_prepare(void);
void vl_p256_prepare(void);
void vl_sm2_prepare(void);

/* ---- edwards25519: the same division of labour. Its group law is complete: there is no exceptional case ---- */

/* Most items of a block of signatures: the larger, the cheaper an item is in a batch equation. */
#define VL_EDWARDS_BLOCK 1024

/* A key that was prepared once, for any instruction set: all zero if it is none. */
typedef struct {
    uint64_t table[780];  /* multiples of -A (kernels/prepared_edwards.inc) */
    vl_point multiple[2]; /* A, 2^128 A */
    uint8_t encoding[32]; /* A as it was received */
} vl_ed25519_prepared;

/* Most items (each kind's rounded up to whole lanes), and most bits of a digit. */
enum { VL_MSM_ITEMS = 3 * VL_EDWARDS_BLOCK + 8, VL_MSM_WIDTH = 8 };

typedef struct {
    int lanes;
    /* Bytes of scratch (aligned to 64) that any of these calls needs. */
    size_t scratch_size;

    /* R[i] = s[i] B - k[i] A[i], affine: A is negated and k an integer, since A may have a part of small order.
     * On input: n <= VL_EDWARDS_BLOCK; s, k below 2^253; A on the curve (the neutral element (0, 1) included). */
    void (*double_mul)(vl_point *r, size_t n, const vl_u256 *s, const vl_u256 *k, const vl_point *a, void *scratch);

    /* p[i] = (x, y) with y = y[i] mod p and x mod 2 = odd[i], or x = 0 whatever odd[i] is.
     * On input: y[i] < 2^255. On output: ok[i] = 1, or 0 when there is none (p[i] then means nothing). */
    void (*decompress)(vl_point *p, uint8_t *ok, size_t n, const vl_u256 *y, const uint8_t *odd, void *scratch);

    /* equal[i] = whether 8 p[i] = 8 q[i]. On input: points on the curve. */
    void (*cofactor_equal)(uint8_t *equal, size_t n, const vl_point *p, const vl_point *q, void *scratch);

    /* *sum = the sum of all scalar * point, affine, by buckets of digits with `width` bits, 2 <= width <= VL_MSM_WIDTH.
     * On input: kinds <= VL_MSM_KINDS, by descending bits (254 at most), n > 0 each; points on the curve. */
    void (*msm)(vl_point *sum, const vl_msm_terms *terms, size_t kinds, uint32_t width, void *scratch);

    /* key[at[i]].table and .multiple from the point A[i]; at[i] are different. On input: as for double_mul. */
    void (*prepare_keys)(vl_ed25519_prepared *key, const uint64_t *at, size_t n, const vl_point *a, void *scratch);

    /* R[i] = s[i] B - k[i] A[i] as above, where A[i] is what key[at[i]] was prepared from. */
    void (*double_mul_prepared)(vl_point *r, size_t n, const vl_u256 *s, const vl_u256 *k,
                                const vl_ed25519_prepared *key, const uint64_t *at, void *scratch);

    /* ok[i] = whether p[i] is on the curve. On input: both coordinates below p. */
    void (*on_curve)(uint8_t *ok, size_t n, const vl_point *p);
} vl_edwards_ops;

/* One table per machine, in isa_*_ed25519.c. */
extern const vl_edwards_ops vl_ed25519_scalar, vl_ed25519_avx2, vl_ed25519_avx512;

/* -x^2 + y^2 = 1 + d x^2 y^2 and both below p: the host's own check of every key, whoever decompressed it. */
int vl_ed25519_on_curve(const vl_point *a);

/* The base point: B, 2^128 B. */
extern const vl_point vl_ed25519_base[2];

/* r = a - b, affine: one item at a time. */
void vl_ed25519_subtract(vl_point *r, const vl_point *a, const vl_point *b);

/* sum = sum_l 2^(doublings l) totals[l], where each total has 16 words, X, Y, Z, T: how an msm in lanes ends. */
void vl_ed25519_msm_join(vl_point *sum, const uint64_t (*totals)[16], uint32_t count, uint32_t doublings);

/* Builds the table of B (3.1 MB, some milliseconds) if it is not there yet. Thread-safe. */
void vl_ed25519_prepare(void);

#endif
