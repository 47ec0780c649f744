#include "scheme/schnorr.h"

#include <string.h>

#include "dispatch.h"
#include "scheme/bip340.h"
#include "scheme/column.h"
#include "scheme/curve.h"
#include "scheme/keys.h"
#include "scheme/point_block.h"
#include "scheme/u256.h"

/* One block at work. points.q is P, points.u is s, points.v is n - e; r closes its ranks with them. */
typedef struct {
    vl_point_block points;
    vl_u256 r[VL_BLOCK];
    uint8_t heads[VL_BLOCK][64]; /* bytes(r) || bytes(P) */
    uint8_t challenges[VL_BLOCK][32];
    vl_hash_scratch hashing;
} block;

_Static_assert(sizeof(block) <= VL_SCRATCH_HOST, "a block must fit into the host's part of the scratch");
_Static_assert(VL_BLOCK <= VL_HASH_SORTED, "a block's messages must fit into the hash's scratch");

/* ---- BIP-340, "Verification" ---- */

/* r = int(sig[0:32]) < p and s = int(sig[32:64]) < n. Both may be 0. */
static int parse_signature(vl_u256 *r, vl_u256 *s, vl_bytes signature) {
    if (signature.length != 64) return 0;
    u256_from_bytes(r, signature.data);
    u256_from_bytes(s, signature.data + 32);
    return u256_less(r, &vl_curve_secp256k1.p) && u256_less(s, &vl_curve_secp256k1.n);
}

/* The first fault, the key's own excepted. An item with a fault is hashed all the same, with zeros for what is missing. */
static uint8_t parse(block *b, size_t i, const vl_schnorr_input *input, size_t index) {
    vl_point_block *p = &b->points;
    vl_bytes key = column_item(input->keys, index), signature = column_item(input->signatures, index);
    /* P = lift_x(int(pk)), so far as bytes tell */
    p->form[i] = (uint8_t)vl_secp256k1_parse_xonly_key(&p->q[i], &p->odd[i], key, input->flags);
    memset(b->heads[i], 0, 64);
    if (p->form[i] != VL_POINT_NONE) memcpy(b->heads[i] + 32, key.data, 32);
    if (!parse_signature(&b->r[i], &p->u[i], signature)) return VL_BAD_SIGNATURE;
    memcpy(b->heads[i], signature.data, 32);
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
    vl_point_block *p = &b->points;
    vl_point_block_keep_live(p, verdicts, n);
    for (size_t k = 0; k < p->live; k++) {
        size_t i = p->item[k];
        b->r[k] = b->r[i];
        p->u[k] = p->u[i];
        p->v[k] = p->v[i];
    }
}

/* R is not infinite, has an even y, and x(R) = r. */
static uint8_t judge(const vl_point *sum, int infinite, const vl_u256 *r) {
    return !infinite && (sum->y.w[0] & 1) == 0 && u256_equal(&sum->x, r) ? VL_OK : VL_MISMATCH;
}

static void verify_block(block *b, uint8_t *verdicts, size_t n, const vl_schnorr_input *input, size_t first,
                         void *scratch) {
    vl_point_block *p = &b->points;
    for (size_t i = 0; i < n; i++) verdicts[i] = parse(b, i, input, first + i);
    vl_point_block_complete(p, verdicts, n, VL_BAD_KEY, input->ops, scratch);
    challenge(b, n, input, first);
    keep_live(b, verdicts, n);
    if (p->live == 0) return;
    /* R = s G - e P */
    vl_point_block_sum(p, input->ops, scratch);
    for (size_t k = 0; k < p->live; k++) verdicts[p->item[k]] = judge(&p->sum[k], p->infinite[k], &b->r[k]);
}

void vl_secp256k1_schnorr_blocks(uint8_t *verdicts, size_t n, const vl_schnorr_input *input,
                                 const vl_scratch *scratch) {
    size_t size = vl_point_block_size(n, (size_t)input->ops->lanes);
    for (size_t first = 0; first < n; first += size) {
        size_t count = n - first < size ? n - first : size;
        verify_block(scratch->host, verdicts + first, count, input, first, scratch->primitive);
    }
}

/* ---- The C ABI ---- */

int vl_secp256k1_schnorr_verify(uint8_t *verdicts, size_t n, const vl_column *keys, const vl_column *signatures,
                                const vl_column *messages, unsigned flags, int isa, void *scratch,
                                size_t scratch_size) {
    vl_scratch pieces;
    vl_hash_plan hashing;
    if (n && verdicts == NULL) return VL_ERROR_ARGUMENT;
    if (n) memset(verdicts, VL_UNDECIDED, n);
    if (flags & ~(unsigned)VL_PREPARED_KEYS) return VL_ERROR_ARGUMENT;
    if (n && !(column_is_readable(keys, n) && column_is_readable(signatures, n) && column_is_readable(messages, n))) {
        return VL_ERROR_ARGUMENT;
    }
    int error = vl_scratch_cut(&pieces, scratch, scratch_size);
    if (error != VL_SUCCESS) return error;
    const vl_curve_ops *ops = vl_dispatch_curve(&vl_curve_secp256k1, isa, n, &pieces, &error);
    if (error == VL_SUCCESS) error = vl_hash_choose(&hashing, VL_SHA256, isa);
    if (error != VL_SUCCESS) return error;
    vl_schnorr_input input = {keys, signatures, messages, ops, &hashing, flags};
    vl_secp256k1_schnorr_blocks(verdicts, n, &input, &pieces);
    return VL_SUCCESS;
}
