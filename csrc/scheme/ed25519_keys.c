#include "scheme/ed25519_keys.h"

#include <string.h>

#include "scheme/column.h"
#include "scheme/point_block.h"
#include "scheme/u256.h"

void vl_ed25519_decode(vl_ed25519_encoded *c, const vl_edwards_ops *ops, void *scratch) {
    if (c->count == 0) return;
    ops->decompress(c->point, c->ok, c->count, c->y, c->odd, scratch);
    for (size_t j = 0; j < c->count; j++) {
        const vl_ed25519_encoding e = {c->y[j], c->odd[j]};
        c->ok[j] = c->ok[j] && vl_ed25519_decodes_to(&e, &c->point[j]);
    }
}

int vl_ed25519_is_prepared(const vl_ed25519_prepared *key) {
    return !(u256_is_zero(&key->multiple[0].x) && u256_is_zero(&key->multiple[0].y));
}

/* ---- Preparing ---- */

typedef struct {
    vl_ed25519_encoded encoded;
    uint64_t at[VL_EDWARDS_BLOCK];
    vl_point point[VL_EDWARDS_BLOCK]; /* of the keys that are some */
} block;

_Static_assert(sizeof(block) <= VL_SCRATCH_HOST, "a block must fit into the host's part of the scratch");

/* Whatever decodes is a key: the rules' own demands come when it is used. */
static void prepare_block(block *b, vl_ed25519_prepared *rows, uint8_t *verdicts, size_t n, const vl_column *keys,
                          size_t first, const vl_edwards_ops *ops, void *scratch) {
    vl_ed25519_encoded *c = &b->encoded;
    size_t live = 0;
    c->count = 0;
    for (size_t i = 0; i < n; i++) {
        vl_ed25519_encoding e;
        const vl_bytes key = column_item(keys, first + i);
        verdicts[i] = VL_BAD_KEY;
        if (key.length != sizeof rows[i].encoding) continue;
        memcpy(rows[i].encoding, key.data, sizeof rows[i].encoding);
        vl_ed25519_parse(&e, rows[i].encoding);
        vl_ed25519_add_encoded(c, i, &e);
    }
    vl_ed25519_decode(c, ops, scratch);
    for (size_t j = 0; j < c->count; j++) {
        vl_ed25519_prepared *row = &rows[c->item[j]];
        if (!c->ok[j]) {
            memset(row->encoding, 0, sizeof row->encoding);
            continue;
        }
        verdicts[c->item[j]] = VL_OK;
        b->at[live] = c->item[j];
        b->point[live++] = c->point[j];
    }
    if (live) ops->prepare_keys(rows, b->at, live, b->point, scratch);
}

void vl_ed25519_prepare_rows(vl_ed25519_prepared *rows, uint8_t *verdicts, size_t n, const vl_column *keys,
                             const vl_edwards_ops *ops, const vl_scratch *scratch) {
    const size_t size = vl_block_size(n, VL_EDWARDS_BLOCK, (size_t)ops->lanes);
    for (size_t first = 0; first < n; first += size) {
        size_t count = n - first < size ? n - first : size;
        prepare_block(scratch->host, rows + first, verdicts + first, count, keys, first, ops, scratch->primitive);
    }
}
