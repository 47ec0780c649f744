#include "scheme/ecdsa_block.h"

#include "scheme/column.h"
#include "scheme/judge.h"
#include "scheme/keys.h"
#include "scheme/point_block.h"
#include "scheme/signature.h"
#include "scheme/u256.h"

/* One block at work; the numbers close their ranks with the points. */
typedef struct {
    vl_point_block points; /* verify: q is the key Q; recover: the point R */
    vl_u256 e[VL_BLOCK], r[VL_BLOCK], s[VL_BLOCK];
} block;

_Static_assert(sizeof(block) <= VL_SCRATCH_HOST, "a block must fit into the host's part of the scratch");

/* One call at work. */
typedef struct {
    block *b;
    uint8_t *verdicts;
    uint8_t *keys64;       /* recover: where the keys go */
    const vl_terms *terms; /* of a call that asks for terms: where they go */
    const vl_ecdsa_input *input;
    const vl_curve_ops *ops;
    void *scratch;
} call;

/* Does one block: its first item is item `first` of the call. */
typedef void block_work(const call *c, size_t first, size_t n);

static void for_each_block(const call *c, size_t n, block_work *work) {
    const size_t size = vl_point_block_size(n, (size_t)c->ops->lanes);
    for (size_t first = 0; first < n; first += size) work(c, first, n - first < size ? n - first : size);
}

static void keep_live(block *b, const uint8_t *verdicts, size_t n) {
    vl_u256 *const numbers[] = {b->e, b->r, b->s};
    vl_point_block_keep_live(&b->points, verdicts, n, numbers, 3);
}

/* ---- Verify: SEC 1 v2.0 section 4.1.4 ---- */

/* Steps 1 to 3: r, s and e, and the key as it was sent. Returns the first fault, the key's own excepted. */
static uint8_t parse_signed(block *b, size_t i, const vl_ecdsa_input *input, size_t index) {
    vl_point_block *p = &b->points;
    p->form[i] =
        (uint8_t)vl_parse_key(&p->q[i], &p->odd[i], column_item(input->keys, index), input->flags, input->curve);
    if (!vl_parse_signature(&b->r[i], &b->s[i], column_item(input->signatures, index), input->encoding, input->flags,
                            input->curve)) {
        return VL_BAD_SIGNATURE;
    }
    int parsed = vl_parse_digest(&b->e[i], column_item(input->digests, index), input->curve);
    return parsed ? VL_UNDECIDED : VL_BAD_MESSAGE;
}

/* Steps 1 to 4: the verdicts of items with a fault, and u1 = e / s, u2 = r / s of the others, which stay live. */
static void prepare_block(const call *c, size_t first, size_t n) {
    block *b = c->b;
    vl_point_block *p = &b->points;
    uint8_t *verdicts = c->verdicts + first;
    for (size_t i = 0; i < n; i++) verdicts[i] = parse_signed(b, i, c->input, first + i);
    vl_point_block_complete(p, verdicts, n, VL_BAD_KEY, c->ops, c->scratch);
    keep_live(b, verdicts, n);
    if (p->live) c->ops->scalar_ratio(p->u, p->v, p->live, b->e, b->r, b->s, c->scratch);
}

/* Step 5: R = u1 G + u2 Q. Steps 6 to 8: it is not infinity, and its x mod n is r. */
static void verify_block(const call *c, size_t first, size_t n) {
    vl_point_block *p = &c->b->points;
    prepare_block(c, first, n);
    if (p->live == 0) return;
    vl_point_block_sum(p, 0, p->live, c->ops, c->scratch);
    for (size_t k = 0; k < p->live; k++) {
        const int holds = !p->infinite[k] && vl_x_mod_n_is(&p->sum[k], &c->b->r[k], c->input->curve);
        c->verdicts[first + p->item[k]] = holds ? VL_OK : VL_MISMATCH;
    }
}

static void give_block(const call *c, size_t first, size_t n) {
    prepare_block(c, first, n);
    vl_point_block_give(c->terms, first, &c->b->points, c->b->r);
}

void vl_ecdsa_verify_blocks(uint8_t *verdicts, size_t n, const vl_ecdsa_input *input, const vl_curve_ops *ops,
                            const vl_scratch *scratch) {
    const call c = {scratch->host, verdicts, NULL, NULL, input, ops, scratch->primitive};
    for_each_block(&c, n, verify_block);
}

