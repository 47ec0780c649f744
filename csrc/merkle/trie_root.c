/* Roots of Ethereum's ordered tries (Yellow Paper, section 4.3.2 and appendix D): the keys are rlp(0), rlp(1), ... Nodes lie
 * in a row, in the order of their keys, each with the nibbles that it shares with the next one. From the deepest level up,
 * neighbours that share as many nibbles as the level is deep become one branch; all branches of a level are hashed in
 * lanes, then the extensions above them. No key is the beginning of another one, so that no branch has a value. */
#include <string.h>

#include "hash/hash.h"
#include "merkle/hex_prefix.h"
#include "merkle/rlp.h"
#include "scratch.h"

#define HASH_SIZE 32
#define REFERENCE (1 + HASH_SIZE)
#define WIDTH 16

/* Nibbles of a key: at most 7 bytes of an index after one of its length. */
#define KEY_BYTES 8
#define MOST_ITEMS (UINT64_C(1) << 56)

typedef struct {
    uint64_t key;           /* rlp(index) of its first item, from the highest byte on, zeros after it */
    int32_t shared;         /* nibbles that its last key shares with the next one's; TRIE_END: there is no next one */
    uint8_t ref[REFERENCE]; /* what stands for it in its parent: rlp(its hash), or itself if shorter than a hash */
} trie_node;

#define TRIE_END (-1)

_Static_assert(sizeof(trie_node) == VL_TRIE_NODE_WORDS * sizeof(uint64_t), "see verilane.h");

/* Nodes that are hashed at a time, and what is put together of each: of a leaf all but its value (the headers of list and
 * value, and the path), of a branch everything. */
#define LEAVES ((size_t)VL_HASH_SORTED)
#define LEAF_BYTES (9 + 1 + KEY_BYTES + 9)
#define BRANCHES ((size_t)256)
#define BRANCH_BYTES (3 + WIDTH * REFERENCE + 1)
#define EXTENSION_BYTES (1 + 1 + KEY_BYTES + REFERENCE)

/* A branch on its way: nibbles [from, to) of the key are the path of an extension above it. */
typedef struct {
    trie_node *node;
    int from, to;
} rising;

typedef struct {
    vl_hash_scratch hashing;
    vl_message messages[LEAVES];
    uint8_t *to[LEAVES]; /* where the digest of each message goes */
    uint8_t digests[LEAVES * HASH_SIZE];
    union {
        uint8_t leaves[LEAVES][LEAF_BYTES];
        uint8_t branches[BRANCHES][BRANCH_BYTES];
        uint8_t extensions[BRANCHES][EXTENSION_BYTES];
    } bytes;
    rising branches[BRANCHES];
} trie_block;

_Static_assert(sizeof(trie_block) <= VL_SCRATCH_HOST, "see scratch.h");

typedef struct {
    vl_hash_plan plan;
    trie_block *block;
    size_t waiting; /* messages */
} trie_call;

static int open_call(trie_call *c, int isa, void *scratch, size_t scratch_size) {
    vl_scratch pieces;
    int error = vl_scratch_cut(&pieces, scratch, scratch_size);
    if (error) return error;
    c->block = pieces.host;
    c->waiting = 0;
    return vl_hash_choose(&c->plan, VL_KECCAK256, isa);
}

/* ---- Hashing ---- */

static void hash_waiting(trie_call *c) {
    trie_block *b = c->block;
    vl_hash_messages(b->digests, c->waiting, b->messages, &c->plan, &b->hashing);
    for (size_t i = 0; i < c->waiting; i++) memcpy(b->to[i], b->digests + HASH_SIZE * i, HASH_SIZE);
    c->waiting = 0;
}

static void hash_later(trie_call *c, uint8_t *digest, vl_bytes head, vl_bytes tail) {
    c->block->to[c->waiting] = digest;
    c->block->messages[c->waiting++] = vl_message_of(head, tail, (vl_bytes){NULL, 0});
}

/* {node->ref = that of the node head || tail}, its hash's bytes as soon as what waits is hashed. */
static void refer(trie_call *c, trie_node *node, vl_bytes head, vl_bytes tail) {
    if (head.length + tail.length < HASH_SIZE) {
        memcpy(node->ref, head.data, head.length);
        if (tail.length) memcpy(node->ref + head.length, tail.data, tail.length);
        return;
    }
    node->ref[0] = RLP_STRING + HASH_SIZE;
    hash_later(c, node->ref + 1, head, tail);
}

/* Bytes of a ref: a hash, or a list of fewer bytes than that. */
static size_t ref_size(const uint8_t *ref) { return ref[0] < RLP_LIST ? REFERENCE : (size_t)(ref[0] - RLP_LIST) + 1; }

/* ---- Keys ---- */

static uint64_t key_of(uint64_t index) {
    uint8_t bytes[9] = {0};
    uint64_t key = 0;
    rlp_put_index(bytes, index);
    for (int i = 0; i < KEY_BYTES; i++) key = key << 8 | bytes[i];
    return key;
}

