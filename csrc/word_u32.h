/* One 32-bit lane: the word under kernels/hash. csrc/word_u32x16.h gives the same operations for sixteen. */
#ifndef VL_WORD_U32_H
#define VL_WORD_U32_H

typedef u32 word;
typedef u32 mask; /* bit l for lane l */
#define LANES 1

FN_INLINE word w_set1(u32 x) { return x; }
FN_INLINE word w_add(word a, word b) { return a + b; }
FN_INLINE word w_sub(word a, word b) { return a - b; }
FN_INLINE word w_xor3(word a, word b, word c) { return a ^ b ^ c; }
FN_INLINE word w_choose(word m, word a, word b) { return b ^ (m & (a ^ b)); } /* bitwise m ? a : b */
FN_INLINE word w_majority(word a, word b, word c) { return (a & b) | (c & (a | b)); }
FN_INLINE word w_shr(word a, int n) { return a >> n; }
FN_INLINE word w_ror(word a, int n) { return a >> n | a << (32 - n); }
/* low word of (high:low) >> n, 0 < n < 32 */
FN_INLINE word w_funnel_shr(word low, word high, int n) { return low >> n | high << (32 - n); }
FN_INLINE word w_select(mask m, word a, word b) { return m ? a : b; } /* lane of m ? a : b */
/* x itself; a sum is not taken apart across it */
FN_INLINE word w_ordered(word x) { return x; }

/* {r[i] of lane l = big-endian word i of the 64 bytes at p + 64 l}, for `count` lanes */
FN_INLINE void w_load_blocks(word r[16], const u8 *p, size_t count) {
    (void)count;
    for (int i = 0; i < 16; i++, p += 4) r[i] = (u32)p[0] << 24 | (u32)p[1] << 16 | (u32)p[2] << 8 | p[3];
}

/* {32 bytes at p + 32 index[l] = big-endian words s[0..8) of lane l}, for `count` lanes; no index: in a row */
FN_INLINE void w_store_digests(u8 *p, const size_t *index, size_t count, const word s[8]) {
    (void)count;
    if (index) p += 32 * index[0];
    for (int i = 0; i < 8; i++, p += 4) {
        p[0] = (u8)(s[i] >> 24);
        p[1] = (u8)(s[i] >> 16);
        p[2] = (u8)(s[i] >> 8);
        p[3] = (u8)s[i];
    }
}

#endif
