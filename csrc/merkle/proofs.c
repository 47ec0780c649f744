/* Inclusion proofs, many at once: on every level, all those that go on are hashed in lanes. */
#include <string.h>

#include "merkle/level.h"
#include "merkle/rlp.h"
#include "scratch.h"

/* Proofs at a time: their nodes and the pairs made of them stay in the second level of cache (0.35 MB). The more there are, the
 * more of a tree's upper nodes they share: 10,000 proofs of depth 20 take 13 hashes each in blocks of 512, 11 in these. */
#define BLOCK ((size_t)2048)

/* Bytes of a proof that are asked for before they are read: two steps ahead. */
#define AHEAD 128

/* With sorted pairs, where nothing else tells how long a path is. */
#define LONGEST_PATH 64

typedef struct {
    vl_level_scratch hashing;
    uint8_t rows[2][BLOCK * VL_NODE];
    uint8_t *nodes, *parents;           /* where each proof stands, and what comes of the pairs: one of rows each */
    uint8_t pairs[BLOCK * 2 * VL_NODE]; /* what is hashed next */
    size_t size;                        /* proofs in the block */
    uint16_t going[BLOCK], alone[BLOCK];
    uint16_t paired[BLOCK], pair[BLOCK]; /* proofs, and which pair each waits for */
    uint16_t seen[BLOCK];                /* where a pair was put last, by the number of the parent */
    uint64_t index[BLOCK], last[BLOCK];  /* of the node, of the last one on its level */
    const uint8_t *path[BLOCK];          /* what is left of the proof */
} proof_block;

_Static_assert(sizeof(proof_block) <= VL_SCRATCH_HOST, "see scratch.h");

typedef struct {
    vl_tree_hasher tree;
    proof_block *block;
    const vl_column *roots, *leaves, *proofs;
    size_t n_roots;
    const uint64_t *indices, *sizes;
    int hash_leaves;
} proofs_call;

static vl_bytes root_of(const proofs_call *c, size_t i) { return column_item(c->roots, c->n_roots == 1 ? 0 : i); }

/* ---- Is it a proof at all? ---- */

static int bit_length(uint64_t x) { return x ? 64 - __builtin_clzll(x) : 0; }

/* Nodes of the group that node `index` falls into, on a level whose last node is `last`. */
static size_t group_size(const vl_tree_kind *kind, uint64_t index, uint64_t last) {
    const uint64_t width = UINT64_C(1) << kind->log2_width, first = index & ~(width - 1);
    if (kind->lone == VL_LONE_TWICE || kind->lone == VL_LONE_ZERO) return 2; /* what is missing is in the proof */
    return (size_t)(last - first < width ? last - first + 1 : width);
}

/* Of a binary tree: up to where the paths of node and last node meet, every level gives one; above, those where the node is
 * a right one. */
static size_t path_length(const vl_tree_kind *kind, uint64_t index, uint64_t last) {
    if (kind->lone == VL_LONE_TWICE || kind->lone == VL_LONE_ZERO) return (size_t)bit_length(last);
    if (kind->log2_width == 1) {
        const int below = bit_length(index ^ last);
        return below == 64 ? 64 : (size_t)below + (size_t)__builtin_popcountll(index >> below);
    }
    size_t length = 0;
    for (; last; index >>= kind->log2_width, last >>= kind->log2_width) length += group_size(kind, index, last) - 1;
    return length;
}

static uint8_t malformed(const proofs_call *c, size_t i) {
    const vl_tree_kind *kind = c->tree.kind;
    const vl_bytes proof = column_item(c->proofs, i);
    if (root_of(c, i).length != VL_NODE) return VL_BAD_KEY;
    if (kind->order == SMALLER_FIRST) {
        if (proof.length % VL_NODE || proof.length > VL_NODE * LONGEST_PATH) return VL_BAD_SIGNATURE;
    } else {
        if (c->indices[i] >= c->sizes[i]) return VL_BAD_SIGNATURE;
        if (proof.length != VL_NODE * path_length(kind, c->indices[i], c->sizes[i] - 1)) return VL_BAD_SIGNATURE;
    }
    if (!c->hash_leaves && column_item(c->leaves, i).length != VL_NODE) return VL_BAD_MESSAGE;
    return VL_OK;
}

/* ---- A step up ---- */

static const uint8_t *next_node(proof_block *b, size_t i) {
    const uint8_t *node = b->path[i];
    b->path[i] += VL_NODE;
    __builtin_prefetch(node + AHEAD); /* the next ones: proofs lie apart, so that the processor does not guess them */
    return node;
}

/* Puts the node of proof i, with its neighbour, into `pair`. */
static void make_pair(proof_block *b, size_t i, uint8_t pair[2 * VL_NODE], int is_right) {
    memcpy(pair + VL_NODE * is_right, b->nodes + VL_NODE * i, VL_NODE);
    memcpy(pair + VL_NODE * !is_right, next_node(b, i), VL_NODE);
}

