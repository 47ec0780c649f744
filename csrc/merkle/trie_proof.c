/* Proofs of Ethereum's tries, many at once. The nodes of a run of proofs are copied, those that are there already (proofs of
 * one trie share the upper ones) only found again; all are checked and hashed in lanes; then every path is followed. */
#include <string.h>

#include "hash/hash.h"
#include "merkle/rlp.h"
#include "merkle/trie_node.h"
#include "scratch.h"

#define PROOFS ((size_t)256)
#define NODES ((size_t)2048)  /* different ones */
#define PASSED ((size_t)4096) /* of all paths */

/* Every node but the last takes a nibble of the key at least. */
#define LONGEST_PROOF ((size_t)(2 * VL_TRIE_LONGEST_KEY + 1))

_Static_assert(LONGEST_PROOF <= NODES && LONGEST_PROOF <= PASSED, "one proof fits");

/* Where nodes are looked for by what they hold: a power of two. Each place knows one node. */
#define PLACES ((size_t)4096)

typedef struct {
    vl_hash_scratch hashing;
    vl_message nodes[NODES];
    uint8_t digests[NODES * VL_TRIE_HASH];
    uint8_t is_node[NODES];
    uint16_t places[PLACES];
    uint16_t passed[PASSED];
    uint16_t first[PROOFS + 1]; /* proof i passes through passed[first[i] .. first[i + 1]) */
    union {
        uint8_t hashed[PROOFS * VL_TRIE_HASH];
        uint8_t plain[VL_TRIE_LONGEST_KEY];
    } keys;
} proof_block;

_Static_assert(sizeof(proof_block) <= VL_SCRATCH_HOST, "see scratch.h");

typedef struct {
    vl_hash_plan plan;
    proof_block *block;
    const vl_column *roots, *keys, *values, *nodes;
    size_t n_roots;
    const int64_t *starts;
    int hash_keys;
    uint8_t *memory;
    size_t memory_size, used;
    size_t count; /* nodes of the run */
} proofs_call;

static const uint8_t empty_node = RLP_STRING;

static vl_bytes root_of(const proofs_call *c, size_t i) { return column_item(c->roots, c->n_roots == 1 ? 0 : i); }

static size_t key_size(const proofs_call *c, size_t i) {
    return c->hash_keys ? VL_TRIE_HASH : column_item(c->keys, i).length;
}

/* Nodes of proof i. */
static size_t node_count(const proofs_call *c, size_t i) { return (size_t)(c->starts[i + 1] - c->starts[i]); }

static vl_bytes node_of(const proofs_call *c, size_t i, size_t k) {
    return column_item(c->nodes, (size_t)c->starts[i] + k);
}

static int is_too_long(const proofs_call *c, size_t i) {
    const size_t key = key_size(c, i);
    const size_t most = key < VL_TRIE_LONGEST_KEY ? 2 * key + 1 : LONGEST_PROOF;
    return node_count(c, i) > most;
}

/* ---- Nodes of a run ---- */

/* Any mixture of what a node holds will do; hashes inside it differ from node to node. */
static size_t place_of(const uint8_t *data, size_t length) {
    uint64_t mixed = length;
    for (size_t at = 0; at + 8 <= length; at += length / 4 + 1) {
        uint64_t word;
        memcpy(&word, data + at, sizeof word);
        mixed = (mixed ^ word) * UINT64_C(0x9e3779b97f4a7c15);
    }
    return (size_t)(mixed >> 40) % PLACES;
}

/* Copies a node behind those of the run, or finds it among them; returns its number. Its copy is what counts from now on. */
static uint16_t add_node(proofs_call *c, vl_bytes node) {
    proof_block *b = c->block;
    uint8_t *copy = c->memory + c->used;
    if (node.length) memcpy(copy, node.data, node.length);
    uint16_t *place = &b->places[place_of(copy, node.length)];
    if (*place < c->count) {
        const vl_message *there = &b->nodes[*place];
        if (there->end[0] == node.length && memcmp(there->data[0], copy, node.length) == 0) return *place;
    }
    *place = (uint16_t)c->count;
    const vl_bytes nothing = {NULL, 0};
    b->nodes[c->count] = vl_message_of((vl_bytes){copy, node.length}, nothing, nothing);
    c->used += node.length;
    return (uint16_t)c->count++;
}

