/* Kinds of Merkle trees: a row each. */
#ifndef VL_MERKLE_KINDS_H
#define VL_MERKLE_KINDS_H

#include "hash/hash.h"
#include "verilane.h"

/* Bytes of a node, and of a leaf that is one. */
#define VL_NODE 32

/* Most levels above the leaves, plus one. */
#define VL_LEVELS 64

enum vl_pair_order { AS_THEY_COME, SMALLER_FIRST };

enum vl_empty_root {
    EMPTY_HASH, /* the hash of no bytes */
    EMPTY_ZERO, /* 32 zeros; where zeros fill the tree, their node on its highest level */
    EMPTY_NONE  /* there is no such tree */
};

typedef struct {
    const char *name;
    int hash;      /* its own */
    int only_hash; /* it takes no other */
    enum vl_leaf_form leaf;
    vl_bytes leaf_prefix;
    enum vl_node_shape shape; /* of two children; more have no prefix */
    enum vl_pair_order order;
    enum vl_lone_rule lone;
    int log2_width; /* children of a node: 2^1, or 2^4 */
    int hashed_top; /* the root is the hash of the highest node */
    enum vl_empty_root empty;
} vl_tree_kind;

#define VL_LOG2_WIDEST 4
#define VL_WIDEST (1 << VL_LOG2_WIDEST)

/* NULL if there is no such kind. */
const vl_tree_kind *vl_find_tree(int tree);

/* Levels above the leaves of a tree with `total` > 0 of them. */
int vl_tree_depth(const vl_tree_kind *kind, uint64_t total);

#endif
