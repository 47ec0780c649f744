/* Merkle trees of every kind: level by level, one hash at a time, against the roots, the subtrees and the proofs of csrc/merkle on
 * every instruction set. */
#include "merkle.h"

#include <stdlib.h>
#include <string.h>

#include "peers.h"

enum { LEAVES = 48, LEVELS = 8, LEAF = 40 };

typedef struct {
    int kind, hash;
    vl_tree_facts facts;
    size_t n;     /* of leaves */
    size_t limit; /* chunks of an SSZ tree; else n */
    vl_bytes leaf[LEAVES];
    int levels;
    size_t count[LEVELS];
    uint8_t node[LEVELS][2 * LEAVES][32];
} tree;

static void hash_of(uint8_t *digest, int hash, const uint8_t *text, size_t size) {
    const vl_column column = {.data = text, .width = size};
    if (openssl_digest(digest, hash, (vl_bytes){text, size}) == PEER_YES) return;
    FUZZ_CHECK(!vl_digest(digest, 1, &column, hash, VL_ISA_SCALAR, fuzz_scratch, fuzz_scratch_size));
}

/* One leaf's node: as verilane.h says of enum vl_leaf_form. */
static void leaf_node(uint8_t *node, const tree *t, size_t i) {
    uint8_t text[1 + LEAF] = {0};
    size_t size = 0;
    if (t->facts.leaf == VL_LEAF_HASHED) {
        if (t->facts.leaf_prefix >= 0) text[size++] = (uint8_t)t->facts.leaf_prefix;
        memcpy(text + size, t->leaf[i].data, t->leaf[i].length);
        hash_of(node, t->hash, text, size + t->leaf[i].length);
    } else memcpy(node, t->leaf[i].data, 32);
}

/* The parent of `children` nodes in a row, of which there are fewer at the end; the row's first has number `first`. */
static void parent(uint8_t *node, const tree *t, const uint8_t (*child)[32], size_t children, size_t first, int level) {
    uint8_t text[1 + 16 * 34];
    size_t size = 0;
    const uint8_t *order[16] = {0};
    if (children == 1 && t->facts.lone == VL_LONE_UP) {
        memcpy(node, child[0], 32);
        return;
    }
    for (size_t i = 0; i < children; i++) order[i] = child[i];
    if (children == 1 && t->facts.lone == VL_LONE_TWICE) order[children++] = child[0];
    if (t->facts.sorted && children == 2 && memcmp(order[0], order[1], 32) > 0)
        order[0] = child[1], order[1] = child[0];
    if (t->facts.node_prefix >= 0) text[size++] = (uint8_t)t->facts.node_prefix;
    for (size_t i = 0; i < children; i++) {
        if (t->facts.leaf == VL_LEAF_INDEXED && level == 0) /* rlp(index), below 128 */
            text[size++] = first + i ? (uint8_t)(first + i) : 0x80;
        memcpy(text + size, order[i], 32);
        size += 32;
    }
    hash_of(node, t->hash, text, size);
}

/* All levels. An SSZ tree is filled with zeros up to its limit. */
static void grow(tree *t) {
    const size_t width = (size_t)t->facts.width;
    size_t n = t->n;
    for (size_t i = 0; i < n; i++) leaf_node(t->node[0][i], t, i);
    if (t->facts.lone == VL_LONE_ZERO) {
        for (n = 1; n < t->limit;) n *= 2;
        for (size_t i = t->n; i < n; i++) memset(t->node[0][i], 0, 32);
    }
    for (t->levels = 0; t->count[t->levels] = n, n > 1; t->levels++) {
        const size_t parents = (n + width - 1) / width;
        for (size_t i = 0; i < parents; i++) {
            const size_t here = n - width * i < width ? n - width * i : width;
            parent(t->node[t->levels + 1][i], t, (const uint8_t(*)[32])t->node[t->levels][width * i], here, width * i,
                   t->levels);
        }
        n = parents;
    }
}

static void root_of(uint8_t *root, const tree *t) {
    memcpy(root, t->node[t->levels][0], 32);
    if (!t->facts.hashed_top) return;
    uint8_t text[33] = {0x80}; /* one leaf of FISCO BCOS 2 is hashed with its index */
    const size_t indexed = t->n == 1 && t->facts.leaf == VL_LEAF_INDEXED;
    memcpy(text + indexed, root, 32);
    hash_of(root, t->hash, text, 32 + indexed);
}

