/* Reading one item of a caller's column. */
#ifndef VL_SCHEME_COLUMN_H
#define VL_SCHEME_COLUMN_H

#include "verilane.h"

/* length bytes at data; data may be NULL when length is 0. */
typedef struct {
    const uint8_t *data;
    size_t length;
} vl_bytes;

/* Whether a column of n > 0 items can be read at all: only a column without any byte may lack its data. */
static inline int column_is_readable(const vl_column *column, size_t n) {
    if (column == NULL) return 0;
    if (column->data != NULL) return 1;
    return column->offsets ? column->offsets[n] == column->offsets[0] : column->width == 0;
}

/* Bytes from one packed item to the next. */
static inline size_t column_stride(const vl_column *column) { return column->stride ? column->stride : column->width; }

/* The column without its first `first` items. */
static inline vl_column column_from(const vl_column *column, size_t first) {
    vl_column rest = *column;
    if (rest.offsets) rest.offsets += first;
    else if (rest.width) rest.data += column_stride(column) * first;
    return rest;
}

/* Offsets that descend make an empty item: no length is ever taken from a negative difference. */
static inline vl_bytes column_item(const vl_column *column, size_t i) {
    vl_bytes item = {NULL, 0};
    if (column->offsets == NULL) {
        item.length = column->width;
        if (item.length) item.data = column->data + i * column_stride(column);
    } else {
        /* Read once: the caller's memory may change meanwhile. */
        const int64_t start = ((const volatile int64_t *)column->offsets)[i];
        const int64_t end = ((const volatile int64_t *)column->offsets)[i + 1];
        if (end > start) {
            item.length = (size_t)(end - start);
            item.data = column->data + start;
        }
    }
    return item;
}

#endif
