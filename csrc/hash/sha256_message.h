/* One message as SHA-256 sees it: prefix || data || padding, in blocks of 64 bytes (FIPS 180-4 section 5.1.1: 80, zeros,
 * and the length in bits as eight big-endian bytes). */
#ifndef VL_SHA256_MESSAGE_H
#define VL_SHA256_MESSAGE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "verilane.h"

typedef struct {
    const uint8_t *data;
    size_t size;     /* of data */
    size_t prefixed; /* 1 if a byte stands before data */
    uint8_t prefix;
} vl_sha256_message;

/* A column of no bytes at all may have no data. */
static inline int vl_column_is_whole(const vl_column *column, size_t n) {
    return column &&
           (column->data || (column->offsets ? column->offsets[n] == column->offsets[0] : column->width == 0));
}

/* The column without its first `first` items. */
static inline vl_column vl_column_from(const vl_column *column, size_t first) {
    vl_column rest = *column;
    if (rest.offsets) rest.offsets += first;
    else if (rest.width) rest.data += rest.width * first;
    return rest;
}

static inline vl_sha256_message vl_sha256_item(const vl_column *column, size_t i, int prefix) {
    vl_sha256_message m = {column->data, column->width, prefix >= 0, (uint8_t)prefix};
    size_t start = m.size * i;
    if (column->offsets) {
        start = (size_t)column->offsets[i];
        m.size = (size_t)column->offsets[i + 1] - start;
    }
    if (m.size) m.data += start;
    return m;
}

static inline size_t vl_sha256_blocks(const vl_sha256_message *m) { return (m->size + m->prefixed + 8) / 64 + 1; }

/* What stands in block `block`: bytes [begin, end) are data, one at `pad` is 80 (64: none), the length if `last`.
 * A block beyond the last one is empty. */
typedef struct {
    unsigned begin, end, pad;
    int last;
} vl_sha256_layout;

static inline vl_sha256_layout vl_sha256_lay_out(const vl_sha256_message *m, size_t block) {
    size_t total = m->size + m->prefixed, start = 64 * block;
    size_t left = total > start ? total - start : 0;
    vl_sha256_layout layout;
    layout.begin = block == 0 ? (unsigned)m->prefixed : 0;
    layout.end = left < 64 ? (unsigned)left : 64;
    layout.pad = total >= start ? layout.end : 64;
    layout.last = block + 1 == vl_sha256_blocks(m);
    return layout;
}

/* The block: within data, or put together in `buffer`. */
static inline const uint8_t *vl_sha256_block(uint8_t buffer[64], const vl_sha256_message *m, size_t block) {
    vl_sha256_layout layout = vl_sha256_lay_out(m, block);
    size_t from = 64 * block + layout.begin - m->prefixed;
    if (layout.end - layout.begin == 64) return m->data + from;
    memset(buffer, 0, 64);
    if (layout.begin) buffer[0] = m->prefix;
    if (layout.end > layout.begin) memcpy(buffer + layout.begin, m->data + from, layout.end - layout.begin);
    if (layout.pad < 64) buffer[layout.pad] = 0x80;
    uint64_t bits = layout.last ? 8 * (uint64_t)(m->size + m->prefixed) : 0;
    for (int i = 63; bits; i--, bits >>= 8) buffer[i] = (uint8_t)bits;
    return buffer;
}

#endif
