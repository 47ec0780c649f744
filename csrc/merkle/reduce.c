/* Roots. Leaves are hashed and reduced in chunks that stay in the cache: every level of a chunk is written over the one
 * below it, and what comes out of chunks meets in a counter to the base of the tree's width: on every level fewer nodes
 * wait than make one. */
#include <string.h>

#include "merkle/level.h"
#include "scratch.h"

/* Leaves per chunk: 64 KiB of nodes, well inside any second-level cache, and one in 2,048 nodes is hashed alone. A chunk is
 * reduced by so many levels: to one node of a binary tree, to 8 nodes of a tree of width 16. */
#define CHUNK ((size_t)1 << 11)
#define CHUNK_LEVELS(log2_width) (11 / (log2_width))

typedef struct {
    vl_level_scratch hashing;
    uint8_t nodes[CHUNK * VL_NODE];
    uint8_t waiting[VL_LEVELS][VL_WIDEST * VL_NODE];
} merkle_block;

_Static_assert(sizeof(merkle_block) <= VL_SCRATCH_HOST, "see scratch.h");

typedef struct {
    vl_tree_hasher tree;
    merkle_block *block;
    int depth;                 /* the level of the highest node */
    int given_nodes;           /* what is reduced are nodes: take them as they are */
    unsigned count[VL_LEVELS]; /* of nodes waiting on each level */
    int mutated;
} reduction;

/* {parents = those of m nodes on `level`, in place or not}; returns how many. Notes equal neighbours (CVE-2012-2459): a list
 * that ends by repeating what it would pair with itself has the same root. On the highest level and above there is one
 * node, which stays. */
static size_t level_up(reduction *r, uint8_t *parents, size_t m, const uint8_t *nodes, uint64_t first, int level) {
    if (level >= r->depth) {
        memmove(parents, nodes, VL_NODE * m);
        return m;
    }
    if (r->tree.kind->lone == VL_LONE_TWICE && vl_equal_pairs(NULL, m / 2, nodes)) r->mutated = 1;
    return vl_tree_level(&r->tree, parents, m, nodes, first, level);
}

static void copy_nodes(uint8_t *nodes, size_t m, const vl_column *given) {
    for (size_t i = 0; i < m; i++) memcpy(nodes + VL_NODE * i, column_item(given, i).data, VL_NODE);
}

/* {block->nodes = level `to` over m leaves, or over nodes on level `from`; m <= CHUNK}; returns how many there are. */
static size_t reduce_chunk(reduction *r, size_t m, const vl_column *leaves, uint64_t first, int from, int to) {
    uint8_t *nodes = r->block->nodes;
    if (r->given_nodes) copy_nodes(nodes, m, leaves);
    else vl_hash_column(nodes, m, leaves, r->tree.kind->leaf_prefix, &r->tree.plan, &r->tree.scratch->hashing);
    for (int level = from; level < to; level++) {
        first >>= r->tree.kind->log2_width;
        m = level_up(r, nodes, m, nodes, first, level);
    }
    return m;
}

/* Adds a node at the right of a level: a carry of the counter for each one that is full. */
static void push(reduction *r, const uint8_t *node, int level) {
    const unsigned width = 1u << r->tree.kind->log2_width;
    uint8_t parent[VL_NODE];
    for (;; level++) {
        uint8_t *group = r->block->waiting[level];
        memcpy(group + VL_NODE * r->count[level]++, node, VL_NODE);
        if (r->count[level] < width) return;
        r->count[level] = 0;
        level_up(r, parent, width, group, 0, level); /* chunks did level 0, where the number of a group counts */
        node = parent;
    }
}

static int is_highest(const reduction *r, int level) {
    while (++level < VL_LEVELS)
        if (r->count[level]) return 0;
    return 1;
}

/* {root = the one node on level `height` over all that was pushed}; the counter is empty again. */
static void close_subtree(reduction *r, uint8_t root[VL_NODE], int height) {
    int level = 0;
    while (r->count[level] == 0) level++;
    for (; level < height || r->count[level] != 1 || !is_highest(r, level); level++) {
        uint8_t parent[VL_NODE];
        if (r->count[level] == 0) continue;
        level_up(r, parent, r->count[level], r->block->waiting[level], 0, level);
        r->count[level] = 0;
        push(r, parent, level + 1);
    }
    memcpy(root, r->block->waiting[level], VL_NODE);
    r->count[level] = 0;
}

/* {nodes = level `to` over n leaves, or over nodes on level `from`}. first: what number the first one has on its level, a
 * multiple of those below a node on level `to`. */
static void reduce(reduction *r, uint8_t *nodes, size_t n, const vl_column *leaves, uint64_t first, int from, int to) {
    const int log2_width = r->tree.kind->log2_width;
    const int most = from + CHUNK_LEVELS(log2_width), chunk_to = to < most ? to : most;
    const uint64_t subtree = UINT64_C(1) << (to - from) * log2_width;
    for (size_t i = 0, count; i < n; i += count) {
        count = n - i < CHUNK ? n - i : CHUNK;
        vl_column chunk = column_from(leaves, i);
        size_t m = reduce_chunk(r, count, &chunk, first + i, from, chunk_to);
        if (chunk_to == to) {
            memcpy(nodes, r->block->nodes, VL_NODE * m);
            nodes += VL_NODE * m;
            continue;
        }
        for (size_t k = 0; k < m; k++) push(r, r->block->nodes + VL_NODE * k, chunk_to);
        if ((i + count) % subtree == 0 || i + count == n) {
            close_subtree(r, nodes, to);
            nodes += VL_NODE;
        }
    }
}