static vl_bytes node_copy(const proof_block *b, uint16_t number) {
    return (vl_bytes){b->nodes[number].data[0], b->nodes[number].end[0]};
}

static size_t proof_bytes(const proofs_call *c, size_t i) {
    size_t bytes = node_count(c, i) == 0; /* the empty node's */
    for (size_t k = 0; k < node_count(c, i); k++) bytes += node_of(c, i, k).length;
    return bytes;
}

/* Adds proofs first .. first + n, as many as there is room for; returns how many. A proof that is too long for its key has no
 * nodes here. 0: not even one fits into the memory. */
static size_t add_proofs(proofs_call *c, size_t first, size_t n) {
    proof_block *b = c->block;
    size_t passed = 0;
    c->used = c->count = b->first[0] = 0;
    if (n > PROOFS) n = PROOFS;
    for (size_t i = 0; i < n; i++) {
        if (!is_too_long(c, first + i)) {
            const size_t count = node_count(c, first + i);
            if (passed + count + 1 > PASSED || c->count + count + 1 > NODES) return i;
            if (proof_bytes(c, first + i) > c->memory_size - c->used) return i;
            for (size_t k = 0; k < count; k++) b->passed[passed++] = add_node(c, node_of(c, first + i, k));
            if (count == 0) b->passed[passed++] = add_node(c, (vl_bytes){&empty_node, 1});
        }
        b->first[i + 1] = (uint16_t)passed;
    }
    return n;
}

static void check_nodes(proofs_call *c) {
    proof_block *b = c->block;
    for (size_t k = 0; k < c->count; k++) b->is_node[k] = (uint8_t)vl_trie_is_node(node_copy(b, (uint16_t)k));
    vl_hash_messages(b->digests, c->count, b->nodes, &c->plan, &b->hashing);
}

/* ---- One proof ---- */

/* Whether all of a proof's nodes are what they may be where they stand; the empty trie's stands alone. */
static int are_nodes(const proof_block *b, const uint16_t *passed, size_t count) {
    for (size_t k = 0; k < count; k++) {
        const vl_bytes node = node_copy(b, passed[k]);
        if (!b->is_node[passed[k]]) return count == 1 && node.length == 1 && node.data[0] == empty_node;
        if (k > 0 && node.length < VL_TRIE_HASH) return 0;
    }
    return 1;
}

/* Follows a path from the root through `count` nodes; {*last = the one that it ends in, path->found = the value, empty where
 * there is none} if the verdict is VL_OK. */
static uint8_t follow(const proof_block *b, vl_trie_path *path, size_t *last, vl_bytes root, const uint16_t *passed,
                      size_t count) {
    vl_bytes hash = root;
    for (size_t k = 0; k < count; k++) {
        if (memcmp(b->digests + VL_TRIE_HASH * passed[k], hash.data, VL_TRIE_HASH) != 0) return VL_MISMATCH;
        enum vl_trie_step step = VL_TRIE_ABSENT;
        if (b->is_node[passed[k]]) step = vl_trie_follow(path, node_copy(b, passed[k]));
        hash = path->found;
        if (step == VL_TRIE_NODE) continue;
        if (step == VL_TRIE_ABSENT) path->found.length = 0;
        *last = k;
        return k + 1 == count ? VL_OK : VL_BAD_SIGNATURE;
    }
    return VL_BAD_SIGNATURE; /* the path goes on */
}

static int agrees(const proofs_call *c, size_t i, vl_bytes found) {
    if (!c->values) return 1;
    const vl_bytes value = column_item(c->values, i);
    return value.length == found.length && (found.length == 0 || memcmp(value.data, found.data, found.length) == 0);
}

/* {range = where in the column of nodes the value lies that was found in the copy of the proof's node k} */
static void tell(const proofs_call *c, int64_t range[2], size_t i, size_t k, vl_bytes copy, vl_bytes found) {
    range[0] = range[1] = 0;
    if (found.length == 0) return;
    range[0] = (int64_t)((node_of(c, i, k).data - c->nodes->data) + (found.data - copy.data));
    range[1] = range[0] + (int64_t)found.length;
}

