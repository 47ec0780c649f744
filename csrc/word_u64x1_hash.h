/* One 64-bit lane for hashes: what kernels/word_u64x1.h lacks. csrc/word_u64x8_hash.h gives the same for eight. */
#ifndef VL_WORD_U64X1_HASH_H
#define VL_WORD_U64X1_HASH_H

#include <string.h>

#include "word_u64x1.h"

typedef u64 lane;

FN_INLINE word w_xor(word a, word b) { return a ^ b; }
FN_INLINE word w_xor3(word a, word b, word c) { return a ^ b ^ c; }
FN_INLINE word w_choose(word m, word a, word b) { return b ^ (m & (a ^ b)); } /* bitwise m ? a : b */
FN_INLINE word w_majority(word a, word b, word c) { return (a & b) | (c & (a | b)); }
FN_INLINE word w_chi(word a, word b, word c) { return a ^ (~b & c); }
FN_INLINE word w_ror(word a, int n) { return a >> n | a << ((64 - n) & 63); }
/* x itself; a sum is not taken apart across it */
FN_INLINE word w_ordered(word x) { return x; }

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
