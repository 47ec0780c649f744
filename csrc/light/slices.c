/* Slices of memory, copied to where they are hashed from. */
#include <string.h>

#include "binding.h"

static int is_inside(int64_t start, int64_t length, size_t size) {
    return start >= 0 && length >= 0 && (uint64_t)start <= size && (uint64_t)length <= size - (uint64_t)start;
}

int vl_copy_slices(uint8_t *out, size_t out_size, const int64_t *places, size_t n, const uint8_t *data, size_t size,
                   const int64_t *starts, const int64_t *lengths) {
    if (n && (!places || !starts || !lengths)) return VL_ERROR_ARGUMENT;
    if ((out_size && !out) || (size && !data)) return VL_ERROR_ARGUMENT;
    for (size_t i = 0; i < n; i++) {
        if (!is_inside(places[i], lengths[i], out_size) || !is_inside(starts[i], lengths[i], size))
            return VL_ERROR_ARGUMENT;
        if (lengths[i]) memcpy(out + places[i], data + starts[i], (size_t)lengths[i]);
    }
    return VL_SUCCESS;
}
