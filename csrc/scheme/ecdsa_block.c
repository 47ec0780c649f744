#include "scheme/ecdsa_block.h"

#include "scheme/column.h"
#include "scheme/keys.h"
#include "scheme/secp256k1.h"
#include "scheme/signature.h"
#include "scheme/u256.h"

/* Points of which only x and a parity are known, packed for one call of decompress. */
typedef struct {
    size_t count;
    uint16_t item[VL_BLOCK]; /* place in the block */
    vl_u256 x[VL_BLOCK], y[VL_BLOCK];
    uint8_t odd[VL_BLOCK], ok[VL_BLOCK];
} compressed_points;

/* One block at work. Until keep_live(), index i is an item's place in the block; from there on the first `live`
 * entries are the items still undecided, and item[k] is the place of entry k. */
typedef struct {
    size_t live;
    uint16_t item[VL_BLOCK];
    vl_u256 e[VL_BLOCK], r[VL_BLOCK], s[VL_BLOCK];
    vl_point q[VL_BLOCK];   /* verify: the key Q; recover: the point R */
    uint8_t form[VL_BLOCK]; /* vl_point_form of q */
    uint8_t odd[VL_BLOCK];  /* parity of y, where only x is known */
    compressed_points compressed;
    vl_u256 u[VL_BLOCK], v[VL_BLOCK];
    vl_point sum[VL_BLOCK];     /* u G + v q */
    uint8_t infinite[VL_BLOCK]; /* that sum is infinity */
} block;

_Static_assert(sizeof(block) <= VL_SCRATCH_HOST, "a block must fit into the host's part of the scratch");

/* ---- Steps that verifying and recovering share ---- */

static void decompress(block *b, size_t n, const vl_curve_ops *ops, void *scratch) {
    compressed_points *c = &b->compressed;
    c->count = 0;
    for (size_t i = 0; i < n; i++) {
        if (b->form[i] != VL_POINT_X) continue;
        c->item[c->count] = (uint16_t)i;
        c->x[c->count] = b->q[i].x;
        c->odd[c->count++] = b->odd[i];
    }
    if (c->count == 0) return;
    ops->decompress(c->y, c->ok, c->count, c->x, c->odd, scratch);
    for (size_t k = 0; k < c->count; k++) {
        size_t i = c->item[k];
        b->q[i].y = c->y[k];
        b->form[i] = c->ok[k] && (c->y[k].w[0] & 1) == c->odd[k] ? VL_POINT_XY : VL_POINT_NONE;
    }
}

/* Makes every q a point on the curve, or its item's verdict `fault`. The curve equation is checked here, whoever
 * found y. A fault of the point outranks what verdicts already hold. */
static void complete_points(block *b, uint8_t *verdicts, size_t n, uint8_t fault, const vl_curve_ops *ops,
                            void *scratch) {
    decompress(b, n, ops, scratch);
    for (size_t i = 0; i < n; i++) {
        if (b->form[i] != VL_POINT_XY || !vl_secp256k1_on_curve(&b->q[i])) verdicts[i] = fault;
    }
}

/* Closes the ranks: a decided item costs no lane from here on. */
static void keep_live(block *b, const uint8_t *verdicts, size_t n) {
    b->live = 0;
    for (size_t i = 0; i < n; i++) {
        if (verdicts[i] != VL_UNDECIDED) continue;
        size_t k = b->live++;
        b->item[k] = (uint16_t)i;
        b->e[k] = b->e[i];
        b->r[k] = b->r[i];
        b->s[k] = b->s[i];
        b->q[k] = b->q[i];
    }
}

/* sum = u G + v q. On output: infinite[k] says whether sum[k] is infinity; only then sum[k] means nothing. */
static void double_mul(block *b, const vl_curve_ops *ops, void *scratch) {
    ops->double_mul(b->sum, b->infinite, b->live, b->u, b->v, b->q, scratch);
    for (size_t k = 0; k < b->live; k++) {
        if (b->infinite[k]) b->infinite[k] = !vl_secp256k1_double_mul_exact(&b->sum[k], &b->u[k], &b->v[k], &b->q[k]);
    }
}

/* Size of blocks that cover n items evenly, so that the last one is no sliver; whole lanes, except in the last. */
static size_t block_size(size_t n, size_t lanes) {
    size_t blocks = n / VL_BLOCK + (n % VL_BLOCK != 0);
    size_t size = blocks ? n / blocks + (n % blocks != 0) : 0;
    size += (lanes - size % lanes) % lanes;
    return size < VL_BLOCK ? size : VL_BLOCK;
}

/* ---- Verify: SEC 1 v2.0 section 4.1.4 ---- */

/* Steps 1 to 3: r, s and e, and the key as it was sent. Returns the first fault, the key's own excepted. */
static uint8_t parse_signed(block *b, size_t i, const vl_ecdsa_input *input, size_t index) {
    b->form[i] = (uint8_t)vl_secp256k1_parse_key(&b->q[i], &b->odd[i], column_item(input->keys, index), input->flags);
    if (!vl_secp256k1_parse_signature(&b->r[i], &b->s[i], column_item(input->signatures, index), input->encoding,
                                      input->flags)) {
        return VL_BAD_SIGNATURE;
    }
    return vl_secp256k1_parse_digest(&b->e[i], column_item(input->digests, index)) ? VL_UNDECIDED : VL_BAD_MESSAGE;
}

