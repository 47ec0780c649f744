/* One 32-bit lane: the word under kernels/hash. csrc/word_u32x16.h gives the same operations for sixteen. */
#ifndef VL_WORD_U32_H
#define VL_WORD_U32_H

#include <string.h>

typedef u32 word;
typedef u32 lane;
typedef u32 mask; /* bit l for lane l */
#define LANES 1

FN_INLINE word w_set1(u32 x) { return x; }
FN_INLINE word w_add(word a, word b) { return a + b; }
FN_INLINE word w_sub(word a, word b) { return a - b; }
FN_INLINE word w_xor(word a, word b) { return a ^ b; }
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

/* ---- Rows (kernels are fed by csrc/hash/rows.inc): one lane's row is one element ---- */

#define ROW_BYTES 4
FN_INLINE word w_load(const lane *p) { return *p; }
FN_INLINE word w_swap_bytes(word a) { return __builtin_bswap32(a); }
FN_INLINE word w_load_row(const u8 *p) {
    word x;
    memcpy(&x, p, sizeof x);
    return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? x : w_swap_bytes(x);
}
FN_INLINE void w_store_row(u8 *p, word row, int bytes) {
    if (__BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__) row = w_swap_bytes(row);
    memcpy(p, &row, (size_t)bytes);
}
FN_INLINE void w_transpose(word r[LANES]) { (void)r; }

#endif
