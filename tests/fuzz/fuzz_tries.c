/* Ethereum's tries: proofs whose nodes are changed and whose hashes are made to fit again, and roots of ordered tries, on every
 * instruction set, one by one and together.
 *
 * A proof: a byte of options, then key, value, root and up to NODES nodes, each after its length in two bytes. */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

enum { NODES = 24, PARTS = 3 + NODES, LONGEST = 1200, KEY = 0, VALUE = 1, ROOT = 2, FIRST = 3 };

typedef struct {
    uint8_t options;
    size_t n; /* of parts, FIRST or more */
    size_t size[PARTS];
    uint8_t part[PARTS][LONGEST];
} proof;

static int read_proof(proof *p, const uint8_t *data, size_t size) {
    size_t at = 1;
    if (size < 2) return 0;
    p->options = data[0];
    for (p->n = 0; p->n < PARTS && size - at >= 2; p->n++) {
        size_t length = (size_t)data[at] << 8 | data[at + 1];
        at += 2;
        if (length > size - at) length = size - at;
        if (length > LONGEST) length = LONGEST;
        memcpy(p->part[p->n], data + at, length);
        p->size[p->n] = length;
        at += length;
    }
    return p->n >= FIRST;
}

static size_t write_proof(uint8_t *data, size_t most, const proof *p) {
    size_t at = 1;
    if (most < 1) return 0;
    data[0] = p->options;
    for (size_t i = 0; i < p->n && p->size[i] + 2 <= most - at; i++) {
        data[at++] = (uint8_t)(p->size[i] >> 8);
        data[at++] = (uint8_t)p->size[i];
        memcpy(data + at, p->part[i], p->size[i]);
        at += p->size[i];
    }
    return at;
}

/* ---- Proofs ---- */

static vl_bytes part_of(const proof *p, size_t i) { return (vl_bytes){p->part[i], p->size[i]}; }

/* Verdicts of `copies` of the proof. values: whether the value is asked for. */
static void verify(uint8_t *verdicts, int64_t *found, const proof *p, size_t copies, const vl_bytes *value, int isa) {
    const size_t nodes = p->n - FIRST;
    fuzz_column root, keys, values, column;
    vl_bytes parts[3 * NODES], key[3], asked[3], roots[1] = {part_of(p, ROOT)};
    int64_t *starts = malloc((copies + 1) * sizeof *starts);
    uint8_t *memory = malloc(nodes * LONGEST + 1), *out = malloc(copies);
    size_t memory_size = 1;
    for (size_t i = 0; i < nodes; i++) memory_size += p->size[FIRST + i];
    for (size_t c = 0; c < copies; c++) {
        key[c] = part_of(p, KEY);
        asked[c] = value ? *value : (vl_bytes){NULL, 0};
        starts[c] = (int64_t)(c * nodes);
        for (size_t i = 0; i < nodes; i++) parts[c * nodes + i] = part_of(p, FIRST + i);
    }
    starts[copies] = (int64_t)(copies * nodes);
    fuzz_column_make(&root, 1, roots, 0);
    fuzz_column_make(&keys, copies, key, 1);
    fuzz_column_make(&values, copies, asked, 1);
    fuzz_column_make(&column, copies * nodes, parts, 1);
    memory = realloc(memory, memory_size);
    FUZZ_CHECK(!vl_trie_verify(out, found, copies, 1, &root.column, &keys.column, value ? &values.column : NULL,
                               &column.column, starts, p->options & 1, memory, memory_size, isa, fuzz_scratch,
                               fuzz_scratch_size));
    for (size_t c = 0; c < copies; c++) {
        FUZZ_CHECK(out[c] >= VL_OK && out[c] <= VL_MISMATCH);
        if (found)
            FUZZ_CHECK(found[2 * c] >= 0 && found[2 * c] <= found[2 * c + 1] &&
                       found[2 * c + 1] <= column.offsets[copies * nodes]);
    }
    memcpy(verdicts, out, copies);
    fuzz_column_free(&root);
    fuzz_column_free(&keys);
    fuzz_column_free(&values);
    fuzz_column_free(&column);
    free(starts);
    free(memory);
    free(out);
}

static void keccak(uint8_t digest[32], const uint8_t *data, size_t size) {
    const vl_column column = {.data = data, .width = size};
    FUZZ_CHECK(!vl_digest(digest, 1, &column, VL_KECCAK256, VL_ISA_SCALAR, fuzz_scratch, fuzz_scratch_size));
}

