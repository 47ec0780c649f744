/* Merkle trees. Leaves are hashed and reduced in chunks that stay in the cache: every level of a chunk is written over the
 * one below it, and the roots of chunks meet in a binary counter, one waiting left sibling per level. */
#include <string.h>

#include "hash/hash.h"
#include "scratch.h"
#include "verilane.h"

/* ---- Kinds of trees: a row each ---- */

enum odd_rule {
    ODD_PROMOTE,  /* a lone last node is passed up: the split at the largest power of two below n (RFC 6962, 2.1) */
    ODD_DUPLICATE /* it pairs with itself */
};

enum empty_root {
    EMPTY_HASH, /* the hash of no bytes */
    EMPTY_ZERO, /* 32 zeros (Bitcoin Core's ComputeMerkleRoot) */
    EMPTY_NONE  /* there is no such tree */
};

enum pair_order { AS_THEY_COME, SMALLER_FIRST };

typedef struct {
    int hash;          /* its own */
    int only_hash;     /* it takes no other */
    int hashed_leaves; /* leaves are 32-byte hashes already */
    vl_bytes leaf_prefix;
    enum vl_node_shape shape;
    enum pair_order order;
    enum odd_rule odd;
    enum empty_root empty;
} tree_kind;

/* Alone in its cache line: lanes read 64 bytes from here and mask what follows. */
static const _Alignas(64) uint8_t zero_prefix[64] = {0x00};

#define NO_BYTES {NULL, 0}

static const tree_kind kinds[] = {
    [VL_TREE_RFC6962] = {VL_SHA256, 0, 0, {zero_prefix, 1}, VL_NODE_PREFIXED, AS_THEY_COME, ODD_PROMOTE, EMPTY_HASH},
    [VL_TREE_BITCOIN] = {VL_SHA256D, 1, 1, NO_BYTES, VL_NODE_PLAIN, AS_THEY_COME, ODD_DUPLICATE, EMPTY_ZERO},
    [VL_TREE_PLAIN] = {VL_SHA256, 0, 0, NO_BYTES, VL_NODE_PLAIN, AS_THEY_COME, ODD_PROMOTE, EMPTY_HASH},
    [VL_TREE_SORTED] = {VL_KECCAK256, 0, 1, NO_BYTES, VL_NODE_PLAIN, SMALLER_FIRST, ODD_PROMOTE, EMPTY_NONE},
};

static const tree_kind *find_kind(int tree) {
    return tree >= 0 && (size_t)tree < sizeof kinds / sizeof kinds[0] ? &kinds[tree] : NULL;
}

/* ---- One call's work ---- */

/* Leaves per chunk: 64 KiB of nodes, well inside any second-level cache, and one in 2,048 nodes is hashed alone. */
#define CHUNK_LEVELS 11
#define CHUNK ((size_t)1 << CHUNK_LEVELS)
#define LEVELS 64
#define NODE 32

typedef struct {
    vl_hash_scratch hashing;
    uint8_t nodes[CHUNK * NODE];
    uint8_t waiting[LEVELS][2 * NODE]; /* the left sibling of level k, and room for the right one */
} merkle_block;

_Static_assert(sizeof(merkle_block) <= VL_SCRATCH_HOST, "see scratch.h");

typedef struct {
    const tree_kind *kind;
    int hashed; /* the leaves are nodes: take them as they are */
    vl_hash_plan plan;
    merkle_block *block;
    uint64_t total;    /* nodes of the whole tree on level 0 */
    uint64_t occupied; /* bit k: waiting[k] holds a node */
    int mutated;
} reduction;

/* ceil(n / 2^level) */
static uint64_t nodes_on(uint64_t n, int level) { return (n >> level) + ((n & ((UINT64_C(1) << level) - 1)) != 0); }

static int duplicates(const reduction *r, int level) {
    return r->kind->odd == ODD_DUPLICATE && nodes_on(r->total, level) > 1; /* a root is not lone */
}

/* Notes equal neighbours (CVE-2012-2459): a list that ends by repeating what it would duplicate has the same root. */
static void compare_pairs(reduction *r, const uint8_t *pairs, size_t n) {
    if (r->kind->odd != ODD_DUPLICATE) return;
    for (size_t i = 0; i < n; i++, pairs += 2 * NODE)
        if (memcmp(pairs, pairs + NODE, NODE) == 0) r->mutated = 1;
}

