/* Coefficients of a batch equation, sum_i z_i (what item i says is zero) = 0. Who makes signatures must not know them: each
 * has 128 bits drawn after the signatures are fixed. */
#ifndef VL_SCHEME_COEFFICIENTS_H
#define VL_SCHEME_COEFFICIENTS_H

#include "hash/hash.h"
#include "ops.h"

/* Bytes of a seed: secret random ones, new for each call. */
enum { VL_SEED_SIZE = 32 };

/* A coefficient: two words v, least significant first. What counts is z = v - 2^127, one of 2^128 numbers (see centred
 * scalars in kernels/msm/schedule.inc). */
typedef struct {
    uint64_t w[2];
} vl_coefficient;

/* z[0 .. n) = H(seed || c) || H(seed || c + 1) || .., c in eight bytes, least significant first, from c = counter on. One
 * seed may serve several times if the counters c .. c + n - 1 do not overlap. */
void vl_coefficients(vl_coefficient *z, size_t n, const uint8_t *seed, uint64_t counter, const vl_hash_plan *hashing,
                     vl_hash_scratch *scratch);

/* product = |z| a, and whether z is negative. |z| <= 2^127, so that the product is at most 2^127 a. */
int vl_coefficient_times(uint64_t product[6], vl_coefficient z, const vl_u256 *a);

/* sums[0] - sums[1] = z[0] a[0] + .. + z[n - 1] a[n - 1], each sum at most n 2^383. */
void vl_coefficient_products(uint64_t sums[2][8], size_t n, const vl_coefficient *z, const vl_u256 *a);

#endif