/* Where the hash of node i is in the node above, or the number of that one's bytes. */
static size_t place_of(const proof *p, size_t i, const uint8_t hash[32]) {
    size_t at = 0;
    while (at + 32 <= p->size[i - 1] && memcmp(p->part[i - 1] + at, hash, 32) != 0) at++;
    return at + 32 <= p->size[i - 1] ? at : p->size[i - 1];
}

/* Every node has the hash that the root or the node above says. */
static void check_hashes(const proof *p) {
    uint8_t digest[32];
    for (size_t i = FIRST; i < p->n; i++) {
        keccak(digest, p->part[i], p->size[i]);
        if (i == FIRST) FUZZ_CHECK(p->size[ROOT] == 32 && memcmp(p->part[ROOT], digest, 32) == 0);
        else FUZZ_CHECK(place_of(p, i, digest) < p->size[i - 1]);
    }
}

/* What a proof shows is one value, and no other; the same everywhere. */
static void check_proof(const proof *p) {
    static uint8_t nodes[NODES * LONGEST], other[NODES * LONGEST + 1];
    uint8_t verdicts[3], first[2] = {0};
    int64_t found[6], where[2] = {0};
    size_t at = 0;
    for (size_t i = FIRST; i < p->n; i++) {
        memcpy(nodes + at, p->part[i], p->size[i]);
        at += p->size[i];
    }
    const vl_bytes asked = part_of(p, VALUE);
    for (int isa = VL_ISA_AUTO; isa < vl_isa_count(); isa++) {
        if (isa >= 0 && vl_isa_missing(isa)) continue;
        verify(verdicts, found, p, 3, NULL, isa);
        FUZZ_CHECK(verdicts[1] == verdicts[0] && verdicts[2] == verdicts[0]);
        for (int c = 1; c < 3 && found[2 * c + 1]; c++)
            FUZZ_CHECK(found[2 * c] - found[0] == (int64_t)(c * at) &&
                       found[2 * c + 1] - found[1] == (int64_t)(c * at));
        if (first[0]) FUZZ_CHECK(verdicts[0] == first[0] && memcmp(found, where, sizeof where) == 0);
        first[0] = verdicts[0];
        memcpy(where, found, sizeof where);
        verify(verdicts, NULL, p, 1, &asked, isa);
        if (first[1]) FUZZ_CHECK(verdicts[0] == first[1]);
        first[1] = verdicts[0];
    }
    FUZZ_CHECK(first[0] == VL_OK || (where[0] == 0 && where[1] == 0));
    if (first[0] != VL_OK) {
        FUZZ_CHECK(first[1] == first[0]);
        return;
    }
    check_hashes(p);
    const vl_bytes value = {nodes + where[0], (size_t)(where[1] - where[0])};
    const int same =
        value.length == asked.length && (!value.length || memcmp(value.data, asked.data, value.length) == 0);
    FUZZ_CHECK(first[1] == (same ? VL_OK : VL_MISMATCH));
    verify(verdicts, NULL, p, 1, &value, VL_ISA_AUTO);
    FUZZ_CHECK(verdicts[0] == VL_OK);
    memcpy(other, value.data, value.length);
    other[value.length] = 1;
    verify(verdicts, NULL, p, 1, &(vl_bytes){other, value.length + 1}, VL_ISA_AUTO);
    FUZZ_CHECK(verdicts[0] == VL_MISMATCH);
}

/* ---- Ordered tries ---- */

enum { ITEMS = 300, TRIES = 3 };

static void roots_of(uint8_t *roots, size_t n, const vl_bytes *items, size_t tries, const int64_t *starts, size_t cut,
                     int isa) {
    uint64_t *nodes = malloc((n ? n : 1) * VL_TRIE_NODE_WORDS * sizeof *nodes);
    fuzz_column parts[2];
    const size_t ends[3] = {0, cut, n};
    for (int i = 0; i < 2; i++) {
        fuzz_column_make(&parts[i], ends[i + 1] - ends[i], items + ends[i], 1);
        FUZZ_CHECK(!vl_trie_leaves(nodes, ends[i + 1] - ends[i], &parts[i].column, ends[i], tries, starts, isa,
                                   fuzz_scratch, fuzz_scratch_size));
    }
    FUZZ_CHECK(!vl_trie_roots(roots, tries, nodes, starts, isa, fuzz_scratch, fuzz_scratch_size));
    for (int i = 0; i < 2; i++) fuzz_column_free(&parts[i]);
    free(nodes);
}

