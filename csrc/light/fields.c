/* Protobuf's wire format, read strictly: https://protobuf.dev/programming-guides/encoding/ */
#include <string.h>

#include "binding.h"

enum { WIRE_VARINT = 0, WIRE_BYTES = 2 };

/* Reads a varint of up to 64 bits, which is as short as can be, from data[*at]; returns 0 if there is none before stop. */
static int read_varint(uint64_t *value, const uint8_t *data, size_t *at, size_t stop) {
    uint8_t byte = 0x80;
    *value = 0;
    for (unsigned shift = 0; byte & 0x80; shift += 7) {
        if (*at == stop || shift > 63) return 0;
        byte = data[(*at)++];
        /* The tenth byte holds one bit; a zero at the end would only make it longer. */
        if ((shift == 63 && byte > 1) || (shift && byte == 0)) return 0;
        *value |= (uint64_t)(byte & 0x7f) << shift;
    }
    return 1;
}

/* Reads a tag and what follows it: `number`, and `value`; bytes begin at *start. */
static int read_field(uint64_t *number, uint64_t *value, size_t *start, const uint8_t *data, size_t *at, size_t stop,
                      const int8_t *types) {
    const uint8_t tag = data[(*at)++];
    if (types[tag] < 0 || !read_varint(value, data, at, stop)) return 0;
    *number = tag >> 3;
    *start = *at;
    if (types[tag] == WIRE_BYTES) {
        if (*value > stop - *at) return 0;
        *at += (size_t)*value;
    }
    return 1;
}

int vl_wire_fields(size_t *n_fields, uint64_t *fields, size_t capacity, uint8_t *good, size_t n, const uint8_t *data,
                   size_t size, const int64_t *starts, const int64_t *ends, const int8_t *types) {
    size_t row = 0;
    if (!n_fields || !types || (n && (!good || !starts || !ends)) || (capacity && !fields)) return VL_ERROR_ARGUMENT;
    for (size_t i = 0; i < n; i++) {
        const size_t first = row;
        if (starts[i] < 0 || ends[i] < starts[i] || (uint64_t)ends[i] > size) return VL_ERROR_ARGUMENT;
        size_t at = (size_t)starts[i];
        good[i] = 1;
        while (good[i] && at < (size_t)ends[i]) {
            uint64_t number, value;
            size_t start;
            if (!read_field(&number, &value, &start, data, &at, (size_t)ends[i], types)) {
                good[i] = 0;
                row = first;
                break;
            }
            if (row == capacity) return VL_ERROR_ARGUMENT;
            const uint64_t found[5] = {i, number, value, start, at};
            for (size_t k = 0; k < 5; k++) fields[k * capacity + row] = found[k];
            row++;
        }
    }
    *n_fields = row;
    return VL_SUCCESS;
}
