#include "merkle/level.h"

#include <string.h>

#include "merkle/rlp.h"

int vl_tree_open(vl_tree_hasher *tree, int kind, int hash, int isa, vl_level_scratch *scratch) {
    *tree = (vl_tree_hasher){.kind = vl_find_tree(kind), .scratch = scratch};
    if (!tree->kind) return VL_ERROR_ARGUMENT;
    if (hash == VL_HASH_OWN) hash = tree->kind->hash;
    if (vl_hash_size(hash) != VL_NODE || (tree->kind->only_hash && hash != tree->kind->hash)) return VL_ERROR_ARGUMENT;
    return vl_hash_choose(&tree->plan, hash, isa);
}

/* ---- Leaves ---- */

int vl_pack_nodes(vl_column *packed, size_t n, const vl_column *leaves) {
    *packed = (vl_column){leaves->data, NULL, VL_NODE, leaves->offsets ? 0 : leaves->stride};
    if (!leaves->offsets) return leaves->width == VL_NODE ? VL_SUCCESS : VL_ERROR_ARGUMENT;
    for (size_t i = 0; i < n; i++)
        if (leaves->offsets[i + 1] - leaves->offsets[i] != VL_NODE) return VL_ERROR_ARGUMENT;
    packed->data += leaves->offsets[0];
    return VL_SUCCESS;
}

/* ---- Pairs ---- */

int vl_equal_pairs(uint8_t *equal, size_t n, const uint8_t *pairs) {
    int any = 0;
    for (size_t i = 0; i < n; i++, pairs += 2 * VL_NODE) {
        int same = memcmp(pairs, pairs + VL_NODE, VL_NODE) == 0;
        if (equal) equal[i] = (uint8_t)same;
        any |= same;
    }
    return any;
}

/* {sorted = the two nodes of the pair, the smaller one first, as bytes in order}. Which one is, is a coin's toss: no branch
 * depends on it, unless the first eight bytes agree. */
static void sort_pair(uint8_t sorted[2 * VL_NODE], const uint8_t pair[2 * VL_NODE]) {
    uint64_t left[4], right[4], first_left = 0, first_right = 0;
    memcpy(left, pair, VL_NODE);
    memcpy(right, pair + VL_NODE, VL_NODE);
    for (int i = 0; i < 8; i++) {
        first_left = first_left << 8 | pair[i];
        first_right = first_right << 8 | pair[VL_NODE + i];
    }
    int larger = first_left > first_right;
    if (first_left == first_right) larger = memcmp(pair, pair + VL_NODE, VL_NODE) > 0;
    const uint64_t exchange = -(uint64_t)larger;
    for (int i = 0; i < 4; i++) {
        uint64_t difference = (left[i] ^ right[i]) & exchange;
        left[i] ^= difference;
        right[i] ^= difference;
    }
    memcpy(sorted, left, VL_NODE);
    memcpy(sorted + VL_NODE, right, VL_NODE);
}

static void hash_pairs(vl_tree_hasher *tree, uint8_t *parents, size_t n, const uint8_t *pairs) {
    vl_hash_nodes(parents, n, pairs, tree->kind->shape, &tree->plan, &tree->scratch->hashing);
}

void vl_tree_pairs(vl_tree_hasher *tree, uint8_t *parents, size_t n, const uint8_t *pairs) {
    if (tree->kind->order != SMALLER_FIRST) {
        hash_pairs(tree, parents, n, pairs);
        return;
    }
    uint8_t *sorted = tree->scratch->pairs;
    for (size_t i = 0, count; i < n; i += count) {
        count = n - i < VL_SORTED_PAIRS ? n - i : VL_SORTED_PAIRS;
        for (size_t k = 0; k < count; k++) sort_pair(sorted + 2 * VL_NODE * k, pairs + 2 * VL_NODE * (i + k));
        hash_pairs(tree, parents + VL_NODE * i, count, sorted);
    }
}

void vl_tree_hash(vl_tree_hasher *tree, uint8_t *digests, size_t n, const uint8_t *rows, size_t width) {
    const vl_column column = {rows, NULL, width, 0};
    vl_hash_column(digests, n, &column, (vl_bytes){NULL, 0}, &tree->plan, &tree->scratch->hashing);
}

const uint8_t *vl_tree_zero(vl_tree_hasher *tree, int level) {
    uint8_t(*zeros)[VL_NODE] = tree->scratch->zeros, pair[2 * VL_NODE];
    for (; tree->zeros <= level; tree->zeros++) {
        if (tree->zeros == 0) {
            memset(zeros[0], 0, VL_NODE);
            continue;
        }
        memcpy(pair, zeros[tree->zeros - 1], VL_NODE);
        memcpy(pair + VL_NODE, zeros[tree->zeros - 1], VL_NODE);
        hash_pairs(tree, zeros[tree->zeros], 1, pair);
    }
    return zeros[level];
}