/* Steps 6 to 8: R is not infinity, and its x mod n is r. x < p < 2n, so that x is r, or r + n if that is below p. */
static uint8_t judge(const vl_point *sum, int infinite, const vl_u256 *r) {
    if (infinite) return VL_MISMATCH;
    if (u256_equal(&sum->x, r)) return VL_OK;
    if (!u256_less(r, &secp256k1_p_minus_n)) return VL_MISMATCH;
    vl_u256 second;
    u256_add(&second, r, &secp256k1_n);
    return u256_equal(&sum->x, &second) ? VL_OK : VL_MISMATCH;
}

static void verify_block(block *b, uint8_t *verdicts, size_t n, const vl_ecdsa_input *input, size_t first,
                         const vl_curve_ops *ops, void *scratch) {
    for (size_t i = 0; i < n; i++) verdicts[i] = parse_signed(b, i, input, first + i);
    complete_points(b, verdicts, n, VL_BAD_KEY, ops, scratch);
    keep_live(b, verdicts, n);
    if (b->live == 0) return;
    /* Steps 4 and 5: u1 = e / s, u2 = r / s, R = u1 G + u2 Q */
    ops->scalar_ratio(b->u, b->v, b->live, b->e, b->r, b->s, scratch);
    double_mul(b, ops, scratch);
    for (size_t k = 0; k < b->live; k++) verdicts[b->item[k]] = judge(&b->sum[k], b->infinite[k], &b->r[k]);
}

void vl_secp256k1_verify_blocks(uint8_t *verdicts, size_t n, const vl_ecdsa_input *input, const vl_curve_ops *ops,
                                const vl_scratch *scratch) {
    size_t size = block_size(n, (size_t)ops->lanes);
    for (size_t first = 0; first < n; first += size) {
        size_t count = n - first < size ? n - first : size;
        verify_block(scratch->host, verdicts + first, count, input, first, ops, scratch->primitive);
    }
}

/* ---- Recover: SEC 1 v2.0 section 4.1.6, for the one candidate that the recovery id names ---- */

/* Steps 1.1, 1.2 and 1.5: r, s, the compressed R, and e, negated mod n for step 1.6. A fault of the signature shows
 * as a missing point. */
static uint8_t parse_recoverable(block *b, size_t i, const vl_ecdsa_input *input, size_t index) {
    b->form[i] = vl_secp256k1_parse_recoverable(&b->r[i], &b->s[i], &b->q[i].x, &b->odd[i],
                                                column_item(input->signatures, index), input->flags)
                     ? VL_POINT_X
                     : VL_POINT_NONE;
    if (!vl_secp256k1_parse_digest(&b->e[i], column_item(input->digests, index))) return VL_BAD_MESSAGE;
    if (!u256_is_zero(&b->e[i])) u256_sub(&b->e[i], &secp256k1_n, &b->e[i]);
    return VL_UNDECIDED;
}

/* What leaves here as a key is a point, whoever computed it: the curve equation is checked once more. If it fails the
 * arithmetic is broken, and the verdict stays undecided, which callers must treat as an internal error. */
static uint8_t give_key(uint8_t *key64, const vl_point *sum, int infinite) {
    if (infinite) return VL_BAD_SIGNATURE;
    if (!vl_secp256k1_on_curve(sum)) return VL_UNDECIDED;
    u256_to_bytes(key64, &sum->x);
    u256_to_bytes(key64 + 32, &sum->y);
    return VL_OK;
}

static void recover_block(block *b, uint8_t *keys64, uint8_t *verdicts, size_t n, const vl_ecdsa_input *input,
                          size_t first, const vl_curve_ops *ops, void *scratch) {
    for (size_t i = 0; i < n; i++) verdicts[i] = parse_recoverable(b, i, input, first + i);
    complete_points(b, verdicts, n, VL_BAD_SIGNATURE, ops, scratch);
    keep_live(b, verdicts, n);
    if (b->live == 0) return;
    /* Step 1.6.1: Q = r^-1 (s R - e G) = u G + v R with u = -e / r, v = s / r */
    ops->scalar_ratio(b->u, b->v, b->live, b->e, b->s, b->r, scratch);
    double_mul(b, ops, scratch);
    for (size_t k = 0; k < b->live; k++) {
        size_t i = b->item[k];
        verdicts[i] = give_key(keys64 + 64 * i, &b->sum[k], b->infinite[k]);
    }
}

void vl_secp256k1_recover_blocks(uint8_t *keys64, uint8_t *verdicts, size_t n, const vl_ecdsa_input *input,
                                 const vl_curve_ops *ops, const vl_scratch *scratch) {
    size_t size = block_size(n, (size_t)ops->lanes);
    for (size_t first = 0; first < n; first += size) {
        size_t count = n - first < size ? n - first : size;
        recover_block(scratch->host, keys64 + 64 * first, verdicts + first, count, input, first, ops,
                      scratch->primitive);
    }
}
