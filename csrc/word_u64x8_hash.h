/* Eight 64-bit lanes for hashes: what word_u64x8.h lacks. Needs AVX-512 F, BW, DQ, VL, IFMA and VBMI2; include inside a
 * VL_TARGET region. csrc/word_u64x1_hash.h gives the same for one lane. */
#ifndef VL_WORD_U64X8_HASH_H
#define VL_WORD_U64X8_HASH_H

#include "word_row512.h"
#include "word_u64x8.h"

typedef u64 lane;

FN_INLINE word w_xor(word a, word b) { return _mm512_xor_si512(a, b); }
FN_INLINE word w_xor3(word a, word b, word c) { return _mm512_ternarylogic_epi64(a, b, c, 0x96); }
FN_INLINE word w_majority(word a, word b, word c) { return _mm512_ternarylogic_epi64(a, b, c, 0xe8); }
/* a ^ (~b & c) */
FN_INLINE word w_chi(word a, word b, word c) { return _mm512_ternarylogic_epi64(a, b, c, 0xd2); }
/* a macro: the count must be a literal for clang */
#define w_ror(a, n) _mm512_ror_epi64(a, n)
/* x itself; a sum is not taken apart across it (see word_u32x16.h) */
FN_INLINE word w_ordered(word x) {
    __asm__("" : "+v"(x));
    return x;
}

/* In every 64-bit element, the bytes in reverse order. */
FN_INLINE word w_swap_bytes(word a) {
    const __m128i reverse = _mm_set_epi8(8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7);
    return _mm512_shuffle_epi8(a, _mm512_broadcast_i32x4(reverse));
}

#endif