/* {nodes[to[k]] = parents[k]} */
static void scatter(proof_block *b, size_t n, const uint16_t *to) {
    for (size_t k = 0; k < n; k++) memcpy(b->nodes + VL_NODE * to[k], b->parents + VL_NODE * k, VL_NODE);
}

/* {parents = those of so many pairs, nodes = each waiting proof's one} */
static void hash_pairs(proofs_call *c, size_t pairs, size_t waiting) {
    proof_block *b = c->block;
    vl_tree_pairs(&c->tree, b->parents, pairs, b->pairs);
    if (pairs == b->size) { /* every proof has a pair of its own, in order */
        uint8_t *nodes = b->nodes;
        b->nodes = b->parents;
        b->parents = nodes;
        return;
    }
    for (size_t k = 0; k < waiting; k++)
        memcpy(b->nodes + VL_NODE * b->paired[k], b->parents + VL_NODE * b->pair[k], VL_NODE);
}

/* Proofs of one tree share their upper nodes: where a level has no more than twice as many nodes as there are proofs, returns whether the last
 * of `pairs` pairs, that of parent `number`, is there already, and which one it is. */
static int is_known(proof_block *b, uint16_t *pair, size_t pairs, uint64_t number) {
    uint16_t *seen = &b->seen[number % BLOCK];
    const size_t last = pairs - 1;
    if (*seen < last && memcmp(b->pairs + 2 * VL_NODE * *seen, b->pairs + 2 * VL_NODE * last, 2 * VL_NODE) == 0) {
        *pair = *seen;
        return 1;
    }
    *seen = (uint16_t)last;
    return 0;
}

static void hash_alone(proofs_call *c, size_t alone) {
    proof_block *b = c->block;
    for (size_t k = 0; k < alone; k++) memcpy(b->pairs + VL_NODE * k, b->nodes + VL_NODE * b->alone[k], VL_NODE);
    vl_tree_hash(&c->tree, b->parents, alone, b->pairs, VL_NODE);
    scatter(b, alone, b->alone);
}

/* One level up for the `going` proofs of a tree of width 2. */
static void step_pairs(proofs_call *c, size_t going) {
    proof_block *b = c->block;
    const enum vl_lone_rule lone = c->tree.kind->lone;
    const int passes_alone = lone == VL_LONE_UP || lone == VL_LONE_HASH;
    size_t pairs = 0, waiting = 0, alone = 0;
    for (size_t k = 0; k < going; k++) {
        const size_t i = b->going[k];
        const uint64_t index = b->index[i], last = b->last[i];
        b->index[i] = index >> 1;
        b->last[i] = last >> 1;
        if (passes_alone && index == last && !(index & 1)) {
            b->alone[alone++] = (uint16_t)i;
            continue;
        }
        make_pair(b, i, b->pairs + 2 * VL_NODE * pairs, (int)(index & 1));
        b->paired[waiting] = (uint16_t)i;
        b->pair[waiting] = (uint16_t)pairs++;
        if (last < 2 * going && is_known(b, &b->pair[waiting], pairs, index >> 1)) pairs--;
        waiting++;
    }
    hash_pairs(c, pairs, waiting);
    if (lone == VL_LONE_HASH && alone) hash_alone(c, alone);
}

/* What node `index` of a level is hashed as: on level 0 of an indexed tree, after its rlp(index). */
static uint8_t *put_node(const vl_tree_kind *kind, uint8_t *at, const uint8_t *node, uint64_t index, int level) {
    if (level == 0 && kind->leaf == VL_LEAF_INDEXED) at = rlp_put_index(at, index);
    memcpy(at, node, VL_NODE);
    return at + VL_NODE;
}

/* The same in a wider tree. */
static void step_groups(proofs_call *c, size_t going, int level) {
    proof_block *b = c->block;
    const vl_tree_kind *kind = c->tree.kind;
    for (size_t k = 0, batch; k < going; k += batch) {
        vl_bytes bytes[VL_GROUPS];
        batch = going - k < VL_GROUPS ? going - k : VL_GROUPS;
        for (size_t g = 0; g < batch; g++) {
            const size_t i = b->going[k + g], size = group_size(kind, b->index[i], b->last[i]);
            uint64_t number = b->index[i] >> kind->log2_width << kind->log2_width;
            uint8_t *const start = b->hashing.groups[g], *end = start;
            for (size_t child = 0; child < size; child++, number++)
                end = put_node(kind, end, number == b->index[i] ? b->nodes + VL_NODE * i : next_node(b, i), number,
                               level);
            bytes[g] = (vl_bytes){start, (size_t)(end - start)};
            b->index[i] >>= kind->log2_width;
            b->last[i] >>= kind->log2_width;
        }
        vl_tree_hash_bytes(&c->tree, b->parents, batch, bytes);
        scatter(b, batch, b->going + k);
    }
}

