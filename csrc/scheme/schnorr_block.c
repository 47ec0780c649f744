#include "scheme/schnorr_block.h"

#include <string.h>

#include "scheme/bip340.h"
#include "scheme/column.h"
#include "scheme/curve.h"
#include "scheme/judge.h"
#include "scheme/keys.h"
#include "scheme/point_block.h"
#include "scheme/schnorr_equation.h"
#include "scheme/u256.h"

/* One block at work. points.q is P, points.u is s, points.v is n - e; r closes its ranks with them. */
typedef struct {
    vl_point_block points;
    vl_u256 r[VL_BLOCK];
    uint8_t heads[VL_BLOCK][64]; /* bytes(r) || bytes(P) */
    union {
        uint8_t challenges[VL_BLOCK][32];
        vl_point minus_r[VL_BLOCK]; /* lift_x(r), negated */
    };
    uint8_t good[VL_BLOCK]; /* shown to be valid by an equation */
    vl_schnorr_equation equation;
    vl_hash_scratch hashing;
} block;

_Static_assert(sizeof(block) <= VL_SCRATCH_HOST, "a block must fit into the host's part of the scratch");
_Static_assert(VL_BLOCK <= VL_HASH_SORTED, "a block's messages must fit into the hash's scratch");

/* ---- BIP-340, "Verification" ---- */

/* r = int(sig[0:32]) < p and s = int(sig[32:64]) < n. Both may be 0. */
static int parse_signature(vl_u256 *r, vl_u256 *s, const uint8_t signature[64]) {
    u256_from_bytes(r, signature);
    u256_from_bytes(s, signature + 32);
    return u256_less(r, &vl_curve_secp256k1.p) && u256_less(s, &vl_curve_secp256k1.n);
}

/* The first fault, the key's own excepted. An item with a fault is hashed all the same, with zeros for what is missing. The
 * caller's bytes are read once: what is hashed is what was checked, whoever writes there meanwhile. */
static uint8_t parse(block *b, size_t i, const vl_schnorr_input *input, size_t index) {
    vl_point_block *p = &b->points;
    const vl_bytes key = column_item(input->keys, index), signature = column_item(input->signatures, index);
    uint8_t bytes[64] = {0};
    if (key.length <= sizeof bytes) memcpy(bytes, key.length ? key.data : bytes, key.length);
    /* P = lift_x(int(pk)), so far as bytes tell */
    p->form[i] =
        (uint8_t)vl_secp256k1_parse_xonly_key(&p->q[i], &p->odd[i], (vl_bytes){bytes, key.length}, input->flags);
    memset(b->heads[i], 0, 64);
    if (p->form[i] != VL_POINT_NONE) memcpy(b->heads[i] + 32, bytes, 32);
    if (signature.length != sizeof bytes) return VL_BAD_SIGNATURE;
    memcpy(bytes, signature.data, sizeof bytes);
    if (!parse_signature(&b->r[i], &p->u[i], bytes)) return VL_BAD_SIGNATURE;
    memcpy(b->heads[i], bytes, 32);
    return VL_UNDECIDED;
}

/* v = n - e with e = int(hash_BIP0340/challenge(bytes(r) || bytes(P) || m)) mod n, for n items. One subtraction reduces
 * the digest, since 2^256 < 2n. e = 0 gives v = 0. */
static void challenge(block *b, size_t n, const vl_schnorr_input *input, size_t first) {
    const vl_bytes tag = {bip340_challenge_tag, sizeof bip340_challenge_tag};
    vl_message *messages = b->hashing.messages;
    for (size_t i = 0; i < n; i++) {
        messages[i] = vl_message_of(tag, (vl_bytes){b->heads[i], 64}, column_item(input->messages, first + i));
    }
    vl_hash_messages(b->challenges[0], n, messages, input->hashing, &b->hashing);
    for (size_t i = 0; i < n; i++) {
        vl_u256 e, *v = &b->points.v[i];
        u256_from_bytes(&e, b->challenges[i]);
        if (!u256_less(&e, &vl_curve_secp256k1.n)) u256_sub(&e, &e, &vl_curve_secp256k1.n);
        u256_sub(v, &vl_curve_secp256k1.n, &e);
        if (u256_is_zero(&e)) *v = e;
    }
}

static void keep_live(block *b, const uint8_t *verdicts, size_t n) {
    vl_u256 *const numbers[] = {b->r, b->points.u, b->points.v};
    vl_point_block_keep_live(&b->points, verdicts, n, numbers, 3);
}

/* Decides the live items from .. to - 1, one lane per item: R = s G - e P. */
static void by_lanes(block *b, uint8_t *verdicts, size_t from, size_t to, const vl_curve_ops *ops, void *scratch) {
    vl_point_block *p = &b->points;
    if (from == to) return;
    vl_point_block_sum(p, from, to, ops, scratch);
    for (size_t k = from; k < to; k++) {
        const int holds = !p->infinite[k] && vl_even_x_is(&p->sum[k], &b->r[k]);
        verdicts[p->item[k]] = holds ? VL_OK : VL_MISMATCH;
    }
}

/* ---- Many items at once ---- */

