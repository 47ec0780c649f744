/* One level of a tree made from the level below it: all that tells one kind of tree from another above its leaves. */
#ifndef VL_MERKLE_LEVEL_H
#define VL_MERKLE_LEVEL_H

#include "merkle/kinds.h"

/* Pairs that are sorted, and groups of more than two that are put together, at a time. A group on level 0 of an indexed
 * tree has rlp(index), 9 bytes at most, before every leaf. */
#define VL_SORTED_PAIRS 128
#define VL_GROUPS 32
#define VL_GROUP_BYTES (VL_WIDEST * (VL_NODE + 9))

typedef struct {
    vl_hash_scratch hashing;
    uint8_t pairs[VL_SORTED_PAIRS * 2 * VL_NODE];
    uint8_t groups[VL_GROUPS][VL_GROUP_BYTES];
    uint8_t zeros[VL_LEVELS][VL_NODE]; /* the node over zeros alone, on each level */
} vl_level_scratch;

/* What one call hashes a tree with. */
typedef struct {
    const vl_tree_kind *kind;
    vl_hash_plan plan;
    vl_level_scratch *scratch;
    int zeros; /* so many of scratch->zeros are known */
} vl_tree_hasher;

/* VL_SUCCESS, or why this kind, this hash (or VL_HASH_OWN) or this ISA can't be used. */
int vl_tree_open(vl_tree_hasher *tree, int kind, int hash, int isa, vl_level_scratch *scratch);

/* The node over zeros alone on a level (of the tree that zeros fill). */
const uint8_t *vl_tree_zero(vl_tree_hasher *tree, int level);

/* {parents = those of m > 0 nodes on `level`, which is not the highest}; returns how many. first: what number the first of
 * these groups has on its level. parents may be nodes. */
size_t vl_tree_level(vl_tree_hasher *tree, uint8_t *parents, size_t m, const uint8_t *nodes, uint64_t first, int level);

/* {parents = those of pairs}: two children, in their order, whatever the kind does with lone ones. May be in place. */
void vl_tree_pairs(vl_tree_hasher *tree, uint8_t *parents, size_t n, const uint8_t *pairs);

/* {digests = the hashes of n rows of `width` bytes}; no prefix. */
void vl_tree_hash(vl_tree_hasher *tree, uint8_t *digests, size_t n, const uint8_t *rows, size_t width);

/* {digests = the hashes of n <= VL_GROUPS messages} */
void vl_tree_hash_bytes(vl_tree_hasher *tree, uint8_t *digests, size_t n, const vl_bytes *bytes);

/* {root = that of the tree whose highest node this is} */
void vl_tree_root(vl_tree_hasher *tree, uint8_t root[VL_NODE], const uint8_t top[VL_NODE], int depth);

/* Whether the two nodes of any pair are equal; notes of each pair if `equal` is not NULL. */
int vl_equal_pairs(uint8_t *equal, size_t n, const uint8_t *pairs);

/* Leaves that are nodes, as a packed column; VL_ERROR_ARGUMENT if one of them is not VL_NODE bytes long. */
int vl_pack_nodes(vl_column *packed, size_t n, const vl_column *leaves);

#endif