/* The verdict of proof i, number r of the run. */
static uint8_t judge(proofs_call *c, int64_t *range, size_t i, size_t r) {
    proof_block *b = c->block;
    const uint16_t *passed = b->passed + b->first[r];
    const size_t count = (size_t)(b->first[r + 1] - b->first[r]), size = key_size(c, i);
    vl_trie_path path = {b->keys.plain, 2 * size, 0, {NULL, 0}};
    size_t last = 0;
    if (root_of(c, i).length != VL_TRIE_HASH) return VL_BAD_KEY;
    if (count == 0 || !are_nodes(b, passed, count)) return VL_BAD_SIGNATURE;
    if (size > VL_TRIE_LONGEST_KEY) return VL_BAD_MESSAGE;
    if (c->hash_keys) path.key = b->keys.hashed + VL_TRIE_HASH * r;
    else if (size) memcpy(b->keys.plain, column_item(c->keys, i).data, size);
    const uint8_t verdict = follow(b, &path, &last, root_of(c, i), passed, count);
    if (verdict != VL_OK) return verdict;
    if (!agrees(c, i, path.found)) return VL_MISMATCH;
    if (range) tell(c, range, i, last, node_copy(b, passed[last]), path.found);
    return VL_OK;
}

/* As many proofs from `first` on as fit into one run; returns how many. */
static size_t verify_run(proofs_call *c, uint8_t *verdicts, int64_t *found, size_t first, size_t n) {
    const size_t count = add_proofs(c, first, n);
    check_nodes(c);
    if (c->hash_keys && count) {
        const vl_column keys = column_from(c->keys, first);
        vl_hash_column(c->block->keys.hashed, count, &keys, (vl_bytes){NULL, 0}, &c->plan, &c->block->hashing);
    }
    for (size_t r = 0; r < count; r++) {
        int64_t *range = found ? found + 2 * (first + r) : NULL;
        if (range) range[0] = range[1] = 0;
        verdicts[first + r] = judge(c, range, first + r, r);
    }
    return count;
}

static int are_readable(const proofs_call *c, size_t n) {
    if (c->n_roots != 1 && c->n_roots != n) return 0;
    if (!c->starts || c->starts[0] < 0) return 0;
    for (size_t i = 0; i < n; i++)
        if (c->starts[i] > c->starts[i + 1]) return 0;
    if (c->starts[n] > c->starts[0] && !column_is_readable(c->nodes, (size_t)c->starts[n])) return 0;
    if (c->values && !column_is_readable(c->values, n)) return 0;
    return column_is_readable(c->roots, c->n_roots) && column_is_readable(c->keys, n);
}

int vl_trie_verify(uint8_t *verdicts, int64_t *found, size_t n, size_t n_roots, const vl_column *roots,
                   const vl_column *keys, const vl_column *values, const vl_column *nodes, const int64_t *starts,
                   int hash_keys, void *memory, size_t memory_size, int isa, void *scratch, size_t scratch_size) {
    vl_scratch pieces;
    int error = vl_scratch_cut(&pieces, scratch, scratch_size);
    if (error) return error;
    proofs_call c = {.block = pieces.host,
                     .roots = roots,
                     .keys = keys,
                     .values = values,
                     .nodes = nodes,
                     .n_roots = n_roots,
                     .starts = starts,
                     .hash_keys = hash_keys,
                     .memory = memory,
                     .memory_size = memory ? memory_size : 0};
    error = vl_hash_choose(&c.plan, VL_KECCAK256, isa);
    if (error || n == 0) return error;
    if (!verdicts || !are_readable(&c, n)) return VL_ERROR_ARGUMENT;
    memset(c.block->places, 0, sizeof c.block->places);
    for (size_t i = 0, count; i < n; i += count) {
        count = verify_run(&c, verdicts, found, i, n - i);
        if (count == 0) return VL_ERROR_SCRATCH;
    }
    return VL_SUCCESS;
}
