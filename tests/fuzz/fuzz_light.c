/* What light clients' proofs are read with: protobuf fields, partial trees of BIP 37, slices; each against a plain reading. */
#include <stdlib.h>
#include <string.h>

#include "binding.h"
#include "fuzz.h"

/* ---- Protobuf ---- */

static size_t put_varint(uint8_t *to, uint64_t value) {
    size_t size = 0;
    for (; value > 0x7f; value >>= 7) to[size++] = (uint8_t)(value | 0x80);
    to[size++] = (uint8_t)value;
    return size;
}

/* A message that is good has one reading, and what was read is written back as the very same bytes. */
static void check_wire(const uint8_t *data, size_t size) {
    int8_t types[256];
    const int64_t starts[2] = {0, (int64_t)(size / 2)}, ends[2] = {(int64_t)size, (int64_t)size};
    const size_t capacity = size / 2 + size / 4 + 2;
    uint64_t *fields = malloc(5 * capacity * sizeof *fields);
    uint8_t good[2], *copy = malloc(size ? size : 1), *again = malloc(size + 16);
    size_t n, at = 0;
    memset(types, -1, sizeof types);
    for (int number = 1; number < 16; number++) types[number << 3] = 0, types[number << 3 | 2] = 2;
    if (size) memcpy(copy, data, size);
    FUZZ_CHECK(!vl_wire_fields(&n, fields, capacity, good, 2, copy, size, starts, ends, types));
    const uint64_t *value = fields + 2 * capacity, *from = fields + 3 * capacity, *to = fields + 4 * capacity;
    for (size_t i = 0; i < n; i++) {
        FUZZ_CHECK(fields[i] < 2 && good[fields[i]] && from[i] <= to[i] && to[i] <= size);
        if (fields[i] == 1) continue;
        const uint64_t number = fields[capacity + i];
        const int bytes = to[i] > from[i];
        FUZZ_CHECK(number >= 1 && number < 16 && (!bytes || to[i] - from[i] == value[i]));
        again[at] = copy[at] & 7 ? (uint8_t)(number << 3 | 2) : (uint8_t)(number << 3);
        at++;
        at += put_varint(again + at, value[i]);
        FUZZ_CHECK(at == from[i]);
        memcpy(again + at, copy + from[i], to[i] - from[i]);
        at = to[i];
    }
    if (good[0]) FUZZ_CHECK(at == size && (size == 0 || memcmp(again, copy, size) == 0));
    else FUZZ_CHECK(n == 0 || fields[0] == 1);
    free(fields);
    free(copy);
    free(again);
}

/* ---- Partial trees: BIP 37, "Parsing a partial merkle tree object" ---- */

typedef struct {
    const uint8_t *flags;
    uint64_t total, bits, used, hashes, taken, nodes;
    int bad;
} walk;

/* Depth first; `number` is the node's on its level. */
static void descend(walk *w, int height, uint64_t number) {
    if (w->used == w->bits) {
        w->bad = 1;
        return;
    }
    const int flag = w->flags[w->used / 8] >> w->used % 8 & 1;
    w->used++;
    w->nodes++;
    if (height == 0 || !flag) {
        w->bad |= w->taken++ == w->hashes;
        return;
    }
    const uint64_t width = (w->total + ((uint64_t)1 << (height - 1)) - 1) >> (height - 1);
    descend(w, height - 1, 2 * number);
    if (!w->bad && 2 * number + 1 < width) descend(w, height - 1, 2 * number + 1);
}

static void check_partial_tree(const uint8_t *data, size_t size) {
    if (size < 6) return;
    uint64_t total = data[0] | (uint64_t)data[1] << 8 | (uint64_t)data[2] << 16 | (uint64_t)data[3] << 24;
    total >>= data[4] & 31;
    const size_t n_flags = size - 6, hashes = data[5];
    uint8_t *copy = malloc(n_flags ? n_flags : 1), good[1] = {1};
    if (n_flags) memcpy(copy, data + 6, n_flags);
    if (total == 0) total = 1;
    const size_t most = 33 * (hashes + 1), capacity = 8 * n_flags < most ? 8 * n_flags : most;
    int64_t *nodes = malloc((7 * capacity + 1) * sizeof *nodes);
    const int64_t totals[1] = {(int64_t)total}, n_hashes[1] = {(int64_t)hashes}, first[1] = {0},
                  sizes[1] = {(int64_t)n_flags}, places[1] = {0};
    size_t found;
    FUZZ_CHECK(
        !vl_partial_trees(&found, nodes, capacity, good, 1, copy, n_flags, totals, n_hashes, first, sizes, places));
    walk w = {.flags = copy, .total = total, .bits = 8 * n_flags, .hashes = hashes};
    int height = 0;
    while (((uint64_t)1 << height) < total) height++;
    descend(&w, height, 0);
    const int whole = !w.bad && w.taken == hashes && (w.used + 7) / 8 == n_flags;
    for (uint64_t bit = w.used; whole && bit < w.bits; bit++) w.bad |= copy[bit / 8] >> bit % 8 & 1;
    if (good[0]) FUZZ_CHECK(whole && found == w.nodes);
    else FUZZ_CHECK(found == 0 && (!whole || w.bad));
    for (size_t i = 0; i < found; i++) {
        const int64_t left = nodes[3 * capacity + i], right = nodes[4 * capacity + i], place = nodes[5 * capacity + i];
        FUZZ_CHECK(nodes[i] == 0 && left < (int64_t)found && right < (int64_t)found &&
                   place < (int64_t)(32 * hashes + 1));
        FUZZ_CHECK((left < 0) == (place >= 0) && (left < 0 || left > (int64_t)i) && (right < 0 || right > left));
    }
    free(copy);
    free(nodes);
}

/* ---- Slices ---- */

static int64_t read_number(const uint8_t *data) {
    const int64_t special[] = {INT64_MIN, INT64_MAX, -1, 0};
    return data[0] >= 252 ? special[data[0] - 252] : data[0] % 48;
}

static void check_slices(const uint8_t *data, size_t size) {
    enum { MOST = 8, IN = 40, OUT = 32 };
    int64_t places[MOST], starts[MOST], lengths[MOST];
    uint8_t *in = malloc(IN), *out = malloc(OUT), expected[OUT];
    const size_t n = size / 3 < MOST ? size / 3 : MOST;
    int within = 1;
    for (int i = 0; i < IN; i++) in[i] = (uint8_t)(i + 1);
    memset(out, 0, OUT);
    memset(expected, 0, OUT);
    for (size_t i = 0; i < n; i++) {
        places[i] = read_number(data + 3 * i);
        starts[i] = read_number(data + 3 * i + 1);
        lengths[i] = read_number(data + 3 * i + 2);
        within &= places[i] >= 0 && starts[i] >= 0 && lengths[i] >= 0 && lengths[i] <= IN &&
                  starts[i] <= IN - lengths[i] && lengths[i] <= OUT && places[i] <= OUT - lengths[i];
        for (int64_t k = 0; within && k < lengths[i]; k++) expected[places[i] + k] = in[starts[i] + k];
    }
    FUZZ_CHECK((vl_copy_slices(out, OUT, places, n, in, IN, starts, lengths) == VL_SUCCESS) == within);
    if (within) FUZZ_CHECK(memcmp(out, expected, OUT) == 0);
    free(in);
    free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0) return 0;
    if (data[0] % 4 == 0) check_slices(data + 1, size - 1);
    else if (data[0] % 4 == 1) check_partial_tree(data + 1, size - 1);
    else check_wire(data + 1, size - 1);
    return 0;
}
