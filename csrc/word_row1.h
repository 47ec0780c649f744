/* Rows of one lane, for csrc/hash/rows.inc: a row is one element. The word file that includes this has word, its size as
 * ROW_BYTES, and w_swap_bytes. */
#ifndef VL_WORD_ROW1_H
#define VL_WORD_ROW1_H

#include <string.h>

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
