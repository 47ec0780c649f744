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

static void keep_live(block *b, const uint8_t *verdicts, size_t n) {
    vl_point_block_keep_live(&b->points, verdicts, n);
    for (size_t k = 0; k < b->points.live; k++) {
        size_t i = b->points.item[k];
        b->e[k] = b->e[i];
        b->r[k] = b->r[i];
        b->s[k] = b->s[i];
    }
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
static void prepare_block(block *b, uint8_t *verdicts, size_t n, const vl_ecdsa_input *input, size_t first,
                          const vl_curve_ops *ops, void *scratch) {
    vl_point_block *p = &b->points;
    for (size_t i = 0; i < n; i++) verdicts[i] = parse_signed(b, i, input, first + i);
    vl_point_block_complete(p, verdicts, n, VL_BAD_KEY, ops, scratch);
    keep_live(b, verdicts, n);
    if (p->live) ops->scalar_ratio(p->u, p->v, p->live, b->e, b->r, b->s, scratch);
}

/* Step 5: R = u1 G + u2 Q. Steps 6 to 8: it is not infinity, and its x mod n is r. */
static void verify_block(block *b, uint8_t *verdicts, size_t n, const vl_ecdsa_input *input, size_t first,
                         const vl_curve_ops *ops, void *scratch) {
    vl_point_block *p = &b->points;
    prepare_block(b, verdicts, n, input, first, ops, scratch);
    if (p->live == 0) return;
    vl_point_block_sum(p, 0, p->live, ops, scratch);
    for (size_t k = 0; k < p->live; k++) {
        const int holds = !p->infinite[k] && vl_x_mod_n_is(&p->sum[k], &b->r[k], input->curve);
        verdicts[p->item[k]] = holds ? VL_OK : VL_MISMATCH;
    }
}

void vl_ecdsa_verify_blocks(uint8_t *verdicts, size_t n, const vl_ecdsa_input *input, const vl_curve_ops *ops,
                            const vl_scratch *scratch) {
    size_t size = vl_point_block_size(n, (size_t)ops->lanes);
    for (size_t first = 0; first < n; first += size) {
        size_t count = n - first < size ? n - first : size;
        verify_block(scratch->host, verdicts + first, count, input, first, ops, scratch->primitive);
    }
}

void vl_ecdsa_terms_blocks(uint8_t *verdicts, const vl_terms *terms, size_t n, const vl_ecdsa_input *input,
                           const vl_curve_ops *ops, const vl_scratch *scratch) {
    block *b = scratch->host;
    size_t size = vl_point_block_size(n, (size_t)ops->lanes);
    for (size_t first = 0; first < n; first += size) {
        size_t count = n - first < size ? n - first : size;
        prepare_block(b, verdicts + first, count, input, first, ops, scratch->primitive);
        vl_point_block_give(terms, first, &b->points, b->r);
    }
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
static void prepare_recovery(block *b, uint8_t *verdicts, size_t n, const vl_ecdsa_input *input, size_t first,
                             const vl_curve_ops *ops, void *scratch) {
    vl_point_block *p = &b->points;
    for (size_t i = 0; i < n; i++) verdicts[i] = parse_recoverable(b, i, input, first + i);
    vl_point_block_complete(p, verdicts, n, VL_BAD_SIGNATURE, ops, scratch);
    keep_live(b, verdicts, n);
    if (p->live) ops->scalar_ratio(p->u, p->v, p->live, b->e, b->s, b->r, scratch);
}

/* Step 1.6.1: Q = r^-1 (s R - e G) = u G + v R. */
static void recover_block(block *b, uint8_t *keys64, uint8_t *verdicts, size_t n, const vl_ecdsa_input *input,
                          size_t first, const vl_curve_ops *ops, void *scratch) {
    vl_point_block *p = &b->points;
    prepare_recovery(b, verdicts, n, input, first, ops, scratch);
    if (p->live == 0) return;
    vl_point_block_sum(p, 0, p->live, ops, scratch);
    for (size_t k = 0; k < p->live; k++) {
        size_t i = p->item[k];
        verdicts[i] = give_key(keys64 + 64 * i, &p->sum[k], p->infinite[k], input->curve);
    }
}

void vl_ecdsa_recover_blocks(uint8_t *keys64, uint8_t *verdicts, size_t n, const vl_ecdsa_input *input,
                             const vl_curve_ops *ops, const vl_scratch *scratch) {
    size_t size = vl_point_block_size(n, (size_t)ops->lanes);
    for (size_t first = 0; first < n; first += size) {
        size_t count = n - first < size ? n - first : size;
        recover_block(scratch->host, keys64 + 64 * first, verdicts + first, count, input, first, ops,
                      scratch->primitive);
    }
}

void vl_ecdsa_recover_terms_blocks(uint8_t *verdicts, const vl_terms *terms, size_t n, const vl_ecdsa_input *input,
                                   const vl_curve_ops *ops, const vl_scratch *scratch) {
    block *b = scratch->host;
    size_t size = vl_point_block_size(n, (size_t)ops->lanes);
    for (size_t first = 0; first < n; first += size) {
        size_t count = n - first < size ? n - first : size;
        prepare_recovery(b, verdicts + first, count, input, first, ops, scratch->primitive);
        vl_point_block_give(terms, first, &b->points, b->r);
    }
}
