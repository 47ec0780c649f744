/* Merkle nodes, 32 bytes each, moved about within a device. */
#include "lang.h"

FN void copy_node(GLOBAL u32 *to, GLOBAL const u32 *from) {
    u32 node[8];
    LOAD4(node, from);
    LOAD4(node + 4, from + 4);
    STORE4(to, node);
    STORE4(to + 4, node + 4);
}

/* {out[i] = in[indices[i]]} */
KERNEL nodes_gather(GLOBAL u32 *out, GLOBAL const u32 *in, GLOBAL const u32 *indices, u32 n) {
    u32 i = LANE_ID();
    if (i >= n) return;
    copy_node(out + 8 * (u64)i, in + 8 * (u64)indices[i]);
}

/* {out[indices[i]] = in[i]}; no index comes twice. */
KERNEL nodes_scatter(GLOBAL u32 *out, GLOBAL const u32 *in, GLOBAL const u32 *indices, u32 n) {
    u32 i = LANE_ID();
    if (i >= n) return;
    copy_node(out + 8 * (u64)indices[i], in + 8 * (u64)i);
}

/* {found[0] = 1 if the two nodes of any pair are equal}, else it stays. */
KERNEL nodes_equal(GLOBAL u32 *found, GLOBAL const u32 *pairs, u32 n) {
    u32 i = LANE_ID();
    if (i >= n) return;
    u32 different = 0;
    GLOBAL const u32 *pair = pairs + 16 * (u64)i;
    for (int k = 0; k < 8; k++) different |= pair[k] ^ pair[8 + k];
    if (!different) found[0] = 1;
}
