/* Eight 64-bit lanes in an AVX-512 register: the word under fe_5x52.inc and sc_5x52.inc. Needs AVX-512 F, BW, DQ, VL,
 * IFMA and VBMI2; include inside a VL_TARGET region. tests/native has the same operations in plain C. */
#ifndef VL_WORD_U64X8_H
#define VL_WORD_U64X8_H

typedef __m512i word;
typedef u32 mask; /* bit l for lane l */
#define LANES 8
#define MASK_ALL 0xffu

FN_INLINE word w_zero(void) { return _mm512_setzero_si512(); }
FN_INLINE word w_set1(u64 x) { return _mm512_set1_epi64((long long)x); }
FN_INLINE word w_add(word a, word b) { return _mm512_add_epi64(a, b); }
FN_INLINE word w_sub(word a, word b) { return _mm512_sub_epi64(a, b); }
FN_INLINE word w_and(word a, word b) { return _mm512_and_si512(a, b); }
FN_INLINE word w_or(word a, word b) { return _mm512_or_si512(a, b); }
/* bitwise m ? a : b */
FN_INLINE word w_choose(word m, word a, word b) { return _mm512_ternarylogic_epi64(m, a, b, 0xca); }
/* macros: the count must be a literal for clang */
#define w_shr(a, n) _mm512_srli_epi64(a, n)
#define w_shl(a, n) _mm512_slli_epi64(a, n)
#define w_sar(a, n) _mm512_srai_epi64(a, n) /* signed */
/* low word of (high:low) >> n, 0 < n < 64 */
#define w_funnel_shr(low, high, n) _mm512_shrdi_epi64(low, high, n)
/* the same for a run-time n below 128; bits shifted in are zero */
FN_INLINE word w_shr_by(word a, u32 n) { return _mm512_srl_epi64(a, _mm_cvtsi32_si128((int)n)); }
FN_INLINE word w_shl_by(word a, u32 n) { return _mm512_sll_epi64(a, _mm_cvtsi32_si128((int)n)); }

/* c + bits 0..51, c + bits 52..103 of the product of the low 52 bits of a and b */
FN_INLINE word w_madd_lo(word c, word a, word b) { return _mm512_madd52lo_epu64(c, a, b); }
FN_INLINE word w_madd_hi(word c, word a, word b) { return _mm512_madd52hi_epu64(c, a, b); }

/* a b for products below 2^52 */
FN_INLINE word w_mul_small(word a, u64 b) { return w_madd_lo(w_zero(), a, w_set1(b)); }

FN_INLINE word w_select(mask m, word a, word b) { return _mm512_mask_blend_epi64((__mmask8)m, b, a); } /* m ? a : b */
FN_INLINE mask w_is_zero(word a) { return _mm512_testn_epi64_mask(a, a); }
FN_INLINE mask w_less(word a, word b) { return _mm512_cmplt_epu64_mask(a, b); } /* a < b, unsigned */
FN_INLINE mask w_bit0(word a) { return _mm512_test_epi64_mask(a, _mm512_set1_epi64(1)); }

FN_INLINE word w_load(const u64 *p) { return _mm512_loadu_si512(p); } /* eight words in a row: one per lane */
FN_INLINE void w_store(u64 *p, word a) { _mm512_storeu_si512(p, a); }
FN_INLINE u64 w_first(word a) { return (u64)_mm_cvtsi128_si64(_mm512_castsi512_si128(a)); }

/* lane l gets lane l ^ distance, for 1, 2 and 4 */
FN_INLINE word w_swap_lanes(word a, int distance) {
    if (distance == 1) return _mm512_permutex_epi64(a, 0xb1);
    if (distance == 2) return _mm512_permutex_epi64(a, 0x4e);
    return _mm512_shuffle_i64x2(a, a, 0x4e);
}

/* {r[i] lane j} = {r[j] lane i} */
FN_INLINE void w_transpose(word r[8]) {
    word t[8], u[8];
    UNROLL for (int i = 0; i < 4; i++) {
        t[2 * i] = _mm512_unpacklo_epi64(r[2 * i], r[2 * i + 1]);
        t[2 * i + 1] = _mm512_unpackhi_epi64(r[2 * i], r[2 * i + 1]);
    }
    UNROLL for (int i = 0; i < 2; i++) {
        u[i] = _mm512_shuffle_i64x2(t[i], t[i + 2], 0x88);
        u[i + 2] = _mm512_shuffle_i64x2(t[i], t[i + 2], 0xdd);
        u[i + 4] = _mm512_shuffle_i64x2(t[i + 4], t[i + 6], 0x88);
        u[i + 6] = _mm512_shuffle_i64x2(t[i + 4], t[i + 6], 0xdd);
    }
    UNROLL for (int i = 0; i < 2; i++) {
        r[i] = _mm512_shuffle_i64x2(u[i], u[i + 4], 0x88);
        r[i + 4] = _mm512_shuffle_i64x2(u[i], u[i + 4], 0xdd);
        r[i + 2] = _mm512_shuffle_i64x2(u[i + 2], u[i + 6], 0x88);
        r[i + 6] = _mm512_shuffle_i64x2(u[i + 2], u[i + 6], 0xdd);
    }
}

/* Four words per lane, lane l's at p + l stride (in words). */
FN_INLINE void w_load4(word r[4], const u64 *p, size_t stride) {
    word t[8];
    UNROLL for (int i = 0; i < 8; i++) t[i] =
        _mm512_castsi256_si512(_mm256_loadu_si256((const __m256i *)(p + i * stride)));
    w_transpose(t);
    UNROLL for (int i = 0; i < 4; i++) r[i] = t[i];
}

FN_INLINE void w_store4(u64 *p, size_t stride, const word s[4]) {
    word t[8];
    UNROLL for (int i = 0; i < 8; i++) t[i] = i < 4 ? s[i] : w_zero();
    w_transpose(t);
    UNROLL for (int i = 0; i < 8; i++) _mm256_storeu_si256((__m256i *)(p + i * stride), _mm512_castsi512_si256(t[i]));
}

/* Eight words per lane (one cache line: a table's entry), lane l's at base + offset[l] (in words). */
FN_INLINE void w_load8(word r[8], const u64 *base, const u64 offset[8]) {
    UNROLL for (int i = 0; i < 8; i++) r[i] = _mm512_loadu_si512(base + offset[i]);
    w_transpose(r);
}

FN_INLINE void w_store8(u64 *base, size_t stride, const word s[8]) {
    word t[8];
    UNROLL for (int i = 0; i < 8; i++) t[i] = s[i];
    w_transpose(t);
    UNROLL for (int i = 0; i < 8; i++) _mm512_storeu_si512(base + i * stride, t[i]);
}

#endif
