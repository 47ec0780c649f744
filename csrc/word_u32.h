/* One 32-bit lane: kernels/word_u32x1.h, with what feeds it from memory. csrc/word_u32x16.h gives the same for sixteen. */
#ifndef VL_WORD_U32_H
#define VL_WORD_U32_H

#include "word_u32x1.h"

typedef u32 lane;

/* ---- Rows (kernels are fed by csrc/hash/rows.inc): one lane's row is one element ---- */

#define ROW_BYTES 4
FN_INLINE word w_load(const lane *p) { return *p; }
FN_INLINE word w_swap_bytes(word a) { return __builtin_bswap32(a); }
#include "word_row1.h"

#endif