/* The nodes that are hashed together with leaf i's, from below. */
static size_t prove(uint8_t *proof, const tree *t, size_t i) {
    const size_t width = (size_t)t->facts.width;
    size_t nodes = 0;
    for (int level = 0; level < t->levels; level++, i /= width) {
        const size_t first = i - i % width;
        size_t here = 0;
        for (size_t k = first; k < first + width && k < t->count[level]; k++) {
            here++;
            if (k != i) memcpy(proof + 32 * nodes++, t->node[level][k], 32);
        }
        if (here == 1 && t->facts.lone == VL_LONE_TWICE) memcpy(proof + 32 * nodes++, t->node[level][i], 32);
    }
    return nodes;
}

/* ---- Against csrc ---- */

static void check_roots(const tree *t, const uint8_t *root, int isa) {
    fuzz_column leaves;
    uint8_t found[32];
    int mutated;
    fuzz_column_make(&leaves, t->n, t->leaf, 1);
    FUZZ_CHECK(!vl_merkle_root_of_leaves(found, &mutated, t->n, &leaves.column, t->limit, t->kind, t->hash, isa,
                                         fuzz_scratch, fuzz_scratch_size));
    FUZZ_CHECK(memcmp(found, root, 32) == 0);
    fuzz_column_free(&leaves);
}

/* The same root of two parts, each reduced to level `height`. */
static void check_subtrees(const tree *t, const uint8_t *root, int height, int isa) {
    size_t step = 1;
    for (int i = 0; i < height; i++) step *= (size_t)t->facts.width;
    if (step >= t->n) return;
    const size_t first = step * ((t->n - 1) / step), total = t->facts.lone == VL_LONE_ZERO ? t->limit : t->n;
    fuzz_column leaves[2];
    uint8_t *nodes = malloc(32 * (first / step + 1)), found[32];
    int mutated = 0;
    fuzz_column_make(&leaves[0], first, t->leaf, 1);
    fuzz_column_make(&leaves[1], t->n - first, t->leaf + first, 1);
    FUZZ_CHECK(!vl_merkle_nodes(nodes, &mutated, first, &leaves[0].column, 0, total, height, t->kind, t->hash, isa,
                                fuzz_scratch, fuzz_scratch_size));
    FUZZ_CHECK(!vl_merkle_nodes(nodes + 32 * (first / step), &mutated, t->n - first, &leaves[1].column, first, total,
                                height, t->kind, t->hash, isa, fuzz_scratch, fuzz_scratch_size));
    FUZZ_CHECK(!vl_merkle_root(found, &mutated, first / step + 1, nodes, total, height, t->kind, t->hash, isa,
                               fuzz_scratch, fuzz_scratch_size));
    FUZZ_CHECK(memcmp(found, root, 32) == 0);
    free(nodes);
    for (int i = 0; i < 2; i++) fuzz_column_free(&leaves[i]);
}

typedef struct {
    uint8_t root[32], leaf[LEAF], proof[LEVELS * 16 * 32];
    size_t root_size, leaf_size, proof_size;
    uint64_t index, total;
} claim;

static void verify_claims(uint8_t *verdicts, const tree *t, const claim *claims, size_t n, int isa) {
    vl_bytes roots[4], leaves[4], proofs[4];
    uint64_t indices[4], sizes[4];
    fuzz_column columns[3];
    FUZZ_CHECK(n <= 4);
    for (size_t i = 0; i < n; i++) {
        roots[i] = (vl_bytes){claims[i].root, claims[i].root_size};
        leaves[i] = (vl_bytes){claims[i].leaf, claims[i].leaf_size};
        proofs[i] = (vl_bytes){claims[i].proof, claims[i].proof_size};
        indices[i] = claims[i].index;
        sizes[i] = claims[i].total;
    }
    fuzz_column_make(&columns[0], n, roots, 1);
    fuzz_column_make(&columns[1], n, leaves, 1);
    fuzz_column_make(&columns[2], n, proofs, 1);
    FUZZ_CHECK(!vl_merkle_verify_proofs(verdicts, n, n, &columns[0].column, &columns[1].column, &columns[2].column,
                                        indices, sizes, 0, t->kind, t->hash, isa, fuzz_scratch, fuzz_scratch_size));
    for (int i = 0; i < 3; i++) fuzz_column_free(&columns[i]);
}

