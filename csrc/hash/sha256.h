/* SHA-256 of many messages and of Merkle nodes: one table of functions per instruction set, and the calls that use
 * them for any n. */
#ifndef VL_SHA256_H
#define VL_SHA256_H

#include <stddef.h>
#include <stdint.h>

#include "verilane.h"

/* How a tree hashes two children, 64 bytes, into their parent. */
enum vl_node_shape {
    VL_NODE_PREFIXED, /* SHA-256(01 || left || right) */
    VL_NODE_DOUBLE,   /* SHA-256(SHA-256(left || right)) */
    VL_NODE_SHAPES
};

#define VL_NO_PREFIX (-1)

typedef struct vl_sha256_ops {
    int lanes;

    /* digests[32 i ..] = SHA-256(prefix || messages[i]) for i = order[0], order[1] ... order[n - 1]; no order: 0 .. n - 1.
     * prefix: a byte, or VL_NO_PREFIX. Lanes work on neighbours in `order`, as long as the longest of them takes. */
    void (*messages)(uint8_t *digests, size_t n, const vl_column *messages, const uint32_t *order, int prefix);

    /* nodes[32 i ..] = parent of children[64 i .. 64 i + 64). nodes may be children. */
    void (*nodes[VL_NODE_SHAPES])(uint8_t *nodes, size_t n, const uint8_t *children);
} vl_sha256_ops;

/* Rows of the dispatch table; the last two exist on x86-64 only. */
extern const vl_sha256_ops vl_sha256_scalar, vl_sha256_sha_ni, vl_sha256_avx512;

/* From so many hashes on, one pass of 16 lanes beats SHA-NI. Zen 5, gcc 12, ns: a pass of 16 lanes takes 284 for prefixed
 * nodes, 418 for double ones, 200 for leaves of 33 bytes; SHA-NI takes 267, 403 and 202 for eight, 322, 491 and 245 for
 * nine. In bulk, per compression: 8.9 in 16 lanes, 16.6 by SHA-NI, 150 in scalar code. */
#define VL_SHA256_LANES_FROM 9

/* What one call hashes with: `many` in full lanes, `few` for a rest that would leave most lanes idle. */
typedef struct {
    const vl_sha256_ops *many, *few;
} vl_sha256_plan;

/* VL_SUCCESS, or why this ISA can't be used. */
int vl_sha256_choose(vl_sha256_plan *plan, int isa);

/* Sorts messages by length, so that lanes start and end together. */
#define VL_SHA256_SORTED 2048
typedef struct {
    uint32_t order[VL_SHA256_SORTED];
    uint8_t class_of[VL_SHA256_SORTED];
} vl_sha256_scratch;

/* As in the table, for any n and any lengths. */
void vl_sha256_messages(uint8_t *digests, size_t n, const vl_column *messages, int prefix, const vl_sha256_plan *plan,
                        vl_sha256_scratch *scratch);
void vl_sha256_nodes(uint8_t *nodes, size_t n, const uint8_t *children, enum vl_node_shape shape,
                     const vl_sha256_plan *plan);

#endif
