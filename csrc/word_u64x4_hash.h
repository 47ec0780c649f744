/* Four 64-bit lanes in an AVX2 register: the word under kernels/hash. Include inside a VL_TARGET region.
 * csrc/word_u64x1_hash.h gives the same operations for one lane. */
#ifndef VL_WORD_U64X4_HASH_H
#define VL_WORD_U64X4_HASH_H

#include "word_row256.h"

typedef __m256i word;
typedef u64 lane;
typedef u32 mask; /* bit l for lane l */
#define LANES 4

FN_INLINE word w_set1(u64 x) { return _mm256_set1_epi64x((long long)x); }
FN_INLINE word w_add(word a, word b) { return _mm256_add_epi64(a, b); }
FN_INLINE word w_sub(word a, word b) { return _mm256_sub_epi64(a, b); }
/* a ^ (~b & c) */
FN_INLINE word w_chi(word a, word b, word c) { return _mm256_xor_si256(a, _mm256_andnot_si256(b, c)); }
/* macros: the count must be a literal */
#define w_shr(a, n) _mm256_srli_epi64(a, n)
#define w_ror(a, n) _mm256_or_si256(_mm256_srli_epi64(a, n), _mm256_slli_epi64(a, 64 - (n)))
/* lane of m ? a : b */
FN_INLINE word w_select(mask m, word a, word b) {
    const word bit = _mm256_setr_epi64x(1, 2, 4, 8);
    word taken = _mm256_cmpeq_epi64(_mm256_and_si256(_mm256_set1_epi64x((long long)m), bit), bit);
    return _mm256_blendv_epi8(b, a, taken);
}

FN_INLINE word w_load(const lane *p) { return _mm256_loadu_si256((const __m256i *)p); } /* one per lane */

/* In every 64-bit element, the bytes in reverse order. */
FN_INLINE word w_swap_bytes(word a) {
    const __m128i reverse = _mm_set_epi8(8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_shuffle_epi8(a, _mm256_broadcastsi128_si256(reverse));
}

/* {r[i] lane j} = {r[j] lane i} */
FN_INLINE void w_transpose(word r[4]) {
    word t0 = _mm256_unpacklo_epi64(r[0], r[1]), t1 = _mm256_unpackhi_epi64(r[0], r[1]);
    word t2 = _mm256_unpacklo_epi64(r[2], r[3]), t3 = _mm256_unpackhi_epi64(r[2], r[3]);
    r[0] = _mm256_permute2x128_si256(t0, t2, 0x20);
    r[1] = _mm256_permute2x128_si256(t1, t3, 0x20);
    r[2] = _mm256_permute2x128_si256(t0, t2, 0x31);
    r[3] = _mm256_permute2x128_si256(t1, t3, 0x31);
}

#endif
