/* One block of items at work, as far as every scheme has it in common: points of which only x may be
 * known, and R = u G + v q, the exact path included. */
#ifndef VL_SCHEME_POINT_BLOCK_H
#define VL_SCHEME_POINT_BLOCK_H

#include "ops.h"
#include "scheme/keys.h"
#include "binding.h"

/* Points of which only x and a parity are known, packed for one call of decompress. */
typedef struct {
    size_t count;
    uint16_t item[VL_BLOCK]; /* place in the block */
    vl_u256 x[VL_BLOCK], y[VL_BLOCK];
    uint8_t odd[VL_BLOCK], ok[VL_BLOCK];
} vl_compressed_points;

/* y and ok, which also says that y has the parity asked for. Whether (x, y) is on the curve is left to the caller. */
void vl_decompress(vl_compressed_points *c, const vl_curve_ops *ops, void *scratch);

/* Until keep_live, index i is an item's place in the block; from there on the first `live` entries are the items still
 * undecided, and item[k] is the place of entry k. */
typedef struct {
    size_t live;
    uint16_t item[VL_BLOCK];
    vl_point q[VL_BLOCK];
    uint8_t form[VL_BLOCK]; /* vl_point_form of q */
    uint8_t odd[VL_BLOCK];  /* parity of y, where only x is known */
    vl_compressed_points compressed;
    vl_u256 u[VL_BLOCK], v[VL_BLOCK];
    vl_point sum[VL_BLOCK];     /* u G + v q */
    uint8_t infinite[VL_BLOCK]; /* that sum is infinity */
} vl_point_block;

/* Makes every q a point on the curve, or its item's verdict `fault`. The curve equation is checked here, whoever
 * found y. A fault of the point outranks what verdicts already hold. */
void vl_point_block_complete(vl_point_block *b, uint8_t *verdicts, size_t n, uint8_t fault, const vl_curve_ops *ops,
                             void *scratch);

/* Closes the ranks of item, q, and the `count` arrays of numbers that the scheme has for each item: a decided item costs no
 * lane from here on. */
void vl_point_block_keep_live(vl_point_block *b, const uint8_t *verdicts, size_t n, vl_u256 *const *numbers,
                              size_t count);

/* sum = u G + v q for the live entries from .. to - 1; u and v are any numbers below the group order.
 * On output: infinite[k] says whether sum[k] is infinity; only then sum[k] means nothing. */
void vl_point_block_sum(vl_point_block *b, size_t from, size_t to, const vl_curve_ops *ops, void *scratch);

/* Copies u, v, q and the targets of the live entries to the rows of their items; the block's first one is item `first`. */
void vl_point_block_give(const vl_terms *terms, size_t first, const vl_point_block *b, const vl_u256 *targets);

static inline int vl_terms_are_there(const vl_terms *terms) {
    return terms && terms->u && terms->v && terms->q && terms->targets;
}

/* One row of it. */
void vl_terms_set(const vl_terms *terms, size_t i, const vl_u256 *u, const vl_u256 *v, const vl_point *q,
                  const vl_u256 *target);

/* Size of blocks that cover n items evenly, so that the last one is no sliver; whole lanes, except in the last. most: of a
 * block, a multiple of lanes. */
size_t vl_block_size(size_t n, size_t most, size_t lanes);

/* The same where items are decided one by one. Such blocks gain nothing by size, and beyond this one they leave the second-level
 * cache (1,024 items: 2 % slower). */
enum { VL_LANES_BLOCK = 512 };
size_t vl_point_block_size(size_t n, size_t lanes);

#endif
