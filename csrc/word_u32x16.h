/* Sixteen 32-bit lanes in an AVX-512 register: the word under kernels/hash. Needs AVX-512 F, BW, DQ, VL and VBMI2;
 * include inside a VL_TARGET region. csrc/word_u32.h gives the same operations for one lane. */
#ifndef VL_WORD_U32X16_H
#define VL_WORD_U32X16_H

#include "word_row512.h"

typedef __m512i word;
typedef u32 lane;
typedef u32 mask; /* bit l for lane l */
#define LANES 16

FN_INLINE word w_set1(u32 x) { return _mm512_set1_epi32((int)x); }
FN_INLINE word w_add(word a, word b) { return _mm512_add_epi32(a, b); }
FN_INLINE word w_sub(word a, word b) { return _mm512_sub_epi32(a, b); }
FN_INLINE word w_xor(word a, word b) { return _mm512_xor_si512(a, b); }
FN_INLINE word w_or(word a, word b) { return _mm512_or_si512(a, b); }
FN_INLINE word w_xor3(word a, word b, word c) { return _mm512_ternarylogic_epi32(a, b, c, 0x96); }
FN_INLINE word w_choose(word m, word a, word b) { return _mm512_ternarylogic_epi32(m, a, b, 0xca); } /* m ? a : b */
FN_INLINE word w_majority(word a, word b, word c) { return _mm512_ternarylogic_epi32(a, b, c, 0xe8); }
/* macros: the count must be a literal for clang */
#define w_shr(a, n) _mm512_srli_epi32(a, n)
#define w_ror(a, n) _mm512_ror_epi32(a, n)
/* low word of (high:low) >> n, 0 < n < 32 */
#define w_funnel_shr(low, high, n) _mm512_shrdi_epi32(low, high, n)
FN_INLINE word w_select(mask m, word a, word b) { return _mm512_mask_blend_epi32((__mmask16)m, b, a); } /* m ? a : b */
/* x itself; a sum is not taken apart across it. Both gcc and clang know that vector additions may be reassociated, and
 * do so against the order that the formula chose for its latency. */
FN_INLINE word w_ordered(word x) {
    __asm__("" : "+v"(x));
    return x;
}

FN_INLINE word w_load(const lane *p) { return _mm512_loadu_si512(p); } /* sixteen in a row: one per lane */

/* In every 32-bit element, the bytes in reverse order. */
FN_INLINE word w_swap_bytes(word a) {
    const __m128i reverse = _mm_set_epi8(12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3);
    return _mm512_shuffle_epi8(a, _mm512_broadcast_i32x4(reverse));
}

/* {r[i] lane j} = {r[j] lane i} */
FN_INLINE void w_transpose(word r[16]) {
    word t[16];
    for (int i = 0; i < 8; i++) {
        t[2 * i] = _mm512_unpacklo_epi32(r[2 * i], r[2 * i + 1]);
        t[2 * i + 1] = _mm512_unpackhi_epi32(r[2 * i], r[2 * i + 1]);
    }
    for (int i = 0; i < 4; i++) {
        r[4 * i] = _mm512_unpacklo_epi64(t[4 * i], t[4 * i + 2]);
        r[4 * i + 1] = _mm512_unpackhi_epi64(t[4 * i], t[4 * i + 2]);
        r[4 * i + 2] = _mm512_unpacklo_epi64(t[4 * i + 1], t[4 * i + 3]);
        r[4 * i + 3] = _mm512_unpackhi_epi64(t[4 * i + 1], t[4 * i + 3]);
    }
    for (int i = 0; i < 4; i++) {
        t[i] = _mm512_shuffle_i32x4(r[i], r[i + 4], 0x88);
        t[i + 4] = _mm512_shuffle_i32x4(r[i], r[i + 4], 0xdd);
        t[i + 8] = _mm512_shuffle_i32x4(r[i + 8], r[i + 12], 0x88);
        t[i + 12] = _mm512_shuffle_i32x4(r[i + 8], r[i + 12], 0xdd);
    }
    for (int i = 0; i < 4; i++) {
        r[i] = _mm512_shuffle_i32x4(t[i], t[i + 8], 0x88);
        r[i + 8] = _mm512_shuffle_i32x4(t[i], t[i + 8], 0xdd);
        r[i + 4] = _mm512_shuffle_i32x4(t[i + 4], t[i + 12], 0x88);
        r[i + 12] = _mm512_shuffle_i32x4(t[i + 4], t[i + 12], 0xdd);
    }
}

#endif
