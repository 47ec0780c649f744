/* Rows of 32 bytes in an AVX2 register, for csrc/hash/rows.inc, and what does not depend on the width of a lane. Include
 * inside a VL_TARGET region. */
#ifndef VL_WORD_ROW256_H
#define VL_WORD_ROW256_H

#define ROW_BYTES 32

FN_INLINE __m256i w_xor(__m256i a, __m256i b) { return _mm256_xor_si256(a, b); }
FN_INLINE __m256i w_xor3(__m256i a, __m256i b, __m256i c) { return w_xor(w_xor(a, b), c); }
/* bitwise m ? a : b */
FN_INLINE __m256i w_choose(__m256i m, __m256i a, __m256i b) { return w_xor(b, _mm256_and_si256(m, w_xor(a, b))); }
FN_INLINE __m256i w_majority(__m256i a, __m256i b, __m256i c) {
    return _mm256_or_si256(_mm256_and_si256(a, b), _mm256_and_si256(c, _mm256_or_si256(a, b)));
}
/* x itself; a sum is not taken apart across it (see word_u32x16.h) */
FN_INLINE __m256i w_ordered(__m256i x) {
    __asm__("" : "+x"(x));
    return x;
}

FN_INLINE __m256i w_load_row(const u8 *p) { return _mm256_loadu_si256((const __m256i *)p); }
/* A digest fills whole rows. */
FN_INLINE void w_store_row(u8 *p, __m256i row, int bytes) {
    (void)bytes;
    _mm256_storeu_si256((__m256i *)p, row);
}

#endif
