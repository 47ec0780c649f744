/* One 64-bit lane for hashes: kernels/word_u64x1_bits.h, with what feeds it from memory. csrc/word_u64x8_hash.h gives the
 * same for eight. */
#ifndef VL_WORD_U64X1_HASH_H
#define VL_WORD_U64X1_HASH_H

#include <string.h>

#include "word_u64x1_bits.h"

typedef u64 lane;

/* ---- Rows (csrc/hash/rows.inc): one lane's row is one element ---- */

#define ROW_BYTES 8
FN_INLINE word w_swap_bytes(word a) { return __builtin_bswap64(a); }
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
