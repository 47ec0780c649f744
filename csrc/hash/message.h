/* One message as a hash sees it: up to three pieces of memory, one after the other and nowhere copied together, then the
 * hash's padding, in blocks. */
#ifndef VL_HASH_MESSAGE_H
#define VL_HASH_MESSAGE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "lang.h"
#include "hash/padding.h"
#include "scheme/column.h"

#define VL_PARTS 3

/* Part p is the bytes [end[p - 1], end[p]) of the message (end[-1] = 0) and lies at data[p]; any part may be empty. */
typedef struct {
    const uint8_t *data[VL_PARTS];
    size_t end[VL_PARTS];
} vl_message;

/* first || second || third */
static inline vl_message vl_message_of(vl_bytes first, vl_bytes second, vl_bytes third) {
    vl_message m = {{first.data, second.data, third.data},
                    {first.length, first.length + second.length, first.length + second.length + third.length}};
    return m;
}

static inline size_t vl_message_size(const vl_message *m) { return m->end[VL_PARTS - 1]; }

/* Blocks of a message of this size: at least one. */
static inline size_t vl_padding_blocks(const vl_padding *padding, size_t size) {
    size_t bytes = size + padding->tail;
    return bytes ? (bytes - 1) / padding->block + 1 : 1;
}

static inline size_t vl_message_blocks(const vl_message *m, const vl_padding *padding) {
    return vl_padding_blocks(padding, vl_message_size(m));
}

/* Puts the padding that falls into bytes [start, start + count) of the padded message into `buffer`, where the rest of it
 * is zero. Bytes beyond the last block are zero too. */
static inline void vl_message_pad(uint8_t *buffer, size_t size, size_t start, size_t count, const vl_padding *padding) {
    if (size >= start && size - start < count) buffer[size - start] = padding->mark;
    if (start + count != vl_padding_blocks(padding, size) * padding->block) return;
    uint64_t bits = padding->length ? 8 * (uint64_t)size : 0;
    for (size_t i = count - 1; bits; i--, bits >>= 8) buffer[i] = (uint8_t)bits;
    buffer[count - 1] ^= padding->seal;
}

/* Bytes [start, start + count) of the padded message: where they lie, or put together in `buffer` (count bytes).
 * Requires: 8 <= count, and a block is a multiple of it or ends with it. */
static inline const uint8_t *vl_message_bytes(uint8_t *buffer, const vl_message *m, size_t start, size_t count,
                                              const vl_padding *padding) {
    size_t begin = 0;
    for (int p = 0; p < VL_PARTS; begin = m->end[p++])
        if (start >= begin && start + count <= m->end[p]) return m->data[p] + (start - begin);
    memset(buffer, 0, count);
    begin = 0;
    for (int p = 0; p < VL_PARTS; begin = m->end[p++]) {
        size_t from = begin > start ? begin : start;
        size_t to = m->end[p] < start + count ? m->end[p] : start + count;
        if (from < to) memcpy(buffer + (from - start), m->data[p] + (from - begin), to - from);
    }
    vl_message_pad(buffer, vl_message_size(m), start, count, padding);
    return buffer;
}

#endif