/* Two bytes say how many items, three how they are shared among tries and calls; the others are lengths, and what is in
 * them. */
static void check_roots(const uint8_t *data, size_t size) {
    static vl_bytes items[ITEMS];
    uint8_t roots[TRIES * 32], first[TRIES * 32], one[32];
    if (size < 6) return;
    const size_t n = ((size_t)data[0] << 8 | data[1]) % ITEMS, rest = size - 5;
    int64_t starts[TRIES + 1] = {0, (int64_t)(n * data[2] / 512), (int64_t)(n * (data[2] + data[3]) / 512), (int64_t)n};
    for (size_t i = 0; i < n; i++) {
        size_t length = 1 + data[5 + i % rest] % 80;
        if (data[5 + i % rest] == 0xff) length = 300;
        if (length > rest) length = rest;
        items[i] = (vl_bytes){data + 5 + (i * 7) % (rest - length + 1), length};
    }
    for (int isa = VL_ISA_AUTO; isa < vl_isa_count(); isa++) {
        if (isa >= 0 && vl_isa_missing(isa)) continue;
        roots_of(roots, n, items, TRIES, starts, n * data[4] / 256, isa);
        if (isa == VL_ISA_AUTO) memcpy(first, roots, sizeof roots);
        FUZZ_CHECK(memcmp(first, roots, sizeof roots) == 0);
    }
    for (int t = 0; t < TRIES; t++) {
        const int64_t alone[2] = {0, starts[t + 1] - starts[t]};
        roots_of(one, (size_t)alone[1], items + starts[t], 1, alone, 0, VL_ISA_SCALAR);
        FUZZ_CHECK(memcmp(one, first + 32 * t, 32) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static proof p;
    fuzz_begin();
    if (size && data[0] & 0x80) check_roots(data + 1, size - 1);
    else if (read_proof(&p, data, size)) check_proof(&p);
    return 0;
}

/* ---- Near-valid proofs ---- */

/* Puts the new hash of a node where its old one is: in the node above, or in the root; and so on up. */
static void rehash(proof *p, size_t i, uint8_t old[32]) {
    uint8_t digest[32], above[32];
    for (; i >= FIRST; i--) {
        keccak(digest, p->part[i], p->size[i]);
        if (i == FIRST) {
            memcpy(p->part[ROOT], digest, 32);
            p->size[ROOT] = 32;
            return;
        }
        const size_t at = place_of(p, i, old);
        if (at == p->size[i - 1]) return;
        keccak(above, p->part[i - 1], p->size[i - 1]);
        memcpy(p->part[i - 1] + at, digest, 32);
        memcpy(old, above, 32);
    }
}

static void change_node(proof *p, fuzz_random *random) {
    const size_t i = FIRST + fuzz_below(random, p->n - FIRST);
    uint8_t old[32];
    keccak(old, p->part[i], p->size[i]);
    if (p->size[i] && fuzz_below(random, 2)) p->part[i][fuzz_below(random, p->size[i])] ^= 1 << fuzz_below(random, 8);
    else p->size[i] = LLVMFuzzerMutate(p->part[i], p->size[i], LONGEST);
    if (fuzz_below(random, 8)) rehash(p, i, old);
}

static void change_list(proof *p, fuzz_random *random) {
    const size_t i = FIRST + fuzz_below(random, p->n - FIRST), j = FIRST + fuzz_below(random, p->n - FIRST);
    const size_t to = fuzz_below(random, 2) && p->n < PARTS ? p->n++ : j; /* a copy at the end, or over another */
    memcpy(p->part[to], p->part[i], p->size[i]);
    p->size[to] = p->size[i];
    if (fuzz_below(random, 3) == 0) p->n--;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed) {
    static proof p;
    fuzz_random random = {seed};
    fuzz_begin();
    if (fuzz_below(&random, 4) == 0 || (size && data[0] & 0x80) || !read_proof(&p, data, size) || p.n == FIRST)
        return LLVMFuzzerMutate(data, size, most);
    const size_t what = fuzz_below(&random, 8), part = what % FIRST;
    if (what < 4) change_node(&p, &random);
    else if (what == 7) change_list(&p, &random);
    else p.size[part] = LLVMFuzzerMutate(p.part[part], p.size[part], 64);
    return write_proof(data, most, &p);
}
