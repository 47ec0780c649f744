/* What a device gave back: judged, or computed here. */
#include <string.h>

#include "dispatch.h"
#include "offload/curves.h"
#include "scheme/judge.h"
#include "scheme/point_block.h"

/* ---- Judging ---- */

/* Where the target is x alone nothing else of R counts. Where a sign counts too R must be on the curve: then only R and -R have
 * this x (Ed25519: this y), and a wrong bit does not turn one into the other. */
static int meets(const vl_point *r, const vl_u256 *target, int scheme) {
    if (scheme == VL_ED25519) {
        const vl_ed25519_encoding e = vl_ed25519_encoding_of_target(target);
        return vl_ed25519_is_encoding_of(&e, r) && vl_ed25519_on_curve(r);
    }
    return vl_x_mod_n_is(r, target, vl_offload_curve(scheme));
}

/* BIP-340, whose points are checked in lanes. */
typedef struct {
    vl_point r[VL_BLOCK];
    uint8_t ok[VL_BLOCK];
} signed_block;

_Static_assert(sizeof(signed_block) <= VL_SCRATCH_HOST, "a block must fit into the host's part of the scratch");

/* A point that has not the target's x and an even y below p becomes zero, which is on no curve. x < p: the target is. */
static void judge_signed(uint8_t *verdicts, size_t n, const uint64_t *r, const uint64_t *targets, signed_block *b,
                         const vl_curve_ops *ops) {
    memcpy(b->r, r, n * sizeof *b->r);
    for (size_t i = 0; i < n; i++) {
        vl_u256 target;
        memcpy(&target, targets + 4 * i, sizeof target);
        if (!vl_even_x_is(&b->r[i], &target) || !u256_less(&b->r[i].y, &vl_curve_secp256k1.p) ||
            !u256_less(&target, &vl_curve_secp256k1.p)) {
            memset(&b->r[i], 0, sizeof b->r[i]);
        }
    }
    ops->on_curve(b->ok, n, b->r);
    for (size_t i = 0; i < n; i++)
        if (b->ok[i]) verdicts[i] = VL_OK;
}

int vl_judge(uint8_t *verdicts, size_t n, const uint64_t *r, const uint64_t *targets, int scheme, int isa,
             void *scratch, size_t scratch_size) {
    vl_scratch pieces;
    vl_offload_ops ops;
    if (n && (verdicts == NULL || r == NULL || targets == NULL)) return VL_ERROR_ARGUMENT;
    if (n) memset(verdicts, VL_UNDECIDED, n);
    int error = vl_scratch_cut(&pieces, scratch, scratch_size);
    if (error == VL_SUCCESS) error = vl_offload_dispatch(&ops, scheme, isa, n, &pieces);
    if (error != VL_SUCCESS) return error;
    for (size_t i = 0; scheme != VL_SECP256K1_SCHNORR && i < n; i++) {
        vl_point point;
        vl_u256 target;
        memcpy(&point, r + 8 * i, sizeof point);
        memcpy(&target, targets + 4 * i, sizeof target);
        if (meets(&point, &target, scheme)) verdicts[i] = VL_OK;
    }
    for (size_t i = 0; scheme == VL_SECP256K1_SCHNORR && i < n; i += VL_BLOCK) {
        const size_t count = n - i < VL_BLOCK ? n - i : VL_BLOCK;
        judge_signed(verdicts + i, count, r + 8 * i, targets + 4 * i, pieces.host, ops.curve);
    }
    return VL_SUCCESS;
}

static vl_u256 target_of(const vl_point *r, int scheme) {
    if (scheme != VL_ED25519) return r->x;
    const vl_ed25519_encoding e = {r->y, (uint8_t)(r->x.w[0] & 1)};
    return vl_ed25519_target_of(&e);
}

int vl_targets(uint64_t *targets, size_t n, const uint64_t *r, int scheme) {
    if (n && (targets == NULL || r == NULL)) return VL_ERROR_ARGUMENT;
    if (!vl_offload_is_scheme(scheme)) return VL_ERROR_ARGUMENT;
    for (size_t i = 0; i < n; i++) {
        vl_point point;
        memcpy(&point, r + 8 * i, sizeof point);
        const vl_u256 target = target_of(&point, scheme);
        memcpy(targets + 4 * i, &target, sizeof target);
    }
    return VL_SUCCESS;
}

/* ---- The CPU's own R ---- */

/* One block at work. */
typedef struct {
    vl_u256 u[VL_BLOCK], v[VL_BLOCK];
    vl_point q[VL_BLOCK], r[VL_BLOCK];
    uint8_t infinite[VL_BLOCK];
} block;

_Static_assert(sizeof(block) <= VL_SCRATCH_HOST, "a block must fit into the host's part of the scratch");

static int is_in_range(const vl_u256 *u, const vl_u256 *v, const vl_point *q, int scheme) {
    if (scheme == VL_ED25519) return u->w[3] >> 61 == 0 && v->w[3] >> 61 == 0 && vl_ed25519_on_curve(q);
    const vl_curve *curve = vl_offload_curve(scheme);
    return u256_less(u, &curve->n) && u256_less(v, &curve->n) && curve->on_curve(q);
}

static int load(block *b, size_t n, const uint64_t *u, const uint64_t *v, const uint64_t *q, int scheme) {
    memcpy(b->u, u, n * sizeof *b->u);
    memcpy(b->v, v, n * sizeof *b->v);
    memcpy(b->q, q, n * sizeof *b->q);
    for (size_t i = 0; i < n; i++)
        if (!is_in_range(&b->u[i], &b->v[i], &b->q[i], scheme)) return 0;
    return 1;
}

static void sum(block *b, size_t n, const vl_offload_ops *ops, void *scratch) {
    memset(b->infinite, 0, n);
    if (ops->edwards) {
        ops->edwards->double_mul(b->r, n, b->u, b->v, b->q, scratch);
        return;
    }
    const vl_curve_ops *curve = ops->curve;
    curve->double_mul(b->r, b->infinite, n, b->u, b->v, b->q, scratch);
    for (size_t i = 0; i < n; i++) {
        if (!b->infinite[i]) continue;
        b->infinite[i] = !curve->curve->double_mul_exact(&b->r[i], &b->u[i], &b->v[i], &b->q[i]);
        if (b->infinite[i]) memset(&b->r[i], 0, sizeof b->r[i]);
    }
}

int vl_double_mul(uint64_t *r, uint8_t *infinite, size_t n, const uint64_t *u, const uint64_t *v, const uint64_t *q,
                  int scheme, int isa, void *scratch, size_t scratch_size) {
    vl_scratch pieces;
    vl_offload_ops ops;
    if (n && (r == NULL || infinite == NULL || u == NULL || v == NULL || q == NULL)) return VL_ERROR_ARGUMENT;
    int error = vl_scratch_cut(&pieces, scratch, scratch_size);
    if (error == VL_SUCCESS) error = vl_offload_dispatch(&ops, scheme, isa, n, &pieces);
    if (error != VL_SUCCESS) return error;
    block *b = pieces.host;
    for (size_t first = 0; first < n; first += VL_BLOCK) {
        const size_t count = n - first < VL_BLOCK ? n - first : VL_BLOCK;
        if (!load(b, count, u + 4 * first, v + 4 * first, q + 8 * first, scheme)) return VL_ERROR_ARGUMENT;
        sum(b, count, &ops, pieces.primitive);
        memcpy(r + 8 * first, b->r, count * sizeof *b->r);
        memcpy(infinite + first, b->infinite, count);
    }
    return VL_SUCCESS;
}
