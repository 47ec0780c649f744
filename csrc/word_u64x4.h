/* Four 64-bit lanes in an AVX2 register: the word under fe_5x52_madd.inc, fe_5x51_madd.inc and sc_5x52.inc where there is no
 * 52-bit multiply-add for integers. Needs AVX2 and FMA; include inside a VL_TARGET region.
 *
 * The multiply-add for doubles takes its place: a double has 53 bits, so with rounding towards zero
 *     h = a b + 2^104          = 2^104 + 2^52 floor(a b / 2^52)    (one unit in the last place of h is 2^52)
 *     l = a b + (2^104 + 2^52 - h) = 2^52 + (a b mod 2^52)         (exact)
 * and the 52 low bits of h and of l, as integers, are the two halves of the product. (Emmart, Zheng and Weems, "Faster Modular
 * Exponentiation Using Double Precision Floating Point Arithmetic on the GPU", ARITH 2018.) Rounding to nearest would
 * be wrong by one now and then: whoever calls code over this word does so by MACHINE_CALL. */
#ifndef VL_WORD_U64X4_H
#define VL_WORD_U64X4_H

typedef __m256i word;
typedef u32 mask; /* bit l for lane l */
#define LANES 4
#define MASK_ALL 0xfu

/* MXCSR: all exceptions masked, rounding towards zero, denormals as they are (Intel SDM volume 1, section 10.2.3). The
 * clobber keeps every load and store of the call between the two. */
#define W_TOWARDS_ZERO 0x7f80u
FN_INLINE u32 w_exchange_mode(u32 mode) {
    u32 before;
    __asm__ volatile("stmxcsr %0" : "=m"(before) : : "memory");
    __asm__ volatile("ldmxcsr %0" : : "m"(mode) : "memory");
    return before;
}
#define MACHINE_CALL(call) \
    do { \
        const u32 mode_ = w_exchange_mode(W_TOWARDS_ZERO); \
        call; \
        (void)w_exchange_mode(mode_); \
    } while (0)

FN_INLINE word w_zero(void) { return _mm256_setzero_si256(); }
FN_INLINE word w_set1(u64 x) { return _mm256_set1_epi64x((long long)x); }
FN_INLINE word w_add(word a, word b) { return _mm256_add_epi64(a, b); }
FN_INLINE word w_sub(word a, word b) { return _mm256_sub_epi64(a, b); }
FN_INLINE word w_and(word a, word b) { return _mm256_and_si256(a, b); }
FN_INLINE word w_or(word a, word b) { return _mm256_or_si256(a, b); }
/* bitwise m ? a : b */
FN_INLINE word w_choose(word m, word a, word b) { return w_or(w_and(m, a), _mm256_andnot_si256(m, b)); }
/* macros: the count must be a literal for clang */
#define w_shr(a, n) _mm256_srli_epi64(a, n)
#define w_shl(a, n) _mm256_slli_epi64(a, n)
/* signed, by way of a + 2^63 */
#define w_sar(a, n) w_sub(w_shr(_mm256_xor_si256(a, w_set1(1ULL << 63)), n), w_set1(1ULL << (63 - (n))))
/* low word of (high:low) >> n, 0 < n < 64 */
#define w_funnel_shr(low, high, n) w_or(w_shr(low, n), w_shl(high, 64 - (n)))
/* the same for a run-time n below 128; bits shifted in are zero */
FN_INLINE word w_shr_by(word a, u32 n) { return _mm256_srl_epi64(a, _mm_cvtsi32_si128((int)n)); }
FN_INLINE word w_shl_by(word a, u32 n) { return _mm256_sll_epi64(a, _mm_cvtsi32_si128((int)n)); }

#define W_LOW52 ((1ULL << 52) - 1)
#define W_2_52 0x4330000000000000ULL  /* the bits of 2^52 as a double */
#define W_2_104 0x4670000000000000ULL /* and of 2^104 */

FN_INLINE __m256d w_double(u64 bits) { return _mm256_castsi256_pd(w_set1(bits)); }

/* the low 52 bits as a double */
FN_INLINE __m256d w_low52_double(word a) {
    const word bits = w_or(w_and(a, w_set1(W_LOW52)), w_set1(W_2_52));
    return _mm256_sub_pd(_mm256_castsi256_pd(bits), w_double(W_2_52));
}

/* 2^104 + 2^52 floor(a b / 2^52) */
FN_INLINE __m256d w_product_high(word a, word b) {
    return _mm256_fmadd_pd(w_low52_double(a), w_low52_double(b), w_double(W_2_104));
}

