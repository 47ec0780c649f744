/* Ethereum's RLP (Yellow Paper, appendix B): headers written, items read in their only form. */
#ifndef VL_MERKLE_RLP_H
#define VL_MERKLE_RLP_H

#include "scheme/column.h"

#define RLP_STRING 0x80
#define RLP_LIST 0xc0

/* A body of up to so many bytes has a header of one byte; a longer one has its size, big-endian, after the first byte. */
#define RLP_SHORT 55

/* Bytes of an integer without leading zeros. */
static inline int rlp_integer_size(uint64_t integer) {
    int bytes = 0;
    while (bytes < 8 && integer >> (8 * bytes)) bytes++;
    return bytes;
}

static inline uint8_t *rlp_put_integer(uint8_t *at, uint64_t integer, int bytes) {
    while (bytes--) *at++ = (uint8_t)(integer >> (8 * bytes));
    return at;
}

/* Writes rlp(index) and returns its end, 9 bytes later at most: the integer as a string without leading zeros. */
static inline uint8_t *rlp_put_index(uint8_t *at, uint64_t index) {
    const int bytes = rlp_integer_size(index);
    if (index == 0 || index >= 0x80) *at++ = (uint8_t)(RLP_STRING + bytes);
    return rlp_put_integer(at, index, bytes);
}

/* Writes the header of a string or a list whose body has `size` bytes and returns its end, 9 bytes later at most. A string
 * of one byte below 80 has none: the caller's business. */
static inline uint8_t *rlp_put_header(uint8_t *at, int kind, size_t size) {
    if (size <= RLP_SHORT) {
        *at++ = (uint8_t)((size_t)kind + size);
        return at;
    }
    const int bytes = rlp_integer_size(size);
    *at++ = (uint8_t)(kind + RLP_SHORT + bytes);
    return rlp_put_integer(at, size, bytes);
}

typedef struct {
    vl_bytes whole, body; /* with its header, without */
    int is_list;
} rlp_item;

/* {body = what a header at the start of `bytes` says}; 0 if the size is not in its shortest form or goes too far. */
static inline int rlp_body(vl_bytes *body, vl_bytes bytes, int kind) {
    size_t start = 1, size = (size_t)(bytes.data[0] - kind);
    if (size > RLP_SHORT) {
        const size_t digits = size - RLP_SHORT;
        start += digits;
        if (start > bytes.length || bytes.data[1] == 0) return 0;
        size = 0;
        for (size_t i = 1; i < start; i++) size = size << 8 | bytes.data[i];
        if (size <= RLP_SHORT) return 0;
    }
    if (size > bytes.length - start) return 0;
    *body = (vl_bytes){bytes.data + start, size};
    return 1;
}

/* Takes the first item off `rest`; 0 if what is there is no item, or not in its only form. A list's items are not looked
 * at. */
static inline int rlp_take(rlp_item *item, vl_bytes *rest) {
    if (rest->length == 0) return 0;
    const uint8_t first = rest->data[0];
    item->is_list = first >= RLP_LIST;
    if (first < RLP_STRING) item->body = (vl_bytes){rest->data, 1};
    else if (!rlp_body(&item->body, *rest, item->is_list ? RLP_LIST : RLP_STRING)) return 0;
    if (first == RLP_STRING + 1 && item->body.data[0] < RLP_STRING) return 0;
    const size_t size = (size_t)(item->body.data - rest->data) + item->body.length;
    item->whole = (vl_bytes){rest->data, size};
    rest->data += size;
    rest->length -= size;
    return 1;
}

#endif
