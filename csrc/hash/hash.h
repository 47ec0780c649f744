/* Hashes of many messages and of Merkle nodes: one table of functions per hash and instruction set, and the calls that use
 * them for any n. */
#ifndef VL_HASH_H
#define VL_HASH_H

#include <stddef.h>
#include <stdint.h>

#include "hash/message.h"
#include "verilane.h"

/* The byte before two nodes in RFC 6962 section 2.1 */
#define VL_NODE_PREFIX 0x01

/* What a tree hashes to make of two children, 64 bytes, their parent. */
enum vl_node_shape {
    VL_NODE_PLAIN,    /* left || right */
    VL_NODE_PREFIXED, /* 01 || left || right */
    VL_NODE_SHAPES
};

typedef struct vl_hash_ops {
    int lanes;

    /* The digest of messages[i], at digests + i * (size of a digest), for i = order[0] ... order[n - 1]; no order:
     * 0 .. n - 1. Lanes work on neighbours in `order`, as long as the longest of them takes. */
    void (*messages)(uint8_t *digests, size_t n, const vl_message *messages, const uint32_t *order);

    /* nodes[32 i ..] = parent of children[64 i .. 64 i + 64). nodes may be children. NULL: no path of its own. */
    void (*nodes[VL_NODE_SHAPES])(uint8_t *nodes, size_t n, const uint8_t *children);
} vl_hash_ops;

/* Rows of the dispatch table; all but scalar's exist on x86-64 or on arm64 only. */
extern const vl_hash_ops vl_sha256_scalar, vl_sha256d_scalar, vl_sha512_scalar, vl_sm3_scalar, vl_keccak256_scalar,
    vl_sha3_256_scalar, vl_blake2b_256_scalar;
extern const vl_hash_ops vl_sha256_sha_ni, vl_sha256d_sha_ni;
extern const vl_hash_ops vl_sha256_arm64, vl_sha256d_arm64;
extern const vl_hash_ops vl_sha256_avx2, vl_sha256d_avx2, vl_sha512_avx2, vl_sm3_avx2, vl_keccak256_avx2,
    vl_sha3_256_avx2, vl_blake2b_256_avx2;
extern const vl_hash_ops vl_sha256_avx512, vl_sha256d_avx512, vl_sha512_avx512, vl_sm3_avx512, vl_keccak256_avx512,
    vl_sha3_256_avx512, vl_blake2b_256_avx512;

/* What one call hashes with: `many` in full lanes, `few` for a rest of fewer than lanes_from messages. */
typedef struct {
    int hash;
    size_t digest_size;
    size_t lanes_from;
    const vl_padding *padding;
    const vl_hash_ops *many, *few;
} vl_hash_plan;

/* VL_SUCCESS, or why this hash (enum vl_hash) or this ISA can't be used. */
int vl_hash_choose(vl_hash_plan *plan, int hash, int isa);

/* What messages are sorted in, so that lanes start and end together. */
#define VL_HASH_SORTED 1024
typedef struct {
    vl_message messages[VL_HASH_SORTED];
    uint32_t order[VL_HASH_SORTED];
    uint8_t class_of[VL_HASH_SORTED];
} vl_hash_scratch;

/* The digests of n messages of any lengths, of a column with the same bytes before every item (data NULL, length 0:
 * none), and of nodes. */
void vl_hash_messages(uint8_t *digests, size_t n, const vl_message *messages, const vl_hash_plan *plan,
                      vl_hash_scratch *scratch);
void vl_hash_column(uint8_t *digests, size_t n, const vl_column *column, vl_bytes prefix, const vl_hash_plan *plan,
                    vl_hash_scratch *scratch);
void vl_hash_nodes(uint8_t *nodes, size_t n, const uint8_t *children, enum vl_node_shape shape,
                   const vl_hash_plan *plan, vl_hash_scratch *scratch);

#endif
