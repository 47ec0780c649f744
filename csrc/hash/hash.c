#include "hash/hash.h"

#include "dispatch.h"
#include "scratch.h"

_Static_assert(sizeof(vl_hash_scratch) <= VL_SCRATCH_HOST, "see scratch.h");

/* ---- The hashes ---- */

typedef struct {
    const char *name;
    size_t digest_size;
    const vl_padding *padding;
} hash_kind;

static const hash_kind kinds[VL_HASH_COUNT] = {
    [VL_SHA256] = {"sha256", 32, &vl_padding_sha256},
    [VL_SHA256D] = {"sha256d", 32, &vl_padding_sha256},
    [VL_SHA512] = {"sha512", 64, &vl_padding_sha512},
    [VL_SM3] = {"sm3", 32, &vl_padding_sha256},
    [VL_KECCAK256] = {"keccak256", 32, &vl_padding_keccak256},
    [VL_SHA3_256] = {"sha3-256", 32, &vl_padding_sha3_256},
    [VL_BLAKE2B_256] = {"blake2b-256", 32, &vl_padding_blake2b},
};

static int is_hash(int hash) { return hash >= 0 && hash < VL_HASH_COUNT; }

int vl_hash_count(void) { return VL_HASH_COUNT; }

const char *vl_hash_name(int hash) { return is_hash(hash) ? kinds[hash].name : NULL; }

size_t vl_hash_size(int hash) { return is_hash(hash) ? kinds[hash].digest_size : 0; }

int vl_hash_choose(vl_hash_plan *plan, int hash, int isa) {
    int error;
    if (!is_hash(hash)) return VL_ERROR_ARGUMENT;
    plan->hash = hash;
    plan->digest_size = kinds[hash].digest_size;
    plan->padding = kinds[hash].padding;
    plan->many = vl_dispatch_hash(hash, isa, SIZE_MAX, &plan->lanes_from, &error);
    if (!plan->many) return error;
    size_t from;
    plan->few = vl_dispatch_hash(hash, isa, 1, &from, &error);
    return plan->few ? VL_SUCCESS : error;
}

/* How many of n hashes go through plan->many. */
static size_t full(size_t n, const vl_hash_plan *plan) {
    size_t rest = n % (size_t)plan->many->lanes;
    return rest < plan->lanes_from ? n - rest : n;
}

/* ---- Messages ---- */

/* order: as in the table; NULL for messages of one length. */
static void messages_ordered(uint8_t *digests, size_t n, const vl_message *messages, const uint32_t *order,
                             const vl_hash_plan *plan) {
    size_t many = full(n, plan);
    if (many) plan->many->messages(digests, many, messages, order);
    if (n == many) return;
    if (order) plan->few->messages(digests, n - many, messages, order + many);
    else plan->few->messages(digests + plan->digest_size * many, n - many, messages + many, NULL);
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

/* Counting sort: scratch->order = 0 .. n - 1 by class; first[c] = where class c starts. n <= VL_HASH_SORTED. */
static void sort_by_class(size_t first[CLASSES + 1], size_t n, const vl_message *messages, const vl_padding *padding,
                          vl_hash_scratch *scratch) {
    size_t next[CLASSES];
    for (int c = 0; c <= CLASSES; c++) first[c] = 0;
    for (size_t i = 0; i < n; i++) {
        scratch->class_of[i] = (uint8_t)class_of(vl_message_blocks(&messages[i], padding));
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
static void messages_sorted(uint8_t *digests, size_t n, const vl_message *messages, const vl_hash_plan *plan,
                            vl_hash_scratch *scratch) {
    size_t first[CLASSES + 1];
    sort_by_class(first, n, messages, plan->padding, scratch);
    messages_ordered(digests, first[FIRST_LONG], messages, scratch->order, plan);
    for (int c = FIRST_LONG; c < CLASSES; c++)
        messages_ordered(digests, first[c + 1] - first[c], messages, scratch->order + first[c], plan);
}

void vl_hash_messages(uint8_t *digests, size_t n, const vl_message *messages, const vl_hash_plan *plan,
                      vl_hash_scratch *scratch) {
    for (size_t i = 0, count; i < n; i += count) {
        count = n - i < VL_HASH_SORTED ? n - i : VL_HASH_SORTED;
        messages_sorted(digests + plan->digest_size * i, count, messages + i, plan, scratch);
    }
}

/* Messages of one width need no sorting: so many at a time, whose descriptions stay in the first-level cache. */
#define UNSORTED 128

void vl_hash_column(uint8_t *digests, size_t n, const vl_column *column, vl_bytes prefix, const vl_hash_plan *plan,
                    vl_hash_scratch *scratch) {
    vl_message *messages = scratch->messages;
    const vl_bytes nothing = {NULL, 0};
    const size_t most = column->offsets ? VL_HASH_SORTED : UNSORTED;
    for (size_t i = 0, count; i < n; i += count) {
        uint8_t *out = digests + plan->digest_size * i;
        count = n - i < most ? n - i : most;
        /* A whole block is read fastest from the first part. */
        if (prefix.length)
            for (size_t k = 0; k < count; k++) messages[k] = vl_message_of(prefix, column_item(column, i + k), nothing);
        else
            for (size_t k = 0; k < count; k++)
                messages[k] = vl_message_of(column_item(column, i + k), nothing, nothing);
        if (column->offsets) messages_sorted(out, count, messages, plan, scratch);
        else messages_ordered(out, count, messages, NULL, plan);
    }
}

int vl_digest(uint8_t *digests, size_t n, const vl_column *messages, int hash, int isa, void *scratch,
              size_t scratch_size) {
    vl_scratch pieces;
    vl_hash_plan plan;
    if (n && (!digests || !column_is_readable(messages, n))) return VL_ERROR_ARGUMENT;
    int error = vl_hash_choose(&plan, hash, isa);
    if (!error) error = vl_scratch_cut(&pieces, scratch, scratch_size);
    if (!error && n) vl_hash_column(digests, n, messages, (vl_bytes){NULL, 0}, &plan, pieces.host);
    return error;
}

/* ---- Nodes ---- */

/* The prefix of RFC 6962 section 2.1, alone in its cache line: lanes read 64 bytes from here and mask what follows. */
static const _Alignas(64) uint8_t node_prefix[64] = {VL_NODE_PREFIX};

static void nodes_as_messages(uint8_t *nodes, size_t n, const uint8_t *children, enum vl_node_shape shape,
                              const vl_hash_plan *plan, vl_hash_scratch *scratch) {
    const vl_column pairs = {children, NULL, 64, 0};
    const vl_bytes prefix = {node_prefix, shape == VL_NODE_PREFIXED};
    vl_hash_column(nodes, n, &pairs, prefix, plan, scratch);
}

void vl_hash_nodes(uint8_t *nodes, size_t n, const uint8_t *children, enum vl_node_shape shape,
                   const vl_hash_plan *plan, vl_hash_scratch *scratch) {
    if (!plan->many->nodes[shape] || !plan->few->nodes[shape]) {
        nodes_as_messages(nodes, n, children, shape, plan, scratch);
        return;
    }
    size_t many = full(n, plan);
    if (many) plan->many->nodes[shape](nodes, many, children);
    if (n > many) plan->few->nodes[shape](nodes + 32 * many, n - many, children + 64 * many);
}
