/* The operations of csrc/word_u64x8.h in plain C, so that the text for lanes runs on every machine; with -DWORD_LANES=4 those of
 * csrc/word_u64x4.h. */
#ifndef VL_WORD_EMULATED_H
#define VL_WORD_EMULATED_H

/* Inlining all of it takes gcc half a minute. */
#undef FN_INLINE
#define FN_INLINE static inline __attribute__((unused))

#ifndef WORD_LANES
#define WORD_LANES 8
#endif

typedef struct {
    u64 lane[WORD_LANES];
} word;
typedef u32 mask; /* bit l for lane l */
#define LANES WORD_LANES
#define MASK_ALL ((1u << LANES) - 1)

#define EACH_LANE(expression) \
    do { \
        word r_; \
        for (int l = 0; l < LANES; l++) r_.lane[l] = (expression); \
        return r_; \
    } while (0)
#define EACH_BIT(condition) \
    do { \
        mask m_ = 0; \
        for (int l = 0; l < LANES; l++) m_ |= (mask)(condition) << l; \
        return m_; \
    } while (0)

FN_INLINE word w_set1(u64 x) { EACH_LANE(x); }
FN_INLINE word w_zero(void) { EACH_LANE(0); }
FN_INLINE word w_add(word a, word b) { EACH_LANE(a.lane[l] + b.lane[l]); }
FN_INLINE word w_sub(word a, word b) { EACH_LANE(a.lane[l] - b.lane[l]); }
FN_INLINE word w_and(word a, word b) { EACH_LANE(a.lane[l] & b.lane[l]); }
FN_INLINE word w_or(word a, word b) { EACH_LANE(a.lane[l] | b.lane[l]); }
FN_INLINE word w_choose(word m, word a, word b) { EACH_LANE((m.lane[l] & a.lane[l]) | (~m.lane[l] & b.lane[l])); }
FN_INLINE word w_shr(word a, int n) { EACH_LANE(a.lane[l] >> n); }
FN_INLINE word w_shl(word a, int n) { EACH_LANE(a.lane[l] << n); }
FN_INLINE word w_sar(word a, int n) { EACH_LANE((u64)((int64_t)a.lane[l] >> n)); }
FN_INLINE word w_funnel_shr(word low, word high, int n) { EACH_LANE(low.lane[l] >> n | high.lane[l] << (64 - n)); }
FN_INLINE word w_shr_by(word a, u32 n) { EACH_LANE(n < 64 ? a.lane[l] >> n : 0); }
FN_INLINE word w_shl_by(word a, u32 n) { EACH_LANE(n < 64 ? a.lane[l] << n : 0); }

#define LOW_52_BITS(x) ((x) & (~(u64)0 >> 12))
#define PRODUCT_52(a, b) ((unsigned __int128)LOW_52_BITS(a) * LOW_52_BITS(b))
FN_INLINE word w_madd_lo(word c, word a, word b) {
    EACH_LANE(c.lane[l] + LOW_52_BITS((u64)PRODUCT_52(a.lane[l], b.lane[l])));
}
FN_INLINE word w_madd_hi(word c, word a, word b) {
    EACH_LANE(c.lane[l] + (u64)(PRODUCT_52(a.lane[l], b.lane[l]) >> 52));
}
FN_INLINE word w_mul_small(word a, u64 b) { return w_madd_lo(w_zero(), a, w_set1(b)); }

FN_INLINE word w_select(mask m, word a, word b) { EACH_LANE(m >> l & 1 ? a.lane[l] : b.lane[l]); }
FN_INLINE mask w_is_zero(word a) { EACH_BIT(a.lane[l] == 0); }
FN_INLINE mask w_less(word a, word b) { EACH_BIT(a.lane[l] < b.lane[l]); }
FN_INLINE mask w_bit0(word a) { EACH_BIT(a.lane[l] & 1); }

FN_INLINE word w_load(const u64 *p) { EACH_LANE(p[l]); }
FN_INLINE void w_store(u64 *p, word a) {
    for (int l = 0; l < LANES; l++) p[l] = a.lane[l];
}
FN_INLINE u64 w_first(word a) { return a.lane[0]; }
FN_INLINE word w_swap_lanes(word a, int distance) { EACH_LANE(a.lane[l ^ distance]); }

FN_INLINE void w_transpose(word r[LANES]) {
    word t[LANES];
    for (int i = 0; i < LANES; i++)
        for (int l = 0; l < LANES; l++) t[i].lane[l] = r[l].lane[i];
    for (int i = 0; i < LANES; i++) r[i] = t[i];
}

FN_INLINE void w_load4(word r[4], const u64 *p, size_t stride) {
    for (int i = 0; i < 4; i++)
        for (size_t l = 0; l < LANES; l++) r[i].lane[l] = p[l * stride + (size_t)i];
}
FN_INLINE void w_store4(u64 *p, size_t stride, const word s[4]) {
    for (size_t l = 0; l < LANES; l++)
        for (int i = 0; i < 4; i++) p[l * stride + (size_t)i] = s[i].lane[l];
}
FN_INLINE void w_load8(word r[8], const u64 *base, const u64 offset[LANES]) {
    for (int i = 0; i < 8; i++)
        for (size_t l = 0; l < LANES; l++) r[i].lane[l] = base[offset[l] + (u64)i];
}
FN_INLINE void w_store8(u64 *base, size_t stride, const word s[8]) {
    for (size_t l = 0; l < LANES; l++)
        for (int i = 0; i < 8; i++) base[l * stride + (size_t)i] = s[i].lane[l];
}

#endif