void vl_ecdsa_terms_blocks(uint8_t *verdicts, const vl_terms *terms, size_t n, const vl_ecdsa_input *input,
                           const vl_curve_ops *ops, const vl_scratch *scratch) {
    const call c = {scratch->host, verdicts, NULL, terms, input, ops, scratch->primitive};
    for_each_block(&c, n, give_block);
}

/* ---- Recover: SEC 1 v2.0 section 4.1.6, for the one candidate that the recovery id names ---- */

/* Steps 1.1, 1.2 and 1.5: r, s, the compressed R, and e, negated mod n for step 1.6. A fault of the signature shows
 * as a missing point. */
static uint8_t parse_recoverable(block *b, size_t i, const vl_ecdsa_input *input, size_t index) {
    vl_point_block *p = &b->points;
    p->form[i] = vl_parse_recoverable(&b->r[i], &b->s[i], &p->q[i].x, &p->odd[i], column_item(input->signatures, index),
                                      input->flags, input->curve)
                     ? VL_POINT_X
                     : VL_POINT_NONE;
    if (!vl_parse_digest(&b->e[i], column_item(input->digests, index), input->curve)) return VL_BAD_MESSAGE;
    if (!u256_is_zero(&b->e[i])) u256_sub(&b->e[i], &input->curve->n, &b->e[i]);
    return VL_UNDECIDED;
}

/* What leaves here as a key is a point, whoever computed it: the curve equation is checked once more. If it fails the
 * arithmetic is broken, and the verdict stays undecided, which callers must treat as an internal error. */
static uint8_t give_key(uint8_t *key64, const vl_point *sum, int infinite, const vl_curve *curve) {
    if (infinite) return VL_BAD_SIGNATURE;
    if (!curve->on_curve(sum)) return VL_UNDECIDED;
    u256_to_bytes(key64, &sum->x);
    u256_to_bytes(key64 + 32, &sum->y);
    return VL_OK;
}

/* The verdicts of items with a fault; R of the others, which stay live, and u = -e / r, v = s / r. */
static void prepare_recovery(const call *c, size_t first, size_t n) {
    block *b = c->b;
    vl_point_block *p = &b->points;
    uint8_t *verdicts = c->verdicts + first;
    for (size_t i = 0; i < n; i++) verdicts[i] = parse_recoverable(b, i, c->input, first + i);
    vl_point_block_complete(p, verdicts, n, VL_BAD_SIGNATURE, c->ops, c->scratch);
    keep_live(b, verdicts, n);
    if (p->live) c->ops->scalar_ratio(p->u, p->v, p->live, b->e, b->s, b->r, c->scratch);
}

/* Step 1.6.1: Q = r^-1 (s R - e G) = u G + v R. */
static void recover_block(const call *c, size_t first, size_t n) {
    vl_point_block *p = &c->b->points;
    prepare_recovery(c, first, n);
    if (p->live == 0) return;
    vl_point_block_sum(p, 0, p->live, c->ops, c->scratch);
    for (size_t k = 0; k < p->live; k++) {
        const size_t i = first + p->item[k];
        c->verdicts[i] = give_key(c->keys64 + 64 * i, &p->sum[k], p->infinite[k], c->input->curve);
    }
}

static void give_recovery(const call *c, size_t first, size_t n) {
    prepare_recovery(c, first, n);
    vl_point_block_give(c->terms, first, &c->b->points, c->b->r);
}

void vl_ecdsa_recover_blocks(uint8_t *keys64, uint8_t *verdicts, size_t n, const vl_ecdsa_input *input,
                             const vl_curve_ops *ops, const vl_scratch *scratch) {
    const call c = {scratch->host, verdicts, keys64, NULL, input, ops, scratch->primitive};
    for_each_block(&c, n, recover_block);
}

void vl_ecdsa_recover_terms_blocks(uint8_t *verdicts, const vl_terms *terms, size_t n, const vl_ecdsa_input *input,
                                   const vl_curve_ops *ops, const vl_scratch *scratch) {
    const call c = {scratch->host, verdicts, NULL, terms, input, ops, scratch->primitive};
    for_each_block(&c, n, give_recovery);
}