/* Exchanges the two nodes of a pair if the left one is larger, as bytes in order. Which one is, is a coin's toss: no
 * branch depends on it, unless the first eight bytes agree. */
static void sort_pair(uint8_t pair[2 * NODE]) {
    uint64_t left[4], right[4], first_left = 0, first_right = 0;
    memcpy(left, pair, NODE);
    memcpy(right, pair + NODE, NODE);
    for (int i = 0; i < 8; i++) {
        first_left = first_left << 8 | pair[i];
        first_right = first_right << 8 | pair[NODE + i];
    }
    int larger = first_left > first_right;
    if (first_left == first_right) larger = memcmp(pair, pair + NODE, NODE) > 0;
    const uint64_t exchange = -(uint64_t)larger;
    for (int i = 0; i < 4; i++) {
        uint64_t difference = (left[i] ^ right[i]) & exchange;
        left[i] ^= difference;
        right[i] ^= difference;
    }
    memcpy(pair, left, NODE);
    memcpy(pair + NODE, right, NODE);
}

/* {nodes = the parents of n pairs}; the pairs may be sorted where they are. nodes may be pairs. */
static void hash_pairs(reduction *r, uint8_t *nodes, size_t n, uint8_t *pairs) {
    if (r->kind->order == SMALLER_FIRST)
        for (size_t i = 0; i < n; i++) sort_pair(pairs + 2 * NODE * i);
    vl_hash_nodes(nodes, n, pairs, r->kind->shape, &r->plan, &r->block->hashing);
}

/* {nodes = the level above these m nodes}; returns how many there are. */
static size_t reduce_level(reduction *r, uint8_t *nodes, size_t m, int level) {
    size_t pairs = m / 2;
    compare_pairs(r, nodes, pairs);
    if (m % 2 && duplicates(r, level)) {
        memcpy(nodes + NODE * m, nodes + NODE * (m - 1), NODE);
        pairs++;
    }
    hash_pairs(r, nodes, pairs, nodes);
    if (2 * pairs >= m) return pairs;
    memmove(nodes + NODE * pairs, nodes + NODE * (m - 1), NODE);
    return pairs + 1;
}

/* {block->nodes = level `levels` over m leaves, m <= CHUNK}; returns how many there are. */
static size_t reduce_chunk(reduction *r, size_t m, const vl_column *leaves, int levels) {
    uint8_t *nodes = r->block->nodes;
    if (r->hashed) memcpy(nodes, leaves->data, NODE * m);
    else vl_hash_column(nodes, m, leaves, r->kind->leaf_prefix, &r->plan, &r->block->hashing);
    for (int level = 0; level < levels; level++) m = reduce_level(r, nodes, m, level);
    return m;
}

/* Adds the root of a subtree of height `level` at the right: a carry of the binary counter for each one that waits. */
static void push(reduction *r, const uint8_t node[NODE], int level) {
    uint8_t parent[NODE];
    while (r->occupied >> level & 1) {
        uint8_t *pair = r->block->waiting[level];
        memcpy(pair + NODE, node, NODE);
        compare_pairs(r, pair, 1);
        hash_pairs(r, parent, 1, pair);
        r->occupied &= ~(UINT64_C(1) << level++);
        node = parent;
    }
    memcpy(r->block->waiting[level], node, NODE);
    r->occupied |= UINT64_C(1) << level;
}

/* {root = the one node on level `height` over all that was pushed}; the counter is empty again. */
static void close_subtree(reduction *r, uint8_t root[NODE], int height) {
    uint8_t lone[2 * NODE];
    int level = 0;
    while (!(r->occupied >> level & 1)) level++;
    for (; r->occupied >> level != 1 || level < height; level++) {
        if (!(r->occupied >> level & 1)) continue;
        r->occupied &= ~(UINT64_C(1) << level);
        memcpy(lone, r->block->waiting[level], NODE);
        if (duplicates(r, level)) {
            memcpy(lone + NODE, lone, NODE);
            hash_pairs(r, lone, 1, lone);
        }
        push(r, lone, level + 1);
    }
    memcpy(root, r->block->waiting[level], NODE);
    r->occupied = 0;
}

