/* Coefficients of a batch equation, sum_i z_i (what item i says is zero) = 0. Who makes signatures must not know them: each
 * has 128 bits drawn after the signatures are fixed. */
#ifndef VL_SCHEME_COEFFICIENTS_H
#define VL_SCHEME_COEFFICIENTS_H

#include "hash/hash.h"

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

#endif