static void key_bytes(uint8_t bytes[KEY_BYTES], uint64_t key) { rlp_put_integer(bytes, key, KEY_BYTES); }

/* Nibbles of a key: its first byte is the whole of it, or tells how many follow. */
static int key_length(uint64_t key) {
    const int first = (int)(key >> 56);
    return first <= RLP_STRING ? 2 : 2 * (1 + first - RLP_STRING);
}

/* Of two different ones. */
static int shared_nibbles(uint64_t a, uint64_t b) { return __builtin_clzll(a ^ b) / 4; }

/* Keys in ascending order: 01 ... 7f, rlp(0) = 80, rlp(128) = 8180, ... */
static uint64_t place_of_zero(uint64_t size) { return size < 0x80 ? size - 1 : 0x7f; }

static uint64_t place_of(uint64_t index, uint64_t size) {
    if (index == 0) return place_of_zero(size);
    return index < 0x80 ? index - 1 : index;
}

static uint64_t index_at(uint64_t place, uint64_t size) {
    const uint64_t zero = place_of_zero(size);
    if (place == zero) return 0;
    return place < zero ? place + 1 : place;
}

/* ---- Leaves ---- */

/* Writes a path as a string; one byte is below 80 and has no header. */
static uint8_t *put_path(uint8_t *at, uint64_t key, int from, int to, int leaf) {
    uint8_t nibbles[KEY_BYTES];
    const int size = 1 + (to - from) / 2;
    key_bytes(nibbles, key);
    if (size > 1) at = rlp_put_header(at, RLP_STRING, (size_t)size);
    return hp_put(at, nibbles, (size_t)from, (size_t)to, leaf);
}

/* The leaf of a value under nibbles [from, end) of node->key. slot: LEAF_BYTES, kept until it is hashed. */
static void make_leaf(trie_call *c, trie_node *node, uint8_t *slot, vl_bytes value, int from) {
    uint8_t body[LEAF_BYTES], *end = put_path(body, node->key, from, key_length(node->key), 1);
    if (value.length == 1) {
        const uint8_t only = value.data[0]; /* read once: its value decides what is written */
        if (only >= RLP_STRING) end = rlp_put_header(end, RLP_STRING, 1);
        *end++ = only;
        value.length = 0;
    } else {
        end = rlp_put_header(end, RLP_STRING, value.length);
    }
    const size_t before = (size_t)(end - body);
    end = rlp_put_header(slot, RLP_LIST, before + value.length);
    memcpy(end, body, before);
    refer(c, node, (vl_bytes){slot, (size_t)(end - slot) + before}, value);
}

/* Item `index` of a trie that begins at nodes[0]. */
static void place_leaf(trie_call *c, trie_node *nodes, vl_bytes value, uint64_t index, uint64_t size) {
    const uint64_t place = place_of(index, size);
    trie_node *node = nodes + place;
    node->key = key_of(index);
    node->shared = place + 1 < size ? shared_nibbles(node->key, key_of(index_at(place + 1, size))) : TRIE_END;
    int before = place > 0 ? shared_nibbles(key_of(index_at(place - 1, size)), node->key) : TRIE_END;
    if (before < node->shared) before = node->shared;
    make_leaf(c, node, c->block->bytes.leaves[c->waiting], value, before + 1);
}

/* The last trie that starts at or before an item, of those that are not empty. */
static size_t trie_of(uint64_t item, size_t n, const int64_t *starts) {
    size_t low = 0, high = n - 1;
    while (low < high) {
        const size_t middle = high - (high - low) / 2;
        if ((uint64_t)starts[middle] <= item) low = middle;
        else high = middle - 1;
    }
    return low;
}

static int ascend(size_t n, const int64_t *starts) {
    if (starts[0] < 0) return 0;
    for (size_t i = 0; i < n; i++)
        if (starts[i] > starts[i + 1] || (uint64_t)(starts[i + 1] - starts[i]) > MOST_ITEMS) return 0;
    return 1;
}

int vl_trie_leaves(uint64_t *nodes, size_t n, const vl_column *items, uint64_t first, size_t tries,
                   const int64_t *starts, int isa, void *scratch, size_t scratch_size) {
    trie_call c;
    int error = open_call(&c, isa, scratch, scratch_size);
    if (error || n == 0) return error;
    if (!nodes || !tries || !starts || !ascend(tries, starts) || !column_is_readable(items, n))
        return VL_ERROR_ARGUMENT;
    if (first < (uint64_t)starts[0] || first > (uint64_t)starts[tries] || n > (uint64_t)starts[tries] - first)
        return VL_ERROR_ARGUMENT;
    size_t trie = trie_of(first, tries, starts);
    for (size_t i = 0; i < n; i++) {
        const vl_bytes value = column_item(items, i);
        while (first + i >= (uint64_t)starts[trie + 1]) trie++;
        const uint64_t start = (uint64_t)starts[trie], size = (uint64_t)starts[trie + 1] - start;
        if (value.length == 0) return VL_ERROR_ARGUMENT;
        place_leaf(&c, (trie_node *)(void *)nodes + (start - (uint64_t)starts[0]), value, first + i - start, size);
        if (c.waiting == LEAVES) hash_waiting(&c);
    }
    hash_waiting(&c);
    return VL_SUCCESS;
}