/* {nodes = level `height` over n leaves} */
static void reduce(reduction *r, uint8_t *nodes, size_t n, const vl_column *leaves, int height) {
    const uint64_t subtree = UINT64_C(1) << height;
    for (size_t i = 0, count; i < n; i += count) {
        count = n - i < CHUNK ? n - i : CHUNK;
        vl_column chunk = column_from(leaves, i);
        size_t m = reduce_chunk(r, count, &chunk, height < CHUNK_LEVELS ? height : CHUNK_LEVELS);
        if (height <= CHUNK_LEVELS) {
            memcpy(nodes, r->block->nodes, NODE * m);
            nodes += NODE * m;
            continue;
        }
        push(r, r->block->nodes, CHUNK_LEVELS);
        if ((i + count) % subtree == 0 || i + count == n) {
            close_subtree(r, nodes, height);
            nodes += NODE;
        }
    }
}

/* ---- The two calls ---- */

static int prepare(reduction *r, uint64_t total, int tree, int hash, int isa, const int *mutated, void *scratch,
                   size_t size) {
    vl_scratch pieces;
    const tree_kind *kind = find_kind(tree);
    if (!kind || (kind->odd == ODD_DUPLICATE && !mutated)) return VL_ERROR_ARGUMENT;
    if (hash == VL_HASH_OWN) hash = kind->hash;
    if (vl_hash_size(hash) != NODE || (kind->only_hash && hash != kind->hash)) return VL_ERROR_ARGUMENT;
    *r = (reduction){.kind = kind, .hashed = kind->hashed_leaves, .total = total};
    int error = vl_hash_choose(&r->plan, hash, isa);
    if (!error) error = vl_scratch_cut(&pieces, scratch, size);
    if (!error) r->block = pieces.host;
    return error;
}

/* Leaves that are nodes, as one packed row; VL_ERROR_ARGUMENT if one of them is not 32 bytes long. */
static int pack_nodes(vl_column *packed, size_t n, const vl_column *leaves) {
    *packed = (vl_column){leaves->data, NULL, NODE};
    if (!leaves->offsets) return leaves->width == NODE ? VL_SUCCESS : VL_ERROR_ARGUMENT;
    for (size_t i = 0; i < n; i++)
        if (leaves->offsets[i + 1] - leaves->offsets[i] != NODE) return VL_ERROR_ARGUMENT;
    packed->data += leaves->offsets[0];
    return VL_SUCCESS;
}

int vl_merkle_nodes(uint8_t *nodes, int *mutated, size_t n, const vl_column *leaves, size_t total, int height, int tree,
                    int hash, int isa, void *scratch, size_t scratch_size) {
    reduction r;
    if (height < 0 || height >= LEVELS || n > total) return VL_ERROR_ARGUMENT;
    int error = prepare(&r, total, tree, hash, isa, mutated, scratch, scratch_size);
    if (error || n == 0) return error;
    if (!nodes || !column_is_readable(leaves, n)) return VL_ERROR_ARGUMENT;
    vl_column column = *leaves;
    if (r.hashed) error = pack_nodes(&column, n, leaves);
    if (error) return error;
    reduce(&r, nodes, n, &column, height);
    if (r.mutated) *mutated = 1;
    return VL_SUCCESS;
}

static void empty_root(const reduction *r, uint8_t root[NODE]) {
    vl_column nothing = {NULL, NULL, 0};
    if (r->kind->empty == EMPTY_ZERO) memset(root, 0, NODE);
    else vl_hash_column(root, 1, &nothing, (vl_bytes)NO_BYTES, &r->plan, &r->block->hashing);
}

int vl_merkle_root(uint8_t *root, int *mutated, size_t n, const uint8_t *nodes, int tree, int hash, int isa,
                   void *scratch, size_t scratch_size) {
    reduction r;
    int height = 0, error = prepare(&r, n, tree, hash, isa, mutated, scratch, scratch_size);
    if (error) return error;
    if (!root || (n && !nodes)) return VL_ERROR_ARGUMENT;
    if (n == 0 && r.kind->empty == EMPTY_NONE) return VL_ERROR_ARGUMENT;
    if (n == 0) {
        empty_root(&r, root);
        return VL_SUCCESS;
    }
    while (nodes_on(n, height) > 1) height++;
    vl_column column = {nodes, NULL, NODE};
    r.hashed = 1;
    reduce(&r, root, n, &column, height);
    if (r.mutated) *mutated = 1;
    return VL_SUCCESS;
}
