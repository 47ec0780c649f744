/* Whether all points that a device gave are right: the batch equations of BIP-340 and Ed25519, over R as it was given. Both
 * schemes say R = u G + v Q (Ed25519: 8 R = 8 (u B - v Q)), and what a random sum proves of it is in schnorr_equation.h and
 * ed25519_equation.h. */
#include <string.h>

#include "offload/curves.h"
#include "scheme/ed25519_equation.h"
#include "scheme/ed25519_scalar.h"
#include "scheme/schnorr_equation.h"
#include "scheme/u256.h"

_Static_assert(VL_EDWARDS_BLOCK == VL_BLOCK, "one block serves both");

/* Slots of a table of keys: at most half are used. */
enum { SLOTS = 2 * VL_BLOCK, SLOT_BITS = 11 };
_Static_assert(SLOTS == 1 << SLOT_BITS, "");

/* One block at work. */
typedef struct {
    vl_u256 u[VL_BLOCK], v[VL_BLOCK];
    vl_point q[VL_BLOCK], r[VL_BLOCK]; /* secp256k1: r is -R */
    union {
        vl_schnorr_equation schnorr;
        vl_ed25519_equation ed25519;
    };
    uint16_t slot[SLOTS]; /* number of a key, from 1 */
    vl_hash_scratch hashing;
} block;

_Static_assert(sizeof(block) <= VL_SCRATCH_HOST, "a block must fit into the host's part of the scratch");

/* Makes one term of all that have the same key, s (Q) + t (Q) = (s + t) Q: returns how many are left. order: that of the
 * group in which the sum has to vanish. random: so that nobody can choose keys whose slots collide. */
static size_t merge_keys(block *b, vl_u256 *scalars, size_t n, const vl_u256 *order, uint64_t random) {
    size_t keys = 0;
    memset(b->slot, 0, sizeof b->slot);
    for (size_t i = 0; i < n; i++) {
        size_t at = ((b->q[i].x.w[0] ^ b->q[i].y.w[1]) * (random | 1)) >> (64 - SLOT_BITS);
        while (b->slot[at] && memcmp(&b->q[b->slot[at] - 1], &b->q[i], sizeof b->q[i]) != 0) at = (at + 1) % SLOTS;
        if (b->slot[at]) {
            vl_u256 *sum = &scalars[b->slot[at] - 1];
            u256_add_mod(sum, sum, &scalars[i], order);
            continue;
        }
        b->q[keys] = b->q[i];
        scalars[keys++] = scalars[i];
        b->slot[at] = (uint16_t)keys;
    }
    return keys;
}

static int schnorr_holds(block *b, size_t n, const uint8_t *seed, uint64_t counter, const vl_hash_plan *hashing,
                         const vl_curve_ops *ops, void *scratch) {
    vl_schnorr_equation *e = &b->schnorr;
    vl_sum sum;
    const vl_u256 zero = {{0}};
    for (size_t i = 0; i < n; i++) {
        if (!vl_secp256k1_on_curve(&b->r[i])) return 0;
        u256_sub_mod(&b->r[i].y, &zero, &b->r[i].y, &vl_curve_secp256k1.p); /* y != 0: the order is odd */
    }
    e->n = n;
    e->p = b->q;
    e->minus_r = b->r;
    e->s = b->u;
    e->v = b->v;
    e->ops = ops;
    e->scratch = scratch;
    vl_schnorr_equation_begin(e, seed, counter, hashing, &b->hashing);
    e->keys = merge_keys(b, e->zv, n, &vl_curve_secp256k1.n, e->z[0].w[0]);
    return vl_schnorr_equation_kind.holds(&sum, e, 0, n);
}

static int ed25519_holds(block *b, size_t n, const uint8_t *seed, uint64_t counter, const vl_hash_plan *hashing,
                         const vl_edwards_ops *ops, void *scratch) {
    vl_ed25519_equation *e = &b->ed25519;
    vl_point sum;
    for (size_t i = 0; i < n; i++)
        if (!vl_ed25519_on_curve(&b->r[i])) return 0;
    e->n = n;
    e->in_halves = 0;
    e->a = b->q;
    e->r = b->r;
    e->s = b->u;
    e->k = b->v;
    e->ops = ops;
    e->scratch = scratch;
    vl_ed25519_equation_begin(e, seed, counter, hashing, &b->hashing);
    e->keys = merge_keys(b, e->zk, n, &vl_ed25519_order, e->z[0].w[0]);
    return vl_ed25519_equation_holds(&sum, e, 0, n);
}

int vl_sums_hold(int *hold, size_t n, const uint64_t *r, const uint64_t *u, const uint64_t *v, const uint64_t *q,
                 int scheme, const uint8_t *seed, int isa, void *scratch, size_t scratch_size) {
    vl_scratch pieces;
    vl_offload_ops ops;
    vl_hash_plan hashing;
    if (hold == NULL || seed == NULL) return VL_ERROR_ARGUMENT;
    *hold = 0;
    if (n && (r == NULL || u == NULL || v == NULL || q == NULL)) return VL_ERROR_ARGUMENT;
    if (scheme == VL_P256_ECDSA || scheme == VL_SM2) return VL_ERROR_ARGUMENT;
    int error = vl_scratch_cut(&pieces, scratch, scratch_size);
    if (error == VL_SUCCESS) error = vl_offload_dispatch(&ops, scheme, isa, n, &pieces);
    if (error == VL_SUCCESS) error = vl_hash_choose(&hashing, ops.edwards ? VL_SHA512 : VL_SHA256, isa);
    if (error != VL_SUCCESS) return error;
    block *b = pieces.host;
    for (size_t first = 0; first < n; first += VL_BLOCK) {
        const size_t count = n - first < VL_BLOCK ? n - first : VL_BLOCK;
        memcpy(b->u, u + 4 * first, count * sizeof *b->u);
        memcpy(b->v, v + 4 * first, count * sizeof *b->v);
        memcpy(b->q, q + 8 * first, count * sizeof *b->q);
        memcpy(b->r, r + 8 * first, count * sizeof *b->r);
        const int good = ops.edwards ? ed25519_holds(b, count, seed, first, &hashing, ops.edwards, pieces.primitive)
                                     : schnorr_holds(b, count, seed, first, &hashing, ops.curve, pieces.primitive);
        if (!good) return VL_SUCCESS;
    }
    *hold = 1;
    return VL_SUCCESS;
}
