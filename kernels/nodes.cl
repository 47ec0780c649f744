/* Merkle nodes, 32 bytes each, moved about within a device. Hashing them: hash/device.inc. */
#include "lang.h"

FN void copy_row(GLOBAL u32 *to, GLOBAL const u32 *from, u32 u32s) {
    for (u32 i = 0; i < u32s; i += 4) {
        u32 four[4];
        LOAD4(four, from + i);
        STORE4(to + i, four);
    }
}

/* {out[i] = in[from + indices[i]]}: rows of u32s times four bytes, a multiple of 16 bytes */
KERNEL nodes_gather(GLOBAL u32 *out, GLOBAL const u32 *in, u64 from, GLOBAL const u32 *indices, u32 u32s, u32 n) {
    const u32 i = LANE_ID();
    if (i >= n) return;
    copy_row(out + (u64)u32s * i, in + from + (u64)u32s * indices[i], u32s);
}

/* {out[to + indices[i]] = in[i]}; no index comes twice. */
KERNEL nodes_scatter(GLOBAL u32 *out, u64 to, GLOBAL const u32 *in, GLOBAL const u32 *indices, u32 u32s, u32 n) {
    const u32 i = LANE_ID();
    if (i >= n) return;
    copy_row(out + to + (u64)u32s * indices[i], in + (u64)u32s * i, u32s);
}

/* {found[0] = 1 if the two nodes of any pair are equal}, else it stays. */
KERNEL nodes_equal(GLOBAL u32 *found, GLOBAL const u32 *pairs, u32 from, u32 n) {
    const u32 i = LANE_ID();
    if (i >= n) return;
    GLOBAL const u32 *pair = pairs + 16 * ((u64)from + i);
    u32 different = 0;
    for (int k = 0; k < 8; k++) different |= pair[k] ^ pair[8 + k];
    if (!different) found[0] = 1;
}

/* {out = rlp(index) || node for node i of each group, put from offsets[i] on}; node i belongs to group i / width and has
 * there number width * groups[i / width] + i % width. rlp: an integer as a big-endian string without leading zeros
 * (Ethereum's Yellow Paper, appendix B). */
KERNEL nodes_indexed(GLOBAL u8 *out, GLOBAL const u32 *offsets, GLOBAL const u8 *in, u32 from, GLOBAL const u64 *groups,
                     u32 width, u32 n) {
    const u32 i = LANE_ID();
    if (i >= n) return;
    const u64 index = groups[i / width] * width + i % width;
    GLOBAL u8 *to = out + offsets[i];
    GLOBAL const u8 *node = in + 32 * ((u64)from + i);
    u32 bytes = 0;
    while (bytes < 8 && index >> 8 * bytes) bytes++;
    if (index == 0 || index >= 0x80) *to++ = (u8)(0x80 + bytes);
    while (bytes) *to++ = (u8)(index >> 8 * --bytes);
    for (int k = 0; k < 32; k++) to[k] = node[k];
}