/* What becomes of a lone last node, where two make one. */
static void lone_parent(vl_tree_hasher *tree, uint8_t parent[VL_NODE], const uint8_t node[VL_NODE], int level) {
    uint8_t pair[2 * VL_NODE];
    memcpy(pair, node, VL_NODE);
    switch (tree->kind->lone) {
    case VL_LONE_UP:
        memcpy(parent, pair, VL_NODE);
        return;
    case VL_LONE_HASH:
        vl_tree_hash(tree, parent, 1, pair, VL_NODE);
        return;
    case VL_LONE_TWICE:
        memcpy(pair + VL_NODE, node, VL_NODE);
        break;
    case VL_LONE_ZERO:
        memcpy(pair + VL_NODE, vl_tree_zero(tree, level), VL_NODE);
        break;
    }
    hash_pairs(tree, parent, 1, pair);
}

/* ---- Groups of more than two ---- */

/* What is hashed to make the parent of `count` nodes: they themselves, or on level 0 of an indexed tree rlp(index) || leaf
 * of each, put together in `buffer`. */
static vl_bytes group_bytes(const vl_tree_hasher *tree, uint8_t *buffer, size_t count, const uint8_t *nodes,
                            uint64_t group, int level) {
    if (level > 0 || tree->kind->leaf != VL_LEAF_INDEXED) return (vl_bytes){nodes, VL_NODE * count};
    uint8_t *end = buffer;
    for (size_t i = 0; i < count; i++) {
        end = rlp_put_index(end, (group << tree->kind->log2_width) + i);
        memcpy(end, nodes + VL_NODE * i, VL_NODE);
        end += VL_NODE;
    }
    return (vl_bytes){buffer, (size_t)(end - buffer)};
}

void vl_tree_hash_bytes(vl_tree_hasher *tree, uint8_t *digests, size_t n, const vl_bytes *bytes) {
    const vl_bytes nothing = {NULL, 0};
    vl_message messages[VL_GROUPS];
    for (size_t i = 0; i < n; i++) messages[i] = vl_message_of(bytes[i], nothing, nothing);
    vl_hash_messages(digests, n, messages, &tree->plan, &tree->scratch->hashing);
}

/* As vl_tree_level. Digests of a batch replace nodes only when all of it is hashed. */
static size_t wide_level(vl_tree_hasher *tree, uint8_t *parents, size_t m, const uint8_t *nodes, uint64_t first,
                         int level) {
    const size_t width = (size_t)1 << tree->kind->log2_width, groups = (m + width - 1) / width;
    for (size_t i = 0, batch; i < groups; i += batch) {
        uint8_t digests[VL_GROUPS * VL_NODE];
        vl_bytes bytes[VL_GROUPS];
        batch = groups - i < VL_GROUPS ? groups - i : VL_GROUPS;
        for (size_t k = 0; k < batch; k++) {
            size_t from = width * (i + k), count = m - from < width ? m - from : width;
            bytes[k] = group_bytes(tree, tree->scratch->groups[k], count, nodes + VL_NODE * from, first + i + k, level);
        }
        vl_tree_hash_bytes(tree, digests, batch, bytes);
        memcpy(parents + VL_NODE * i, digests, VL_NODE * batch);
    }
    return groups;
}

/* ---- Levels ---- */

size_t vl_tree_level(vl_tree_hasher *tree, uint8_t *parents, size_t m, const uint8_t *nodes, uint64_t first,
                     int level) {
    if (tree->kind->log2_width > 1) return wide_level(tree, parents, m, nodes, first, level);
    const size_t pairs = m / 2;
    vl_tree_pairs(tree, parents, pairs, nodes);
    if (m % 2) lone_parent(tree, parents + VL_NODE * pairs, nodes + VL_NODE * (m - 1), level);
    return pairs + m % 2;
}

void vl_tree_root(vl_tree_hasher *tree, uint8_t root[VL_NODE], const uint8_t top[VL_NODE], int depth) {
    if (!tree->kind->hashed_top) {
        memmove(root, top, VL_NODE);
        return;
    }
    vl_bytes bytes = group_bytes(tree, tree->scratch->groups[0], 1, top, 0, depth);
    vl_tree_hash(tree, root, 1, bytes.data, bytes.length);
}
