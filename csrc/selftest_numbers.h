/* Numbers for known answers that are made on the spot. */
#ifndef VL_SELFTEST_NUMBERS_H
#define VL_SELFTEST_NUMBERS_H

#include "ops.h"

/* Numbers below 2^252, the same ones each time: Knuth's MMIX generator. */
static inline void fill(vl_u256 *numbers, size_t n, uint64_t state) {
    for (size_t i = 0; i < n; i++) {
        for (int j = 0; j < 4; j++) numbers[i].w[j] = state = state * 6364136223846793005u + 1442695040888963407u;
        numbers[i].w[3] >>= 12;
    }
}

#endif