/* Closes the ranks again, minus_r included. */
static void keep_undecided(block *b, const uint8_t *verdicts) {
    vl_point_block *p = &b->points;
    size_t live = 0;
    for (size_t k = 0; k < p->live; k++) {
        if (verdicts[p->item[k]] != VL_UNDECIDED) continue;
        p->item[live] = p->item[k];
        p->q[live] = p->q[k];
        p->u[live] = p->u[k];
        p->v[live] = p->v[k];
        b->minus_r[live] = b->minus_r[k];
        b->r[live++] = b->r[k];
    }
    p->live = live;
}

/* -R, with an odd y. An r that is no point's x is a mismatch, and never enters a sum. */
static void lift_r(block *b, uint8_t *verdicts, const vl_curve_ops *ops, void *scratch) {
    vl_point_block *p = &b->points;
    vl_compressed_points *c = &p->compressed;
    c->count = p->live;
    for (size_t k = 0; k < p->live; k++) {
        c->x[k] = b->r[k];
        c->odd[k] = 1;
    }
    vl_decompress(c, ops, scratch);
    for (size_t k = 0; k < p->live; k++) {
        b->minus_r[k] = (vl_point){c->x[k], c->y[k]};
        if (!c->ok[k]) verdicts[p->item[k]] = VL_MISMATCH;
    }
    keep_undecided(b, verdicts);
}

/* by_lanes as scheme/bisect.h asks for it. */
typedef struct {
    block *b;
    uint8_t *verdicts;
    const vl_curve_ops *ops;
    void *scratch;
} lanes;

static size_t one_by_one(void *context, size_t from, size_t to) {
    const lanes *l = context;
    size_t bad = 0;
    by_lanes(l->b, l->verdicts, from, to, l->ops, l->scratch);
    for (size_t k = from; k < to; k++) bad += l->verdicts[l->b->points.item[k]] != VL_OK;
    return bad;
}

/* Decides what it can, the rest stays live: valid items, if no more are bad than halving finds. Returns whether the equation
 * was of use. */
static int by_equation(block *b, uint8_t *verdicts, const vl_schnorr_input *input, size_t first, void *scratch) {
    vl_point_block *p = &b->points;
    vl_schnorr_equation *e = &b->equation;
    lift_r(b, verdicts, input->ops, scratch);
    const size_t n = e->n = p->live;
    if (n < input->equation_from) return 1;
    e->p = p->q;
    e->minus_r = b->minus_r;
    e->s = p->u;
    e->v = p->v;
    e->ops = input->ops;
    e->scratch = scratch;
    vl_schnorr_equation_begin(e, input->seed, first, input->hashing, &b->hashing);
    lanes context = {b, verdicts, input->ops, scratch};
    const vl_batch batch = {&vl_schnorr_equation_kind, e, n, e->z[0].w[0], one_by_one, &context};
    const int useful = vl_batch_decide(b->good, &batch);
    for (size_t k = 0; k < n; k++)
        if (b->good[k] && verdicts[p->item[k]] == VL_UNDECIDED) verdicts[p->item[k]] = VL_OK;
    keep_undecided(b, verdicts);
    return useful && p->live <= n / 2;
}

/* ---- Blocks ---- */

/* The verdicts of items with a fault, and r, s and v of the others, which stay live. */
static void prepare_block(block *b, uint8_t *verdicts, size_t n, const vl_schnorr_input *input, size_t first,
                          void *scratch) {
    for (size_t i = 0; i < n; i++) verdicts[i] = parse(b, i, input, first + i);
    vl_point_block_complete(&b->points, verdicts, n, VL_BAD_KEY, input->ops, scratch);
    challenge(b, n, input, first);
    keep_live(b, verdicts, n);
}

/* Returns whether the next blocks should try the equation. */
static int verify_block(block *b, uint8_t *verdicts, size_t n, const vl_schnorr_input *input, size_t first,
                        int try_equation, void *scratch) {
    vl_point_block *p = &b->points;
    prepare_block(b, verdicts, n, input, first, scratch);
    if (try_equation && p->live >= input->equation_from) try_equation = by_equation(b, verdicts, input, first, scratch);
    by_lanes(b, verdicts, 0, p->live, input->ops, scratch);
    return try_equation;
}

void vl_secp256k1_schnorr_blocks(uint8_t *verdicts, size_t n, const vl_schnorr_input *input,
                                 const vl_scratch *scratch) {
    const size_t size = vl_block_size(n, VL_BLOCK, (size_t)input->ops->lanes);
    int try_equation = input->seed != NULL;
    for (size_t first = 0; first < n; first += size) {
        size_t count = n - first < size ? n - first : size;
        try_equation =
            verify_block(scratch->host, verdicts + first, count, input, first, try_equation, scratch->primitive);
    }
}

void vl_secp256k1_schnorr_terms_blocks(uint8_t *verdicts, const vl_terms *terms, size_t n,
                                       const vl_schnorr_input *input, const vl_scratch *scratch) {
    block *b = scratch->host;
    const size_t size = vl_block_size(n, VL_BLOCK, (size_t)input->ops->lanes);
    for (size_t first = 0; first < n; first += size) {
        size_t count = n - first < size ? n - first : size;
        prepare_block(b, verdicts + first, count, input, first, scratch->primitive);
        vl_point_block_give(terms, first, &b->points, b->r);
    }
}
