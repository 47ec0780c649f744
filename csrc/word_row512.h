/* Rows of 64 bytes in an AVX-512 register, for csrc/hash/rows.inc. Needs AVX-512 F and BW; include inside a VL_TARGET
 * region. */
#ifndef VL_WORD_ROW512_H
#define VL_WORD_ROW512_H

#define ROWS_MASKED
#define ROW_BYTES 64

FN_INLINE __m512i w_load_row(const u8 *p) { return _mm512_loadu_si512(p); }

/* The first `bytes` bytes, 32 or 64. */
FN_INLINE void w_store_row(u8 *p, __m512i row, int bytes) {
    if (bytes == ROW_BYTES) _mm512_storeu_si512(p, row);
    else _mm256_storeu_si256((__m256i *)p, _mm512_castsi512_si256(row));
}

/* Byte i of the row is p[i] where bit i of `taken` is set (nothing else is read), and zero elsewhere. */
FN_INLINE __m512i w_row(const u8 *p, u64 taken) {
    return taken == ~0ull ? _mm512_loadu_si512(p) : _mm512_maskz_loadu_epi8((__mmask64)taken, p);
}

/* Puts `byte` where `where` has a bit. */
FN_INLINE __m512i w_row_put(__m512i row, u64 where, u8 byte) {
    return _mm512_mask_blend_epi8((__mmask64)where, row, _mm512_set1_epi8((char)byte));
}

/* Puts x, big-endian, into the last eight bytes. */
FN_INLINE __m512i w_row_put_last8(__m512i row, u64 x) {
    return _mm512_mask_blend_epi64(0x80, row, _mm512_set1_epi64((long long)__builtin_bswap64(x)));
}

#endif
