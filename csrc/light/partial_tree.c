/* Bitcoin's partial Merkle trees: BIP 37, "Parsing a partial merkle tree object"; CPartialMerkleTree of Bitcoin Core. */
#include <string.h>

#include "binding.h"

enum { NODE = 32, LEVELS = 33 }; /* no tree is higher: the number of transactions has 32 bits */

enum { TREE, HEIGHT, NUMBER, LEFT, RIGHT, PLACE, FLAG, COLUMNS };

typedef struct {
    int64_t *nodes;
    size_t capacity, row;
} node_table;

typedef struct {
    uint64_t total, n_hashes, n_flags; /* flags in bits */
    int64_t hashes;
    const uint8_t *flags;
} partial_tree;

static int height_of(uint64_t total) { return total > 1 ? 64 - __builtin_clzll(total - 1) : 0; }

static uint64_t width_of(uint64_t total, int height) { return (total + (UINT64_C(1) << height) - 1) >> height; }

static int64_t *cell(const node_table *table, size_t row, size_t column) {
    return table->nodes + column * table->capacity + row;
}

static void put(node_table *table, const int64_t *node) {
    for (size_t k = 0; k < COLUMNS; k++) *cell(table, table->row, k) = node[k];
    table->row++;
}

/* 0 if there are flags for more than the nodes: whole bytes, or ones in what fills the last byte. */
static int flags_end_at(const partial_tree *t, uint64_t bit) {
    if ((bit + 7) / 8 * 8 != t->n_flags) return 0;
    return bit % 8 == 0 || t->flags[bit / 8] >> bit % 8 == 0;
}

/* Visits all nodes of a tree, depth first, and adds a row for each. Returns 1 if it uses up its hashes and flags, 0 if not,
 * -1 if the table is full.
 * open: the row of the node whose children are visited, on each level. waiting: a bit for each level on which a right child
 * comes later. The lowest is next: it is the right neighbour of the node of that level which the walk is under. */
static int visit(node_table *table, int64_t tree, const partial_tree *t) {
    int height = height_of(t->total);
    const int top = height;
    uint64_t number = 0, bit = 0, used = 0, waiting = 0;
    size_t open[LEVELS + 1] = {0};
    for (;;) {
        if (bit == t->n_flags) return 0;
        const int flag = t->flags[bit / 8] >> bit % 8 & 1, takes = height == 0 || !flag;
        bit++;
        if (takes && used == t->n_hashes) return 0;
        if (table->row == table->capacity) return -1;
        if (height < top) *cell(table, open[height + 1], number & 1 ? RIGHT : LEFT) = (int64_t)table->row;
        open[height] = table->row;
        const int64_t place = takes ? t->hashes + NODE * (int64_t)used++ : -1;
        put(table, (int64_t[COLUMNS]){tree, height, (int64_t)number, -1, -1, place, flag});
        if (!takes) {
            height--;
            number *= 2;
            if (number + 1 < width_of(t->total, height)) waiting |= UINT64_C(1) << height;
            continue;
        }
        if (!waiting) return used == t->n_hashes && flags_end_at(t, bit);
        const int level = __builtin_ctzll(waiting);
        waiting &= waiting - 1;
        number = number >> (level - height) | 1;
        height = level;
    }
}

int vl_partial_trees(size_t *n_nodes, int64_t *nodes, size_t capacity, uint8_t *good, size_t n, const uint8_t *data,
                     size_t size, const int64_t *totals, const int64_t *n_hashes, const int64_t *hashes,
                     const int64_t *n_flags, const int64_t *flags) {
    node_table table = {nodes, capacity, 0};
    if (!n_nodes || (capacity && !nodes)) return VL_ERROR_ARGUMENT;
    if (n && (!good || !data || !totals || !n_hashes || !hashes || !n_flags || !flags)) return VL_ERROR_ARGUMENT;
    for (size_t i = 0; i < n; i++) {
        if (!good[i]) continue;
        const size_t first = table.row;
        if (totals[i] < 1 || totals[i] > UINT32_MAX || n_hashes[i] < 0 || hashes[i] < 0 || n_flags[i] < 0 ||
            flags[i] < 0)
            return VL_ERROR_ARGUMENT;
        if ((uint64_t)flags[i] > size || (uint64_t)n_flags[i] > size - (uint64_t)flags[i]) return VL_ERROR_ARGUMENT;
        const partial_tree t = {(uint64_t)totals[i], (uint64_t)n_hashes[i], 8 * (uint64_t)n_flags[i], hashes[i],
                                data + flags[i]};
        const int found = visit(&table, (int64_t)i, &t);
        if (found < 0) return VL_ERROR_ARGUMENT;
        good[i] = (uint8_t)found;
        if (!found) table.row = first;
    }
    *n_nodes = table.row;
    return VL_SUCCESS;
}
