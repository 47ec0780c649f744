/* One 64-bit lane: the operations on words that machines with LANES 1 need. csrc/word_u64x8.h gives the same ones for
 * AVX-512. */
#ifndef VL_WORD_U64X1_H
#define VL_WORD_U64X1_H

typedef u64 word;
typedef u32 mask; /* bit l for lane l */
#define LANES 1
#define MASK_ALL 1u

FN_INLINE word w_zero(void) { return 0; }
FN_INLINE word w_set1(u64 x) { return x; }
FN_INLINE word w_add(word a, word b) { return a + b; }
FN_INLINE word w_sub(word a, word b) { return a - b; }
FN_INLINE word w_and(word a, word b) { return a & b; }
FN_INLINE word w_or(word a, word b) { return a | b; }
#define w_shr(a, n) ((a) >> (n))
#define w_shl(a, n) ((a) << (n))
#define w_sar(a, n) ((u64)((int64_t)(a) >> (n))) /* signed */
#define w_funnel_shr(low, high, n) ((low) >> (n) | (high) << (64 - (n)))
FN_INLINE word w_shr_by(word a, u32 n) { return n < 64 ? a >> n : 0; }
FN_INLINE word w_shl_by(word a, u32 n) { return n < 64 ? a << n : 0; }

FN_INLINE word w_mul_small(word a, u64 b) { return a * b; } /* a b for products below 2^52 */

FN_INLINE word w_select(mask m, word a, word b) { return m ? a : b; } /* m ? a : b */
FN_INLINE mask w_is_zero(word a) { return a == 0; }
FN_INLINE mask w_less(word a, word b) { return a < b; }
FN_INLINE mask w_bit0(word a) { return (mask)(a & 1); }

FN_INLINE word w_load(const u64 *p) { return *p; }
FN_INLINE void w_store(u64 *p, word a) { *p = a; }
FN_INLINE u64 w_first(word a) { return a; }
FN_INLINE word w_swap_lanes(word a, int distance) {
    (void)distance;
    return a;
}

FN_INLINE void w_load4(word r[4], const u64 *p, size_t stride) {
    (void)stride;
    for (int i = 0; i < 4; i++) r[i] = p[i];
}

FN_INLINE void w_store4(u64 *p, size_t stride, const word s[4]) {
    (void)stride;
    for (int i = 0; i < 4; i++) p[i] = s[i];
}

FN_INLINE void w_load8(word r[8], const u64 *base, const u64 offset[1]) {
    for (int i = 0; i < 8; i++) r[i] = base[offset[0] + (u64)i];
}

FN_INLINE void w_store8(u64 *base, size_t stride, const word s[8]) {
    (void)stride;
    for (int i = 0; i < 8; i++) base[i] = s[i];
}

#endif
