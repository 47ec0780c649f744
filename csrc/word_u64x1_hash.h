/* One 64-bit lane for hashes: kernels/word_u64x1_bits.h, with what feeds it from memory. csrc/word_u64x8_hash.h gives the
 * same for eight. */
#ifndef VL_WORD_U64X1_HASH_H
#define VL_WORD_U64X1_HASH_H

#include "word_u64x1_bits.h"

typedef u64 lane;

/* ---- Rows (csrc/hash/rows.inc): one lane's row is one element ---- */

#define ROW_BYTES 8
FN_INLINE word w_swap_bytes(word a) { return __builtin_bswap64(a); }
#include "word_row1.h"

#endif
