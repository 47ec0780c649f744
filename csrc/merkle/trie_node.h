/* One node of an Ethereum trie as it comes in a proof (Yellow Paper, appendix D): is it one, and where does a path go. */
#ifndef VL_MERKLE_TRIE_NODE_H
#define VL_MERKLE_TRIE_NODE_H

#include "scheme/column.h"

/* A node whose RLP is shorter than a hash stands in its parent itself. */
#define VL_TRIE_HASH 32

/* Whether these bytes are a node in its only form: RLP; a branch of 16 references and a value, or an extension of a path and
 * a reference, or a leaf of a path and a value that is not empty; references are empty (in a branch), hashes, or nodes of
 * fewer than 32 bytes that are in their only form too. */
int vl_trie_is_node(vl_bytes node);

typedef struct {
    const uint8_t *key;
    size_t nibbles, at; /* of the key: all, and how many are behind */
    vl_bytes found;     /* a value or a hash */
} vl_trie_path;

enum vl_trie_step {
    VL_TRIE_ABSENT, /* the key is not in the trie */
    VL_TRIE_VALUE,  /* found is its value, which is not empty */
    VL_TRIE_NODE    /* the path goes on in the node whose hash is found */
};

/* Follows a path into a node (and those embedded in it) that vl_trie_is_node. */
enum vl_trie_step vl_trie_follow(vl_trie_path *path, vl_bytes node);

#endif