/* c + bits 0..51, c + bits 52..103 of the product of the low 52 bits of a and b */
FN_INLINE word w_madd_hi(word c, word a, word b) {
    return w_add(c, w_sub(_mm256_castpd_si256(w_product_high(a, b)), w_set1(W_2_104)));
}
FN_INLINE word w_madd_lo(word c, word a, word b) {
    const __m256d both = _mm256_add_pd(w_double(W_2_104), w_double(W_2_52));
    const __m256d low =
        _mm256_fmadd_pd(w_low52_double(a), w_low52_double(b), _mm256_sub_pd(both, w_product_high(a, b)));
    return w_add(c, w_sub(_mm256_castpd_si256(low), w_set1(W_2_52)));
}

/* a b for products below 2^52 */
FN_INLINE word w_mul_small(word a, u64 b) { return w_madd_lo(w_zero(), a, w_set1(b)); }

/* all bits of the lanes in m */
FN_INLINE word w_expand(mask m) {
    const word bit = _mm256_setr_epi64x(1, 2, 4, 8);
    return _mm256_cmpeq_epi64(w_and(w_set1(m), bit), bit);
}
/* bit l: the top bit of lane l */
FN_INLINE mask w_top_bits(word a) { return (mask)_mm256_movemask_pd(_mm256_castsi256_pd(a)); }

FN_INLINE word w_select(mask m, word a, word b) { return _mm256_blendv_epi8(b, a, w_expand(m)); } /* m ? a : b */
FN_INLINE mask w_is_zero(word a) { return w_top_bits(_mm256_cmpeq_epi64(a, w_zero())); }
/* a < b, unsigned */
FN_INLINE mask w_less(word a, word b) {
    const word top = w_set1(1ULL << 63);
    return w_top_bits(_mm256_cmpgt_epi64(_mm256_xor_si256(b, top), _mm256_xor_si256(a, top)));
}
FN_INLINE mask w_bit0(word a) { return w_top_bits(w_shl(a, 63)); }

FN_INLINE word w_load(const u64 *p) {
    return _mm256_loadu_si256((const __m256i *)p);
} /* four words in a row: one per lane */
FN_INLINE void w_store(u64 *p, word a) { _mm256_storeu_si256((__m256i *)p, a); }
FN_INLINE u64 w_first(word a) { return (u64)_mm_cvtsi128_si64(_mm256_castsi256_si128(a)); }

/* lane l gets lane l ^ distance, for 1 and 2 */
FN_INLINE word w_swap_lanes(word a, int distance) {
    if (distance == 1) return _mm256_permute4x64_epi64(a, 0xb1);
    return _mm256_permute4x64_epi64(a, 0x4e);
}

/* {r[i] lane j} = {r[j] lane i} */
FN_INLINE void w_transpose(word r[4]) {
    const word t0 = _mm256_unpacklo_epi64(r[0], r[1]), t1 = _mm256_unpackhi_epi64(r[0], r[1]);
    const word t2 = _mm256_unpacklo_epi64(r[2], r[3]), t3 = _mm256_unpackhi_epi64(r[2], r[3]);
    r[0] = _mm256_permute2x128_si256(t0, t2, 0x20);
    r[1] = _mm256_permute2x128_si256(t1, t3, 0x20);
    r[2] = _mm256_permute2x128_si256(t0, t2, 0x31);
    r[3] = _mm256_permute2x128_si256(t1, t3, 0x31);
}

/* Four words per lane, lane l's at p + l stride (in words). */
FN_INLINE void w_load4(word r[4], const u64 *p, size_t stride) {
    UNROLL for (int i = 0; i < 4; i++) r[i] = w_load(p + i * stride);
    w_transpose(r);
}

FN_INLINE void w_store4(u64 *p, size_t stride, const word s[4]) {
    word t[4];
    UNROLL for (int i = 0; i < 4; i++) t[i] = s[i];
    w_transpose(t);
    UNROLL for (int i = 0; i < 4; i++) w_store(p + i * stride, t[i]);
}

/* Eight words per lane (one cache line: a table's entry), lane l's at base + offset[l] (in words). */
FN_INLINE void w_load8(word r[8], const u64 *base, const u64 offset[4]) {
    UNROLL for (int i = 0; i < 4; i++) {
        r[i] = w_load(base + offset[i]);
        r[4 + i] = w_load(base + offset[i] + 4);
    }
    w_transpose(r);
    w_transpose(r + 4);
}

FN_INLINE void w_store8(u64 *base, size_t stride, const word s[8]) {
    w_store4(base, stride, s);
    w_store4(base + 4, stride, s + 4);
}

#endif