/* ---- The calls ---- */

/* Whether `height` levels above the leaves can be counted. */
static int is_height(const vl_tree_kind *kind, int height) {
    return height >= 0 && height * kind->log2_width < VL_LEVELS;
}

static int prepare(reduction *r, uint64_t total, int tree, int hash, int isa, const int *mutated, void *scratch,
                   size_t size) {
    vl_scratch pieces;
    int error = vl_scratch_cut(&pieces, scratch, size);
    if (error) return error;
    *r = (reduction){.block = pieces.host};
    error = vl_tree_open(&r->tree, tree, hash, isa, &r->block->hashing);
    if (error) return error;
    if (r->tree.kind->lone == VL_LONE_TWICE && !mutated) return VL_ERROR_ARGUMENT;
    r->depth = total ? vl_tree_depth(r->tree.kind, total) : 0;
    return is_height(r->tree.kind, r->depth) ? VL_SUCCESS : VL_ERROR_ARGUMENT;
}

int vl_merkle_nodes(uint8_t *nodes, int *mutated, size_t n, const vl_column *leaves, uint64_t first, uint64_t total,
                    int height, int tree, int hash, int isa, void *scratch, size_t scratch_size) {
    reduction r;
    int error = prepare(&r, total, tree, hash, isa, mutated, scratch, scratch_size);
    if (error) return error;
    if (first > total || n > total - first || !is_height(r.tree.kind, height)) return VL_ERROR_ARGUMENT;
    const uint64_t below = (UINT64_C(1) << height * r.tree.kind->log2_width) - 1; /* of a subtree, less one */
    const int is_last = first + n == total || r.tree.kind->lone == VL_LONE_ZERO;
    if (first & below || (n & below && !is_last)) return VL_ERROR_ARGUMENT;
    if (n == 0) return VL_SUCCESS;
    if (!nodes || !column_is_readable(leaves, n)) return VL_ERROR_ARGUMENT;
    vl_column column = *leaves;
    r.given_nodes = r.tree.kind->leaf != VL_LEAF_HASHED;
    if (r.given_nodes) error = vl_pack_nodes(&column, n, leaves);
    if (error) return error;
    reduce(&r, nodes, n, &column, first, 0, height);
    if (r.mutated) *mutated = 1;
    return VL_SUCCESS;
}

static void empty_root(reduction *r, uint8_t root[VL_NODE]) {
    if (r->tree.kind->empty == EMPTY_HASH) vl_tree_hash(&r->tree, root, 1, NULL, 0);
    else if (r->tree.kind->lone == VL_LONE_ZERO) memcpy(root, vl_tree_zero(&r->tree, r->depth), VL_NODE);
    else memset(root, 0, VL_NODE);
}

int vl_merkle_root(uint8_t *root, int *mutated, size_t n, const uint8_t *nodes, uint64_t total, int height, int tree,
                   int hash, int isa, void *scratch, size_t scratch_size) {
    reduction r;
    int error = prepare(&r, total, tree, hash, isa, mutated, scratch, scratch_size);
    if (error) return error;
    if (!root || (n && !nodes) || !is_height(r.tree.kind, height)) return VL_ERROR_ARGUMENT;
    /* The nodes of `total` leaves, or fewer where zeros follow. */
    const int shift = height * r.tree.kind->log2_width;
    const uint64_t most = total ? ((total - 1) >> shift) + 1 : 0;
    if (n != most && (n > most || r.tree.kind->lone != VL_LONE_ZERO)) return VL_ERROR_ARGUMENT;
    if (n == 0 && r.tree.kind->empty == EMPTY_NONE) return VL_ERROR_ARGUMENT;
    if (n == 0) {
        empty_root(&r, root);
        return VL_SUCCESS;
    }
    vl_column column = {nodes, NULL, VL_NODE, 0};
    uint8_t top[VL_NODE];
    r.given_nodes = 1;
    reduce(&r, top, n, &column, 0, height, height > r.depth ? height : r.depth);
    vl_tree_root(&r.tree, root, top, r.depth);
    if (r.mutated) *mutated = 1;
    return VL_SUCCESS;
}

int vl_merkle_root_of_leaves(uint8_t *root, int *mutated, size_t n, const vl_column *leaves, uint64_t limit, int tree,
                             int hash, int isa, void *scratch, size_t scratch_size) {
    const vl_tree_kind *kind = vl_find_tree(tree);
    if (!kind) return VL_ERROR_ARGUMENT;
    const uint64_t total = kind->lone == VL_LONE_ZERO ? limit : n;
    const int height = n ? vl_tree_depth(kind, n) : 0; /* one node is over all leaves */
    uint8_t node[VL_NODE];
    int error = vl_merkle_nodes(node, mutated, n, leaves, 0, total, height, tree, hash, isa, scratch, scratch_size);
    if (error) return error;
    return vl_merkle_root(root, mutated, n != 0, node, total, height, tree, hash, isa, scratch, scratch_size);
}