/* Four claims: as it is; with a bit changed; with other lengths; with another index or size. */
static void make_claims(claim claims[4], const tree *t, const uint8_t *root, fuzz_random *random) {
    const size_t i = fuzz_below(random, t->n);
    claim *good = &claims[0];
    memset(good, 0, sizeof *good);
    memcpy(good->root, root, 32);
    memcpy(good->leaf, t->leaf[i].data, t->leaf[i].length);
    good->root_size = 32;
    good->leaf_size = t->leaf[i].length;
    good->proof_size = 32 * prove(good->proof, t, i);
    good->index = i;
    good->total = t->facts.lone == VL_LONE_ZERO ? t->limit : t->n;
    claims[1] = claims[2] = claims[3] = *good;
    const size_t bit = fuzz_below(random, 8 * (32 + good->proof_size));
    *(bit < 256 ? &claims[1].root[bit / 8] : &claims[1].proof[bit / 8 - 32]) ^= 1 << bit % 8;
    switch (fuzz_below(random, 3)) {
    case 0:
        claims[2].root_size = fuzz_below(random, 32);
        break;
    case 1:
        claims[2].proof_size += fuzz_below(random, 2) || !good->proof_size ? 32 : (size_t)-32;
        break;
    default:
        claims[2].leaf_size ^= 1;
        claims[2].leaf[LEAF - 1] = 0;
    }
    const uint64_t other[] = {
        0, fuzz_below(random, 2 * LEAVES), UINT64_MAX, good->total, good->total - 1, good->index ^ 1};
    if (fuzz_below(random, 2)) claims[3].index = other[fuzz_below(random, 6)];
    else claims[3].total = other[fuzz_below(random, 6)];
}

static void check_claims(const tree *t, const claim claims[4], int isa, uint8_t first[4]) {
    uint8_t verdicts[4] = {0}, again[4];
    verify_claims(verdicts, t, claims, 4, isa);
    for (size_t i = 0; i < 4; i++) {
        verify_claims(again, t, &claims[i], 1, isa);
        FUZZ_CHECK(again[0] == verdicts[i] && verdicts[i] >= VL_OK && verdicts[i] <= VL_MISMATCH);
    }
    FUZZ_CHECK(verdicts[0] == VL_OK);
    FUZZ_CHECK(verdicts[1] == VL_MISMATCH);
    FUZZ_CHECK(verdicts[2] != VL_OK);
    /* Hashes are of other texts where the index or the size asks for others; twins, and what is passed up, are not. */
    if (!t->facts.sorted && claims[3].total != 0 && claims[3].index >= claims[3].total)
        FUZZ_CHECK(verdicts[3] == VL_BAD_SIGNATURE);
    if (first[0] == VL_UNDECIDED) memcpy(first, verdicts, 4);
    FUZZ_CHECK(memcmp(first, verdicts, 4) == 0);
}

/* Bytes: the kind, how many leaves, an SSZ tree's room, the hash, a seed of what is claimed, how often leaves repeat; then
 * leaves. */
void check_merkle(const uint8_t *data, size_t size) {
    static tree t;
    static uint8_t leaves[LEAVES][LEAF];
    uint8_t root[32], first[4] = {0};
    claim claims[4];
    if (size < 6) return;
    t.kind = data[0] % vl_tree_count();
    FUZZ_CHECK(!vl_tree_describe(&t.facts, t.kind));
    t.n = 1 + data[1] % LEAVES;
    t.limit = t.facts.lone == VL_LONE_ZERO ? t.n + data[2] % (64 - t.n + 1) : t.n;
    t.hash = t.facts.only_hash || !(data[3] & 8) ? t.facts.hash : data[3] % VL_HASH_COUNT;
    if (vl_hash_size(t.hash) != 32) t.hash = t.facts.hash;
    const size_t repeat = 1 + data[5] % 16;
    fuzz_random random = {data[4]};
    for (size_t i = 0; i < t.n; i++) {
        const size_t at = 6 + (i % repeat) * LEAF, left = at < size ? size - at : 0;
        memset(leaves[i], (int)(i % repeat), LEAF);
        if (left) memcpy(leaves[i], data + at, left < LEAF ? left : LEAF);
        t.leaf[i] = (vl_bytes){leaves[i], t.facts.leaf == VL_LEAF_HASHED ? leaves[i][LEAF - 1] % LEAF : 32};
    }
    grow(&t);
    root_of(root, &t);
    make_claims(claims, &t, root, &random);
    for (int isa = VL_ISA_AUTO; isa < vl_isa_count(); isa++) {
        if (isa >= 0 && vl_isa_missing(isa)) continue;
        check_roots(&t, root, isa);
        check_subtrees(&t, root, 1 + data[4] % 3, isa);
        check_claims(&t, claims, isa, first);
    }
}
