#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint8_t *fuzz_scratch;
size_t fuzz_scratch_size;

void fuzz_begin(void) {
    if (fuzz_scratch) return;
    fuzz_scratch_size = vl_scratch_size();
    fuzz_scratch = malloc(fuzz_scratch_size);
    FUZZ_CHECK(fuzz_scratch);
}

/* ---- Findings ---- */

_Noreturn void fuzz_fail(const char *file, int line, const char *what) {
    fprintf(stderr, "FINDING %s:%d: %s\n", file, line, what);
    fflush(stderr);
    abort();
}

int fuzz_skip(const char *what) {
    static const char *said[16];
    for (size_t i = 0; i < sizeof said / sizeof said[0]; i++) {
        if (said[i] && strcmp(said[i], what) == 0) return 0;
        if (said[i]) continue;
        said[i] = what;
        fprintf(stderr, "SKIPPED comparison: %s\n", what);
        return 0;
    }
    return 0;
}

static void show(const char *name, const fuzz_bytes *bytes) {
    fprintf(stderr, "  %s (%zu) ", name, bytes->size);
    for (size_t i = 0; i < bytes->size; i++) fprintf(stderr, "%02x", bytes->data[i]);
    fprintf(stderr, "\n");
}

static void show_item(const fuzz_item *item) {
    show("key", &item->part[FUZZ_KEY]);
    show("signature", &item->part[FUZZ_SIGNATURE]);
    show("message", &item->part[FUZZ_MESSAGE]);
}

void fuzz_expect(const fuzz_item *item, int verdict, int expected, const char *who) {
    if (verdict == expected) return;
    fprintf(stderr, "verdict %d, but %d says %s\n", verdict, expected, who);
    show_item(item);
    fuzz_fail(__FILE__, __LINE__, "another verdict");
}

/* ---- Inputs ---- */

void fuzz_set(fuzz_bytes *to, const void *data, size_t size) {
    to->size = 0;
    fuzz_append(to, data, size);
}

void fuzz_append(fuzz_bytes *to, const void *data, size_t size) {
    if (size > FUZZ_LONGEST - to->size) size = FUZZ_LONGEST - to->size;
    if (size) memmove(to->data + to->size, data, size);
    to->size += size;
}

int fuzz_read(fuzz_input *in, const uint8_t *data, size_t size) {
    in->n = 0;
    if (size < FUZZ_HEADER + FUZZ_PARTS) return 0;
    memcpy(in->header, data, FUZZ_HEADER);
    size_t at = FUZZ_HEADER;
    while (in->n < FUZZ_ITEMS && size - at >= FUZZ_PARTS) {
        const uint8_t *lengths = data + at;
        at += FUZZ_PARTS;
        for (int p = 0; p < FUZZ_PARTS; p++) {
            const size_t length = lengths[p] < size - at ? lengths[p] : size - at;
            fuzz_set(&in->item[in->n].part[p], data + at, length);
            at += length;
        }
        in->n++;
    }
    return 1;
}

size_t fuzz_write(uint8_t *data, size_t most, const fuzz_input *in) {
    size_t at = FUZZ_HEADER;
    if (most < at) return 0;
    memcpy(data, in->header, FUZZ_HEADER);
    for (size_t i = 0; i < in->n; i++) {
        size_t size = FUZZ_PARTS;
        for (int p = 0; p < FUZZ_PARTS; p++) size += in->item[i].part[p].size;
        if (size > most - at) break;
        for (int p = 0; p < FUZZ_PARTS; p++) data[at++] = (uint8_t)in->item[i].part[p].size;
        for (int p = 0; p < FUZZ_PARTS; p++) {
            const fuzz_bytes *part = &in->item[i].part[p];
            memcpy(data + at, part->data, part->size);
            at += part->size;
        }
    }
    return at;
}

/* ---- Columns ---- */

/* malloc(0) may be NULL, which means something else to some calls. */
static void *exactly(size_t size) {
    void *memory = malloc(size ? size : 1);
    FUZZ_CHECK(memory);
    return memory;
}

void fuzz_column_make(fuzz_column *column, size_t n, const vl_bytes *items, int ragged) {
    size_t total = 0, at = 0;
    for (size_t i = 0; i < n; i++) total += items[i].length;
    column->data = exactly(total);
    column->offsets = ragged ? exactly((n + 1) * sizeof *column->offsets) : NULL;
    for (size_t i = 0; i < n; i++) {
        if (ragged) column->offsets[i] = (int64_t)at;
        if (items[i].length) memcpy(column->data + at, items[i].data, items[i].length);
        at += items[i].length;
    }
    if (ragged) column->offsets[n] = (int64_t)at;
    column->column = (vl_column){column->data, column->offsets, n ? items[0].length : 0, 0};
}

void fuzz_column_free(fuzz_column *column) {
    free(column->data);
    free(column->offsets);
}

/* ---- Every way to the same verdicts ---- */

static int same_widths(size_t n, const vl_bytes *items) {
    for (size_t i = 1; i < n; i++)
        if (items[i].length != items[0].length) return 0;
    return 1;
}

