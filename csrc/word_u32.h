/* One 32-bit lane: kernels/word_u32x1.h, with what feeds it from memory. csrc/word_u32x16.h gives the same for sixteen. */
#ifndef VL_WORD_U32_H
#define VL_WORD_U32_H

#include <string.h>

#include "word_u32x1.h"

typedef u32 lane;

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
