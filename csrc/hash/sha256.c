#include "hash/sha256.h"

#include "dispatch.h"
#include "hash/sha256_message.h"
#include "scratch.h"

_Static_assert(sizeof(vl_sha256_scratch) <= VL_SCRATCH_HOST, "see scratch.h");

int vl_sha256_choose(vl_sha256_plan *plan, int isa) {
    int error;
    plan->many = vl_dispatch_sha256(isa, SIZE_MAX, &error);
    if (!plan->many) return error;
    plan->few = vl_dispatch_sha256(isa, 1, &error);
    return plan->few ? VL_SUCCESS : error;
}

/* How many of n hashes go through plan->many. */
static size_t full(size_t n, const vl_sha256_plan *plan) {
    size_t rest = n % (size_t)plan->many->lanes;
    return rest < VL_SHA256_LANES_FROM ? n - rest : n;
}

void vl_sha256_nodes(uint8_t *nodes, size_t n, const uint8_t *children, enum vl_node_shape shape,
                     const vl_sha256_plan *plan) {
    size_t many = full(n, plan);
    if (many) plan->many->nodes[shape](nodes, many, children);
    if (n > many) plan->few->nodes[shape](nodes + 32 * many, n - many, children + 64 * many);
}

/* Messages of one width. */
static void messages_packed(uint8_t *digests, size_t n, const vl_column *column, int prefix,
                            const vl_sha256_plan *plan) {
    size_t many = full(n, plan);
    if (many) plan->many->messages(digests, many, column, NULL, prefix);
    if (n == many) return;
    vl_column rest = vl_column_from(column, many);
    plan->few->messages(digests + 32 * many, n - many, &rest, NULL, prefix);
}

static void messages_ordered(uint8_t *digests, size_t n, const vl_column *column, const uint32_t *order, int prefix,
                             const vl_sha256_plan *plan) {
    size_t many = full(n, plan);
    if (many) plan->many->messages(digests, many, column, order, prefix);
    if (n > many) plan->few->messages(digests, n - many, column, order + many, prefix);
}

/* Classes of length: one per number of blocks for short messages, four per power of two for long ones, whose lanes then
 * idle a fifth of the time at most */
#define CLASSES 256
#define FIRST_LONG 192
#define LOG2_FIRST_LONG 7 /* of 192, rounded down */

static unsigned class_of(size_t blocks) {
    if (blocks < FIRST_LONG) return (unsigned)blocks;
    unsigned log2 = LOG2_FIRST_LONG;
    while (blocks >> log2 > 1) log2++;
    unsigned class = FIRST_LONG + 4 * (log2 - LOG2_FIRST_LONG) + (unsigned)(blocks >> (log2 - 2) & 3);
    return class < CLASSES ? class : CLASSES - 1;
}

/* Counting sort: scratch->order = 0 .. n - 1 by class; first[c] = where class c starts. n <= VL_SHA256_SORTED. */
static void sort_by_class(size_t first[CLASSES + 1], size_t n, const vl_column *column, int prefix,
                          vl_sha256_scratch *scratch) {
    size_t next[CLASSES];
    for (int c = 0; c <= CLASSES; c++) first[c] = 0;
    for (size_t i = 0; i < n; i++) {
        vl_sha256_message m = vl_sha256_item(column, i, prefix);
        scratch->class_of[i] = (uint8_t)class_of(vl_sha256_blocks(&m));
        first[scratch->class_of[i] + 1]++;
    }
    for (int c = 0; c < CLASSES; c++) {
        next[c] = first[c];
        first[c + 1] += first[c];
    }
    for (size_t i = 0; i < n; i++) scratch->order[next[scratch->class_of[i]]++] = (uint32_t)i;
}

/* Short messages in one run: lanes of two classes meet only where one class ends. Long ones class by class, so that a
 * single long message does not occupy all lanes. */
static void messages_ragged(uint8_t *digests, size_t n, const vl_column *column, int prefix, const vl_sha256_plan *plan,
                            vl_sha256_scratch *scratch) {
    size_t first[CLASSES + 1];
    sort_by_class(first, n, column, prefix, scratch);
    messages_ordered(digests, first[FIRST_LONG], column, scratch->order, prefix, plan);
    for (int c = FIRST_LONG; c < CLASSES; c++)
        messages_ordered(digests, first[c + 1] - first[c], column, scratch->order + first[c], prefix, plan);
}

void vl_sha256_messages(uint8_t *digests, size_t n, const vl_column *messages, int prefix, const vl_sha256_plan *plan,
                        vl_sha256_scratch *scratch) {
    if (!messages->offsets) {
        messages_packed(digests, n, messages, prefix, plan);
        return;
    }
    for (size_t i = 0; i < n; i += VL_SHA256_SORTED) {
        size_t count = n - i < VL_SHA256_SORTED ? n - i : VL_SHA256_SORTED;
        vl_column column = vl_column_from(messages, i);
        messages_ragged(digests + 32 * i, count, &column, prefix, plan, scratch);
    }
}

int vl_sha256(uint8_t *digests, size_t n, const vl_column *messages, int isa, void *scratch, size_t scratch_size) {
    vl_scratch pieces;
    vl_sha256_plan plan;
    if (n && (!digests || !vl_column_is_whole(messages, n))) return VL_ERROR_ARGUMENT;
    int error = vl_sha256_choose(&plan, isa);
    if (!error) error = vl_scratch_cut(&pieces, scratch, scratch_size);
    if (!error && n) vl_sha256_messages(digests, n, messages, VL_NO_PREFIX, &plan, pieces.host);
    return error;
}
