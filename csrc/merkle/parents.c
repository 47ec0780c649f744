/* Parents of any groups of a level: what trees that keep their levels are built and updated with. */
#include <string.h>

#include "merkle/level.h"
#include "scratch.h"

_Static_assert(sizeof(vl_level_scratch) <= VL_SCRATCH_HOST, "see scratch.h");

typedef struct {
    vl_tree_hasher tree;
    uint8_t *parents, *equal;
    const uint8_t *children;
    const uint64_t *groups;
    uint64_t first, nodes;
    int level;
} parents_call;

static uint64_t group_number(const parents_call *c, size_t i) { return c->groups ? c->groups[i] : c->first + i; }

static uint64_t groups_on_level(const parents_call *c) {
    const int log2_width = c->tree.kind->log2_width;
    return c->nodes ? ((c->nodes - 1) >> log2_width) + 1 : 0;
}

/* Nodes of a group. */
static size_t group_size(const parents_call *c, uint64_t group) {
    const int log2_width = c->tree.kind->log2_width;
    const uint64_t rest = c->nodes - (group << log2_width), width = UINT64_C(1) << log2_width;
    return (size_t)(rest < width ? rest : width);
}

/* How many groups from the i-th on are full, and follow each other where their numbers count. */
static size_t run_length(const parents_call *c, size_t i, size_t n) {
    const size_t width = (size_t)1 << c->tree.kind->log2_width;
    size_t length = 0;
    for (; i + length < n && group_size(c, group_number(c, i + length)) == width; length++)
        if (c->tree.kind->leaf == VL_LEAF_INDEXED && group_number(c, i + length) != group_number(c, i) + length) break;
    return length;
}

static void run(parents_call *c, size_t i, size_t nodes) {
    const size_t row = (size_t)VL_NODE << c->tree.kind->log2_width;
    vl_tree_level(&c->tree, c->parents + VL_NODE * i, nodes, c->children + row * i, group_number(c, i), c->level);
}

int vl_merkle_parents(uint8_t *parents, uint8_t *equal, size_t n, const uint8_t *children, const uint64_t *groups,
                      uint64_t first, uint64_t nodes, int level, int tree, int hash, int isa, void *scratch,
                      size_t scratch_size) {
    vl_scratch pieces;
    parents_call c = {{0}, parents, equal, children, groups, first, nodes, level};
    int error = vl_scratch_cut(&pieces, scratch, scratch_size);
    if (!error) error = vl_tree_open(&c.tree, tree, hash, isa, pieces.host);
    if (error) return error;
    const int twice = c.tree.kind->lone == VL_LONE_TWICE;
    if (level < 0 || level >= VL_LEVELS || (n && (!parents || !children)) || (n && twice && !equal))
        return VL_ERROR_ARGUMENT;
    for (size_t i = 0; i < n; i++)
        if (group_number(&c, i) >= groups_on_level(&c)) return VL_ERROR_ARGUMENT;
    if (equal) memset(equal, 0, n);
    for (size_t i = 0, length; i < n; i += length) {
        length = run_length(&c, i, n);
        if (length && twice) vl_equal_pairs(equal + i, length, children + 2 * VL_NODE * i);
        if (length) run(&c, i, length << c.tree.kind->log2_width);
        else {
            run(&c, i, group_size(&c, group_number(&c, i)));
            length = 1;
        }
    }
    return VL_SUCCESS;
}