/* {nodes = the hashes of n highest nodes}, the first of which is that of proof `first`. */
static void hash_tops(proofs_call *c, size_t first, size_t n) {
    proof_block *b = c->block;
    for (size_t k = 0, batch; k < n; k += batch) {
        vl_bytes bytes[VL_GROUPS];
        batch = n - k < VL_GROUPS ? n - k : VL_GROUPS;
        for (size_t g = 0; g < batch; g++) {
            const int level = c->sizes[first + k + g] > 1;
            uint8_t *start = b->hashing.groups[g];
            uint8_t *end = put_node(c->tree.kind, start, b->nodes + VL_NODE * (k + g), 0, level);
            bytes[g] = (vl_bytes){start, (size_t)(end - start)};
        }
        vl_tree_hash_bytes(&c->tree, b->parents, batch, bytes);
        memcpy(b->nodes + VL_NODE * k, b->parents, VL_NODE * batch);
    }
}

/* ---- From leaves to roots ---- */

/* {block->nodes = level 0}; leaves of a wrong length are their own verdict already, whatever is hashed for them. */
static void start(proofs_call *c, const uint8_t *verdicts, size_t first, size_t n) {
    proof_block *b = c->block;
    const vl_column leaves = column_from(c->leaves, first);
    if (c->hash_leaves)
        vl_hash_column(b->nodes, n, &leaves, c->tree.kind->leaf_prefix, &c->tree.plan, &b->hashing.hashing);
    else
        for (size_t i = 0; i < n; i++)
            if (verdicts[i] == VL_OK) memcpy(b->nodes + VL_NODE * i, column_item(&leaves, i).data, VL_NODE);
    for (size_t i = 0; i < n; i++) {
        const vl_bytes proof = column_item(c->proofs, first + i);
        b->path[i] = proof.data;
        if (verdicts[i] != VL_OK) b->index[i] = b->last[i] = 0;
        else if (c->tree.kind->order == SMALLER_FIRST) {
            /* Sides do not matter; `last` halves once for each node of the proof. */
            const size_t levels = proof.length / VL_NODE;
            b->index[i] = 0;
            b->last[i] = levels ? UINT64_C(1) << (levels - 1) : 0;
        } else {
            b->index[i] = c->indices[first + i];
            b->last[i] = c->sizes[first + i] - 1;
        }
    }
}

static size_t still_going(proof_block *b, size_t n) {
    size_t going = 0;
    for (size_t i = 0; i < n; i++)
        if (b->last[i]) b->going[going++] = (uint16_t)i;
    return going;
}

static void verify_block(proofs_call *c, uint8_t *verdicts, size_t first, size_t n) {
    proof_block *b = c->block;
    b->nodes = b->rows[0];
    b->parents = b->rows[1];
    b->size = n;
    memset(b->seen, 0, sizeof b->seen);
    for (size_t i = 0; i < n; i++) verdicts[i] = malformed(c, first + i);
    start(c, verdicts, first, n);
    int level = 0;
    for (size_t going; (going = still_going(b, n)) > 0; level++) {
        if (c->tree.kind->log2_width == 1) step_pairs(c, going);
        else step_groups(c, going, level);
    }
    if (c->tree.kind->hashed_top) hash_tops(c, first, n);
    for (size_t i = 0; i < n; i++)
        if (verdicts[i] == VL_OK && memcmp(b->nodes + VL_NODE * i, root_of(c, first + i).data, VL_NODE) != 0)
            verdicts[i] = VL_MISMATCH;
}

int vl_merkle_verify_proofs(uint8_t *verdicts, size_t n, size_t n_roots, const vl_column *roots,
                            const vl_column *leaves, const vl_column *proofs, const uint64_t *indices,
                            const uint64_t *sizes, int leaf_hashes, int tree, int hash, int isa, void *scratch,
                            size_t scratch_size) {
    vl_scratch pieces;
    int error = vl_scratch_cut(&pieces, scratch, scratch_size);
    if (error) return error;
    proofs_call c = {{0}, pieces.host, roots, leaves, proofs, n_roots, indices, sizes, 0};
    error = vl_tree_open(&c.tree, tree, hash, isa, &c.block->hashing);
    if (error || n == 0) return error;
    c.hash_leaves = c.tree.kind->leaf == VL_LEAF_HASHED && !leaf_hashes;
    if (!verdicts || (n_roots != 1 && n_roots != n)) return VL_ERROR_ARGUMENT;
    if (c.tree.kind->order != SMALLER_FIRST && (!indices || !sizes)) return VL_ERROR_ARGUMENT;
    if (!column_is_readable(roots, n_roots) || !column_is_readable(leaves, n) || !column_is_readable(proofs, n))
        return VL_ERROR_ARGUMENT;
    for (size_t i = 0; i < n; i += BLOCK) verify_block(&c, verdicts + i, i, n - i < BLOCK ? n - i : BLOCK);
    return VL_SUCCESS;
}
