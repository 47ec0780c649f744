/* The memory that a caller lends to one call, cut in two pieces that start on a cache line. */
#ifndef VL_SCRATCH_H
#define VL_SCRATCH_H

#include <stddef.h>
#include <stdint.h>

#include "verilane.h"

/* Alignment that every primitive's scratch has: one cache line, one 512-bit register. */
#define VL_SCRATCH_ALIGN 64

/* Bytes for the host's own block: every user holds its struct to this by _Static_assert. */
#define VL_SCRATCH_HOST ((size_t)640 * 1024)

typedef struct {
    void *host;      /* VL_SCRATCH_HOST bytes: the block of a scheme or a tree */
    void *primitive; /* what is left: at least the scratch_size of any primitive in the dispatch table */
} vl_scratch;

/* VL_SUCCESS, or VL_ERROR_SCRATCH if there is none or less than vl_scratch_size(). */
static inline int vl_scratch_cut(vl_scratch *pieces, void *scratch, size_t size) {
    if (scratch == NULL || size < vl_scratch_size()) return VL_ERROR_SCRATCH;
    uint8_t *start = (uint8_t *)scratch;
    start += (size_t)(-(uintptr_t)start & (VL_SCRATCH_ALIGN - 1));
    pieces->host = start;
    pieces->primitive = start + VL_SCRATCH_HOST;
    return VL_SUCCESS;
}

#endif
