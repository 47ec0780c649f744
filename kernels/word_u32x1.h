/* One 32-bit lane: the word under kernels/hash on machines with LANES 1. csrc/word_u32x16.h gives the same operations for
 * sixteen. */
#ifndef VL_WORD_U32X1_H
#define VL_WORD_U32X1_H

typedef u32 word;
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

#endif