/* ---- Branches and extensions ---- */

/* {node = the branch of children [0, count) that share `depth` nibbles}; node may be children[0]. slot: BRANCH_BYTES. */
static void make_branch(trie_call *c, trie_node *node, uint8_t *slot, const trie_node *children, size_t count,
                        int depth) {
    size_t body = WIDTH + 1 - count;
    for (size_t i = 0; i < count; i++) body += ref_size(children[i].ref);
    uint8_t *end = rlp_put_header(slot, RLP_LIST, body);
    unsigned next = 0;
    for (size_t i = 0; i < count; i++, next++) {
        const unsigned nibble = children[i].key >> (60 - 4 * depth) & 15;
        for (; next < nibble; next++) *end++ = RLP_STRING;
        const size_t size = ref_size(children[i].ref);
        memcpy(end, children[i].ref, size);
        end += size;
    }
    for (; next <= WIDTH; next++) *end++ = RLP_STRING; /* the last one: no value */
    node->key = children[0].key;
    node->shared = children[count - 1].shared;
    refer(c, node, (vl_bytes){slot, (size_t)(end - slot)}, (vl_bytes){NULL, 0});
}

/* {node = the extension by nibbles [from, to) above it} */
static void make_extension(trie_call *c, trie_node *node, uint8_t *slot, int from, int to) {
    uint8_t path[1 + KEY_BYTES];
    const size_t size = (size_t)(put_path(path, node->key, from, to, 0) - path), child = ref_size(node->ref);
    uint8_t *end = rlp_put_header(slot, RLP_LIST, size + child);
    memcpy(end, path, size);
    memcpy(end + size, node->ref, child);
    refer(c, node, (vl_bytes){slot, (size_t)(end - slot) + size + child}, (vl_bytes){NULL, 0});
}

/* Ends n branches: their hashes, then their extensions and the hashes of these. */
static void finish_branches(trie_call *c, size_t n) {
    trie_block *b = c->block;
    hash_waiting(c);
    for (size_t i = 0; i < n; i++)
        if (b->branches[i].from < b->branches[i].to)
            make_extension(c, b->branches[i].node, b->bytes.extensions[i], b->branches[i].from, b->branches[i].to);
    hash_waiting(c);
}

/* Makes one node of those that share `depth` nibbles; returns how many nodes there are then. None share more. */
static size_t raise(trie_call *c, trie_node *nodes, size_t n, int depth) {
    trie_block *b = c->block;
    size_t made = 0, branches = 0;
    for (size_t i = 0, last; i < n; i = last + 1, made++) {
        for (last = i; nodes[last].shared == depth;) last++;
        if (last == i) {
            if (made < i) nodes[made] = nodes[i];
            continue;
        }
        int above = made ? nodes[made - 1].shared : TRIE_END;
        if (above < nodes[last].shared) above = nodes[last].shared;
        b->branches[branches] = (rising){nodes + made, above + 1, depth};
        make_branch(c, nodes + made, b->bytes.branches[branches], nodes + i, last - i + 1, depth);
        if (++branches < BRANCHES) continue;
        finish_branches(c, branches);
        branches = 0;
    }
    finish_branches(c, branches);
    return made;
}

/* {root = the hash of a trie's only node}, which is hashed whatever its size. */
static void put_root(trie_call *c, uint8_t *root, const trie_node *node) {
    if (node->ref[0] < RLP_LIST) memcpy(root, node->ref + 1, HASH_SIZE);
    else hash_later(c, root, (vl_bytes){node->ref, ref_size(node->ref)}, (vl_bytes){NULL, 0});
}

int vl_trie_roots(uint8_t *roots, size_t n, uint64_t *nodes, const int64_t *starts, int isa, void *scratch,
                  size_t scratch_size) {
    static const uint8_t empty = RLP_STRING; /* the trie of nothing: an empty string in the place of a node */
    trie_call c;
    int error = open_call(&c, isa, scratch, scratch_size);
    if (error || n == 0) return error;
    if (!roots || !starts || !ascend(n, starts)) return VL_ERROR_ARGUMENT;
    trie_node *node = (trie_node *)(void *)nodes;
    size_t left = (size_t)(starts[n] - starts[0]);
    if (left && !nodes) return VL_ERROR_ARGUMENT;
    int depth = TRIE_END;
    for (size_t i = 0; i < left; i++)
        if (node[i].shared > depth) depth = node[i].shared;
    for (; depth >= 0; depth--) left = raise(&c, node, left, depth);
    for (size_t i = 0; i < n; i++) {
        if (starts[i] == starts[i + 1])
            hash_later(&c, roots + HASH_SIZE * i, (vl_bytes){&empty, 1}, (vl_bytes){NULL, 0});
        else put_root(&c, roots + HASH_SIZE * i, node++);
        if (c.waiting == LEAVES) hash_waiting(&c);
    }
    hash_waiting(&c);
    return VL_SUCCESS;
}
