/* The C ABI's call that decodes keys once, for many uses. */
#include <string.h>

#include "dispatch.h"
#include "scheme/column.h"
#include "scheme/keys.h"
#include "scheme/point_block.h"
#include "scheme/u256.h"

typedef struct {
    vl_point_block points;
    uint8_t verdicts[VL_BLOCK];
} block;

_Static_assert(sizeof(block) <= VL_SCRATCH_HOST, "a block must fit into the host's part of the scratch");

static vl_point_form parse(vl_point *q, uint8_t *odd, vl_bytes key, unsigned flags, const vl_curve *curve) {
    return flags & VL_XONLY_KEYS ? vl_secp256k1_parse_xonly_key(q, odd, key, 0)
                                 : vl_parse_key(q, odd, key, flags, curve);
}

/* n <= VL_BLOCK keys, the first of which is item `first` of the column; points64 is zero. */
static void decode_block(block *b, uint8_t *points64, size_t n, const vl_column *keys, size_t first, unsigned flags,
                         const vl_curve_ops *ops, void *scratch) {
    vl_point_block *p = &b->points;
    for (size_t i = 0; i < n; i++) {
        p->form[i] = (uint8_t)parse(&p->q[i], &p->odd[i], column_item(keys, first + i), flags, ops->curve);
        b->verdicts[i] = VL_OK;
    }
    vl_point_block_complete(p, b->verdicts, n, VL_BAD_KEY, ops, scratch);
    for (size_t i = 0; i < n; i++) {
        if (b->verdicts[i] != VL_OK) continue;
        u256_to_bytes(points64 + 64 * i, &p->q[i].x);
        u256_to_bytes(points64 + 64 * i + 32, &p->q[i].y);
    }
}

/* allowed: the flags that may be set; VL_XONLY_KEYS comes alone */
static int decode_keys(uint8_t *points64, size_t n, const vl_column *keys, unsigned flags, unsigned allowed,
                       const vl_curve *curve, int isa, void *scratch, size_t scratch_size) {
    vl_scratch pieces;
    if (n && points64 == NULL) return VL_ERROR_ARGUMENT;
    if (n) memset(points64, 0, 64 * n);
    if (flags & ~allowed || (flags & VL_XONLY_KEYS && flags != VL_XONLY_KEYS)) return VL_ERROR_ARGUMENT;
    if (n && !column_is_readable(keys, n)) return VL_ERROR_ARGUMENT;
    int error = vl_scratch_cut(&pieces, scratch, scratch_size);
    if (error != VL_SUCCESS) return error;
    const vl_curve_ops *ops = vl_dispatch_curve(curve, isa, n, &pieces, &error);
    if (error != VL_SUCCESS) return error;
    size_t size = vl_point_block_size(n, (size_t)ops->lanes);
    for (size_t first = 0; first < n; first += size) {
        size_t count = n - first < size ? n - first : size;
        decode_block(pieces.host, points64 + 64 * first, count, keys, first, flags, ops, pieces.primitive);
    }
    return VL_SUCCESS;
}

int vl_secp256k1_decode_keys(uint8_t *points64, size_t n, const vl_column *keys, unsigned flags, int isa, void *scratch,
                             size_t scratch_size) {
    return decode_keys(points64, n, keys, flags, VL_KEY_FORMS | VL_XONLY_KEYS, &vl_curve_secp256k1, isa, scratch,
                       scratch_size);
}

int vl_p256_decode_keys(uint8_t *points64, size_t n, const vl_column *keys, unsigned flags, int isa, void *scratch,
                        size_t scratch_size) {
    return decode_keys(points64, n, keys, flags, VL_KEY_FORMS, &vl_curve_p256, isa, scratch, scratch_size);
}

int vl_sm2_decode_keys(uint8_t *points64, size_t n, const vl_column *keys, unsigned flags, int isa, void *scratch,
                       size_t scratch_size) {
    return decode_keys(points64, n, keys, flags, 0, &vl_curve_sm2, isa, scratch, scratch_size);
}
