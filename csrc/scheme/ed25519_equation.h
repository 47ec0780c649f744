/* Many Ed25519 signatures by one equation, for rules that multiply by the cofactor:
 *
 *   8 (sum z_i R_i + sum (z_i k_i) A_i - (sum z_i s_i) B) = O,    secret random z_i (scheme/coefficients.h)
 *
 * If all items are valid it holds. If one is not, at most one in 2^128 choices of its z_i makes it hold: the points D_i =
 * 8 (R_i + k_i A_i - s_i B) are in the group of prime order L, where z D_i takes 2^128 different values. Parts of small order
 * in A_i and R_i vanish with the factor 8; only therefore may z_i k_i be taken mod L. (Bernstein, Duif, Lange, Schwabe, Yang,
 * "High-speed high-security signatures", section 5; Chalkias, Garillot, Nikolaenko, "Taming the many EdDSAs", on why only
 * the cofactored equation gives the same verdicts one by one.) */
#ifndef VL_SCHEME_ED25519_EQUATION_H
#define VL_SCHEME_ED25519_EQUATION_H

#include "ops.h"
#include "scheme/bisect.h"
#include "scheme/coefficients.h"

/* Items of one block, all of them points that were decoded and numbers below L; what belongs to item i is at i. */
typedef struct {
    size_t n;
    /* 0, or how many there are of a and zk, which are none of a single item any more; then all n items are summed */
    size_t keys;
    int in_halves;     /* z k = l + 2^128 h, and item i has two points: a[2 i] = A, a[2 i + 1] = 2^128 A */
    const vl_point *a; /* A */
    const vl_point *r;
    const vl_u256 *s, *k;
    const vl_edwards_ops *ops;
    void *scratch; /* the primitives' */
    vl_coefficient z[VL_EDWARDS_BLOCK];
    vl_u256 zk[VL_EDWARDS_BLOCK]; /* z k mod L; in halves: l + 2^127, h + 2^127, two words each */
} vl_ed25519_equation;

/* From how many items on the equation is faster than one lane per item. prepared: keys are. */
size_t vl_ed25519_equation_from(const vl_edwards_ops *ops, int prepared);

/* z, zk and keys = 0. On input: the rest is set, n <= VL_EDWARDS_BLOCK; seed and counter as in scheme/coefficients.h. */
void vl_ed25519_equation_begin(vl_ed25519_equation *e, const uint8_t *seed, uint64_t counter,
                               const vl_hash_plan *hashing, vl_hash_scratch *hash_scratch);

/* Whether the equation holds for the items from .. to - 1. *sum = what stands in its parentheses. from < to. */
int vl_ed25519_equation_holds(vl_point *sum, const vl_ed25519_equation *e, size_t from, size_t to);

/* The same for scheme/bisect.h; `equation` is a vl_ed25519_equation. */
extern const vl_equation_kind vl_ed25519_equation_kind;

#endif
