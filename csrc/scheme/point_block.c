#include "scheme/point_block.h"

#include <string.h>

#include "scheme/curve.h"

void vl_decompress(vl_compressed_points *c, const vl_curve_ops *ops, void *scratch) {
    if (c->count) ops->decompress(c->y, c->ok, c->count, c->x, c->odd, scratch);
    for (size_t k = 0; k < c->count; k++) c->ok[k] = c->ok[k] && (c->y[k].w[0] & 1) == c->odd[k];
}

/* What is left of an item without a point takes part in whole lanes' arithmetic: any number below p will do. */
static void forget(vl_point_block *b, size_t i) {
    b->form[i] = VL_POINT_NONE;
    memset(&b->q[i], 0, sizeof b->q[i]);
}

static void decompress(vl_point_block *b, size_t n, const vl_curve_ops *ops, void *scratch) {
    vl_compressed_points *c = &b->compressed;
    c->count = 0;
    for (size_t i = 0; i < n; i++) {
        if (b->form[i] != VL_POINT_X) continue;
        c->item[c->count] = (uint16_t)i;
        c->x[c->count] = b->q[i].x;
        c->odd[c->count++] = b->odd[i];
    }
    vl_decompress(c, ops, scratch);
    for (size_t k = 0; k < c->count; k++) {
        size_t i = c->item[k];
        b->q[i].y = c->y[k];
        if (c->ok[k]) b->form[i] = VL_POINT_XY;
        else forget(b, i);
    }
}

void vl_point_block_complete(vl_point_block *b, uint8_t *verdicts, size_t n, uint8_t fault, const vl_curve_ops *ops,
                             void *scratch) {
    uint8_t *holds = b->compressed.ok;
    for (size_t i = 0; i < n; i++)
        if (b->form[i] == VL_POINT_NONE) forget(b, i);
    decompress(b, n, ops, scratch);
    ops->on_curve(holds, n, b->q);
    for (size_t i = 0; i < n; i++)
        if (b->form[i] != VL_POINT_XY || !holds[i]) verdicts[i] = fault;
}

void vl_point_block_keep_live(vl_point_block *b, const uint8_t *verdicts, size_t n, vl_u256 *const *numbers,
                              size_t count) {
    size_t live = 0;
    for (size_t i = 0; i < n; i++) {
        if (verdicts[i] != VL_UNDECIDED) continue;
        b->item[live] = (uint16_t)i;
        b->q[live] = b->q[i];
        for (size_t j = 0; j < count; j++) numbers[j][live] = numbers[j][i];
        live++;
    }
    b->live = live;
}

void vl_point_block_sum(vl_point_block *b, size_t from, size_t to, const vl_curve_ops *ops, void *scratch) {
    ops->double_mul(b->sum + from, b->infinite + from, to - from, b->u + from, b->v + from, b->q + from, scratch);
    for (size_t k = from; k < to; k++) {
        if (b->infinite[k]) b->infinite[k] = !ops->curve->double_mul_exact(&b->sum[k], &b->u[k], &b->v[k], &b->q[k]);
    }
}

void vl_terms_set(const vl_terms *terms, size_t i, const vl_u256 *u, const vl_u256 *v, const vl_point *q,
                  const vl_u256 *target) {
    memcpy(terms->u + 4 * i, u, sizeof *u);
    memcpy(terms->v + 4 * i, v, sizeof *v);
    memcpy(terms->q + 8 * i, q, sizeof *q);
    memcpy(terms->targets + 4 * i, target, sizeof *target);
}

void vl_point_block_give(const vl_terms *terms, size_t first, const vl_point_block *b, const vl_u256 *targets) {
    for (size_t k = 0; k < b->live; k++)
        vl_terms_set(terms, first + b->item[k], &b->u[k], &b->v[k], &b->q[k], &targets[k]);
}

size_t vl_block_size(size_t n, size_t most, size_t lanes) {
    size_t blocks = n / most + (n % most != 0);
    size_t size = blocks ? n / blocks + (n % blocks != 0) : 0;
    size += (lanes - size % lanes) % lanes;
    return size < most ? size : most;
}

size_t vl_point_block_size(size_t n, size_t lanes) { return vl_block_size(n, VL_LANES_BLOCK, lanes); }