/* The items from `first` on, n of them, coming again after the last one. */
static void run(uint8_t *verdicts, size_t first, size_t n, const fuzz_input *in, fuzz_verify verify, int isa, int way) {
    fuzz_column columns[FUZZ_PARTS];
    vl_column lent[FUZZ_PARTS];
    uint8_t *out = exactly(n);
    memset(out, VL_UNDECIDED, n);
    for (int p = 0; p < FUZZ_PARTS; p++) {
        vl_bytes items[FUZZ_MOST];
        for (size_t i = 0; i < n; i++) {
            const fuzz_bytes *part = &in->item[(first + i) % in->n].part[p];
            items[i] = (vl_bytes){part->data, part->size};
        }
        fuzz_column_make(&columns[p], n, items, !same_widths(n, items) || in->header[2] & 0x80);
        lent[p] = columns[p].column;
    }
    verify(out, n, lent, in, isa, way);
    memcpy(verdicts, out, n);
    for (int p = 0; p < FUZZ_PARTS; p++) fuzz_column_free(&columns[p]);
    free(out);
}

static void compare(const uint8_t *verdicts, const uint8_t *found, size_t n, const fuzz_input *in, int isa, int way,
                    const char *batch) {
    for (size_t i = 0; i < n; i++) {
        const uint8_t expected = verdicts[i % in->n];
        if (found[i] == expected && expected >= VL_OK && expected <= VL_MISMATCH) continue;
        fprintf(stderr, "item %zu of %zu (%s): %d on %s, way %d; alone in scalar code: %d\n", i, n, batch, found[i],
                isa < 0 ? "auto" : vl_isa_name(isa), way, expected);
        show_item(&in->item[i % in->n]);
        fuzz_fail(__FILE__, __LINE__, "ways disagree");
    }
}

void fuzz_agree(uint8_t verdicts[FUZZ_ITEMS], const fuzz_input *in, fuzz_verify verify, int ways) {
    uint8_t found[FUZZ_MOST];
    size_t n = in->n + in->header[2] % 16;
    if (n > FUZZ_MOST) n = FUZZ_MOST;
    for (size_t i = 0; i < in->n; i++) run(&verdicts[i], i, 1, in, verify, VL_ISA_SCALAR, 0);
    for (int isa = VL_ISA_AUTO; isa < vl_isa_count(); isa++) {
        if (isa >= 0 && vl_isa_missing(isa)) continue;
        const int own = isa >= 0 && vl_isa_signature_lanes(isa);
        if (isa > 0 && !own) continue; /* as in scalar */
        for (int way = 0; way < (isa == VL_ISA_AUTO ? 1 : ways); way++) {
            run(found, 0, n, in, verify, isa, way);
            compare(verdicts, found, n, in, isa, way, "batch");
        }
        if (isa == VL_ISA_SCALAR) continue;
        run(found, 0, 1, in, verify, isa, 0);
        compare(verdicts, found, 1, in, isa, 0, "alone");
    }
}

/* ---- Mutation ---- */

/* splitmix64 (Steele, Lea, Flood 2014). */
uint64_t fuzz_next(fuzz_random *random) {
    uint64_t z = random->state += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

size_t fuzz_below(fuzz_random *random, size_t n) { return (size_t)(fuzz_next(random) % n); }

static void swap_parts(fuzz_input *in, fuzz_random *random) {
    fuzz_item *a = &in->item[fuzz_below(random, in->n)], *b = &in->item[fuzz_below(random, in->n)];
    const size_t part = fuzz_below(random, FUZZ_PARTS + 1);
    const fuzz_item kept = *a;
    if (part == FUZZ_PARTS) *a = *b, *b = kept;
    else a->part[part] = b->part[part], b->part[part] = kept.part[part];
}

static void change_bytes(fuzz_bytes *bytes, fuzz_random *random) {
    if (bytes->size && fuzz_below(random, 2))
        bytes->data[fuzz_below(random, bytes->size)] ^= 1 << fuzz_below(random, 8);
    else bytes->size = LLVMFuzzerMutate(bytes->data, bytes->size, FUZZ_LONGEST);
}

static void change_input(fuzz_input *in, fuzz_random *random, fuzz_change change) {
    fuzz_item *item = &in->item[fuzz_below(random, in->n)];
    switch (fuzz_below(random, 10)) {
    case 0:
        in->header[fuzz_below(random, FUZZ_HEADER)] = (uint8_t)fuzz_next(random);
        break;
    case 1:
        swap_parts(in, random);
        break;
    case 2:
        if (in->n > 1) *item = in->item[--in->n];
        break;
    case 3:
        change_bytes(&item->part[fuzz_below(random, FUZZ_PARTS)], random);
        break;
    case 4:
    case 5:
        if (in->n < FUZZ_ITEMS) in->item[in->n] = *item, item = &in->item[in->n++];
        change(in, item, random);
        break;
    default:
        change(in, item, random);
    }
}

size_t fuzz_mutate(uint8_t *data, size_t size, size_t most, unsigned seed, fuzz_change change) {
    static fuzz_input in;
    fuzz_random random = {seed};
    if (fuzz_below(&random, 8) == 0) return LLVMFuzzerMutate(data, size, most);
    if (!fuzz_read(&in, data, size)) {
        memset(&in, 0, sizeof in);
        in.n = 1;
    }
    change_input(&in, &random, change);
    return fuzz_write(data, most, &in);
}
