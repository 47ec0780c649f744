#include "merkle/kinds.h"

/* Alone in its cache line: lanes read 64 bytes from here and mask what follows. */
static const _Alignas(64) uint8_t zero_prefix[64] = {0x00};

#define NO_PREFIX {NULL, 0}

/* RFC 6962 section 2.1. Bitcoin Core: ComputeMerkleRoot (src/consensus/merkle.cpp). @openzeppelin/merkle-tree: src/core.ts;
 * only whole levels come here. Ethereum consensus specs: ssz/merkle-proofs.md, merkleize. FISCO BCOS 2.2 to 2.9:
 * calculateMerkleProofRoot (ParallelMerkleProof.cpp), leaves of encodeToCalculateRoot; 3.1 and later: Merkle<Hasher, 2>
 * (bcos-crypto/merkle/Merkle.h), no transactions have the root 0 (BlockImpl::calculateTransactionRoot). */
static const vl_tree_kind kinds[] = {
    [VL_TREE_RFC6962] = {.name = "rfc6962",
                         .hash = VL_SHA256,
                         .leaf = VL_LEAF_HASHED,
                         .leaf_prefix = {zero_prefix, 1},
                         .shape = VL_NODE_PREFIXED,
                         .lone = VL_LONE_UP,
                         .log2_width = 1,
                         .empty = EMPTY_HASH},
    [VL_TREE_BITCOIN] = {.name = "bitcoin",
                         .hash = VL_SHA256D,
                         .only_hash = 1,
                         .leaf = VL_LEAF_NODE,
                         .leaf_prefix = NO_PREFIX,
                         .shape = VL_NODE_PLAIN,
                         .lone = VL_LONE_TWICE,
                         .log2_width = 1,
                         .empty = EMPTY_ZERO},
    [VL_TREE_PLAIN] = {.name = "plain",
                       .hash = VL_SHA256,
                       .leaf = VL_LEAF_HASHED,
                       .leaf_prefix = NO_PREFIX,
                       .shape = VL_NODE_PLAIN,
                       .lone = VL_LONE_UP,
                       .log2_width = 1,
                       .empty = EMPTY_HASH},
    [VL_TREE_SORTED] = {.name = "openzeppelin",
                        .hash = VL_KECCAK256,
                        .leaf = VL_LEAF_NODE,
                        .leaf_prefix = NO_PREFIX,
                        .shape = VL_NODE_PLAIN,
                        .order = SMALLER_FIRST,
                        .lone = VL_LONE_UP,
                        .log2_width = 1,
                        .empty = EMPTY_NONE},
    [VL_TREE_SSZ] = {.name = "ssz",
                     .hash = VL_SHA256,
                     .leaf = VL_LEAF_NODE,
                     .leaf_prefix = NO_PREFIX,
                     .shape = VL_NODE_PLAIN,
                     .lone = VL_LONE_ZERO,
                     .log2_width = 1,
                     .empty = EMPTY_ZERO},
    [VL_TREE_FISCO2] = {.name = "fisco2",
                        .hash = VL_KECCAK256,
                        .leaf = VL_LEAF_INDEXED,
                        .leaf_prefix = NO_PREFIX,
                        .shape = VL_NODE_PLAIN,
                        .lone = VL_LONE_HASH,
                        .log2_width = 4,
                        .hashed_top = 1,
                        .empty = EMPTY_HASH},
    [VL_TREE_FISCO3] = {.name = "fisco3",
                        .hash = VL_KECCAK256,
                        .leaf = VL_LEAF_NODE,
                        .leaf_prefix = NO_PREFIX,
                        .shape = VL_NODE_PLAIN,
                        .lone = VL_LONE_HASH,
                        .log2_width = 1,
                        .empty = EMPTY_ZERO},
};

enum { KINDS = sizeof kinds / sizeof kinds[0] };

const vl_tree_kind *vl_find_tree(int tree) { return tree >= 0 && tree < KINDS ? &kinds[tree] : NULL; }

int vl_tree_depth(const vl_tree_kind *kind, uint64_t total) {
    int depth = 0;
    for (uint64_t last = total - 1; last; last >>= kind->log2_width) depth++;
    return depth;
}

int vl_tree_count(void) { return KINDS; }

const char *vl_tree_name(int tree) {
    const vl_tree_kind *kind = vl_find_tree(tree);
    return kind ? kind->name : NULL;
}

int vl_tree_describe(vl_tree_facts *facts, int tree) {
    const vl_tree_kind *kind = vl_find_tree(tree);
    if (!facts || !kind) return VL_ERROR_ARGUMENT;
    *facts = (vl_tree_facts){.hash = kind->hash,
                             .only_hash = kind->only_hash,
                             .leaf = kind->leaf,
                             .lone = kind->lone,
                             .width = 1 << kind->log2_width,
                             .sorted = kind->order == SMALLER_FIRST,
                             .hashed_top = kind->hashed_top,
                             .leaf_prefix = kind->leaf_prefix.length ? kind->leaf_prefix.data[0] : -1,
                             .node_prefix = kind->shape == VL_NODE_PREFIXED ? VL_NODE_PREFIX : -1};
    return VL_SUCCESS;
}
