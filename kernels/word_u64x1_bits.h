/* One 64-bit lane for hashes: what word_u64x1.h lacks. csrc/word_u64x8_hash.h gives the same for eight. */
#ifndef VL_WORD_U64X1_BITS_H
#define VL_WORD_U64X1_BITS_H

#include "word_u64x1.h"

FN_INLINE word w_xor(word a, word b) { return a ^ b; }
FN_INLINE word w_xor3(word a, word b, word c) { return a ^ b ^ c; }
FN_INLINE word w_choose(word m, word a, word b) { return b ^ (m & (a ^ b)); } /* bitwise m ? a : b */
FN_INLINE word w_majority(word a, word b, word c) { return (a & b) | (c & (a | b)); }
FN_INLINE word w_chi(word a, word b, word c) { return a ^ (~b & c); }
FN_INLINE word w_ror(word a, int n) { return a >> n | a << ((64 - n) & 63); }
/* x itself; a sum is not taken apart across it */
FN_INLINE word w_ordered(word x) { return x; }

#endif
