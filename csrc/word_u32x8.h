/* Eight 32-bit lanes in an AVX2 register: the word under kernels/hash. Include inside a VL_TARGET region.
 * csrc/word_u32.h gives the same operations for one lane. */
#ifndef VL_WORD_U32X8_H
#define VL_WORD_U32X8_H

#include "word_row256.h"

typedef __m256i word;
typedef u32 lane;
typedef u32 mask; /* bit l for lane l */
#define LANES 8

FN_INLINE word w_set1(u32 x) { return _mm256_set1_epi32((int)x); }
FN_INLINE word w_add(word a, word b) { return _mm256_add_epi32(a, b); }
FN_INLINE word w_sub(word a, word b) { return _mm256_sub_epi32(a, b); }
/* macros: the count must be a literal */
#define w_shr(a, n) _mm256_srli_epi32(a, n)
#define w_ror(a, n) _mm256_or_si256(_mm256_srli_epi32(a, n), _mm256_slli_epi32(a, 32 - (n)))
/* low word of (high:low) >> n, 0 < n < 32 */
#define w_funnel_shr(low, high, n) _mm256_or_si256(_mm256_srli_epi32(low, n), _mm256_slli_epi32(high, 32 - (n)))
/* lane of m ? a : b */
FN_INLINE word w_select(mask m, word a, word b) {
    const word bit = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
    word taken = _mm256_cmpeq_epi32(_mm256_and_si256(_mm256_set1_epi32((int)m), bit), bit);
    return _mm256_blendv_epi8(b, a, taken);
}

FN_INLINE word w_load(const lane *p) { return _mm256_loadu_si256((const __m256i *)p); } /* one per lane */

/* In every 32-bit element, the bytes in reverse order. */
FN_INLINE word w_swap_bytes(word a) {
    const __m128i reverse = _mm_set_epi8(12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3);
    return _mm256_shuffle_epi8(a, _mm256_broadcastsi128_si256(reverse));
}

/* {r[i] lane j} = {r[j] lane i} */
FN_INLINE void w_transpose(word r[8]) {
    word t[8], u[8];
    UNROLL for (int i = 0; i < 4; i++) {
        t[2 * i] = _mm256_unpacklo_epi32(r[2 * i], r[2 * i + 1]);
        t[2 * i + 1] = _mm256_unpackhi_epi32(r[2 * i], r[2 * i + 1]);
    }
    UNROLL for (int i = 0; i < 2; i++) {
        u[4 * i] = _mm256_unpacklo_epi64(t[4 * i], t[4 * i + 2]);
        u[4 * i + 1] = _mm256_unpackhi_epi64(t[4 * i], t[4 * i + 2]);
        u[4 * i + 2] = _mm256_unpacklo_epi64(t[4 * i + 1], t[4 * i + 3]);
        u[4 * i + 3] = _mm256_unpackhi_epi64(t[4 * i + 1], t[4 * i + 3]);
    }
    UNROLL for (int i = 0; i < 4; i++) {
        r[i] = _mm256_permute2x128_si256(u[i], u[i + 4], 0x20);
        r[i + 4] = _mm256_permute2x128_si256(u[i], u[i + 4], 0x31);
    }
}

#endif
