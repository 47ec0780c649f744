#include "scheme/sm2.h"

#include <string.h>

#include "dispatch.h"
#include "scheme/column.h"
#include "scheme/judge.h"
#include "scheme/keys.h"
#include "scheme/point_block.h"
#include "scheme/signature.h"
#include "scheme/sm2_digest.h"
#include "scheme/u256.h"

/* One block at work. points.q is PA, points.u is s, points.v is t; r and e close their ranks with them. target = r - e mod n. */
typedef struct {
    vl_point_block points;
    vl_u256 r[VL_BLOCK], e[VL_BLOCK], target[VL_BLOCK];
    vl_sm2_digest_scratch hashing;
} block;

_Static_assert(sizeof(block) <= VL_SCRATCH_HOST, "a block must fit into the host's part of the scratch");

/* ---- GB/T 32918.2-2016 section 7.1 ---- */

/* r || s || x || y, as FISCO BCOS writes it: the signature proper and the key that is appended. */
#define FISCO_SIZE 128

static int is_fisco(const vl_sm2_input *input, vl_bytes signature) {
    return input->encoding == VL_FISCO && signature.length == FISCO_SIZE;
}

static vl_bytes appended_key(vl_bytes signature) { return (vl_bytes){signature.data + 64, 64}; }

/* B1, B2 and B5: r, s and t = (r + s) mod n all lie in [1, n - 1]. */
static int parse_signature(vl_u256 *r, vl_u256 *s, vl_u256 *t, vl_bytes signature, const vl_sm2_input *input) {
    int encoding = input->encoding;
    if (encoding == VL_FISCO) {
        if (!is_fisco(input, signature)) return 0;
        signature.length = 64;
        encoding = VL_COMPACT;
    }
    if (!vl_parse_signature(r, s, signature, encoding, 0, &vl_curve_sm2)) return 0;
    u256_add_mod(t, r, s, &vl_curve_sm2.n);
    return !u256_is_zero(t);
}

static vl_point_form parse_key(vl_point *q, uint8_t *odd, const vl_sm2_input *input, vl_bytes signature, size_t index) {
    if (input->keys) return vl_parse_key(q, odd, column_item(input->keys, index), 0, &vl_curve_sm2);
    return is_fisco(input, signature) ? vl_parse_key(q, odd, appended_key(signature), 0, &vl_curve_sm2) : VL_POINT_NONE;
}

/* The first fault, the key's own excepted. */
static uint8_t parse(block *b, size_t i, const vl_sm2_input *input, size_t index) {
    vl_point_block *p = &b->points;
    const vl_bytes signature = column_item(input->signatures, index);
    p->form[i] = (uint8_t)parse_key(&p->q[i], &p->odd[i], input, signature, index);
    if (!parse_signature(&b->r[i], &p->u[i], &p->v[i], signature, input)) return VL_BAD_SIGNATURE;
    int good = input->user_ids ? vl_sm2_user_id(input, index).length <= VL_SM2_USER_ID_MOST
                               : vl_parse_digest(&b->e[i], column_item(input->messages, index), &vl_curve_sm2);
    return good ? VL_UNDECIDED : VL_BAD_MESSAGE;
}

/* Two faults of VL_FISCO that complete() doesn't know: an appended key that differs from the one in keys, and, without
 * keys, a signature too short or too long to hold one. */
static void check_appended_key(block *b, uint8_t *verdict, size_t i, const vl_sm2_input *input, size_t index) {
    uint8_t key[64];
    const vl_bytes signature = column_item(input->signatures, index);
    if (!is_fisco(input, signature)) {
        if (!input->keys) *verdict = VL_BAD_SIGNATURE;
        return;
    }
    if (*verdict == VL_BAD_KEY) return;
    u256_to_bytes(key, &b->points.q[i].x);
    u256_to_bytes(key + 32, &b->points.q[i].y);
    if (memcmp(key, appended_key(signature).data, 64) != 0) *verdict = VL_BAD_KEY;
}

static void keep_live(block *b, const uint8_t *verdicts, size_t n) {
    vl_u256 *const numbers[] = {b->r, b->e, b->points.u, b->points.v};
    vl_point_block_keep_live(&b->points, verdicts, n, numbers, 4);
}

/* B3 and B4: e = SM3(ZA || M), as an integer mod n. */
static void hash(block *b, const vl_sm2_input *input, size_t first) {
    const vl_point_block *p = &b->points;
    vl_sm2_digests(p->live, p->q, p->item, input, first, &b->hashing);
    for (size_t k = 0; k < p->live; k++)
        vl_parse_digest(&b->e[k], (vl_bytes){b->hashing.digests[k], 32}, &vl_curve_sm2);
}

/* B1 to B5: the verdicts of items with a fault, and s, t and target of the others, which stay live. */
static void prepare_block(block *b, uint8_t *verdicts, size_t n, const vl_sm2_input *input, size_t first,
                          void *scratch) {
    vl_point_block *p = &b->points;
    for (size_t i = 0; i < n; i++) verdicts[i] = parse(b, i, input, first + i);
    vl_point_block_complete(p, verdicts, n, VL_BAD_KEY, input->ops, scratch);
    if (input->encoding == VL_FISCO)
        for (size_t i = 0; i < n; i++) check_appended_key(b, &verdicts[i], i, input, first + i);
    keep_live(b, verdicts, n);
    if (p->live && input->user_ids) hash(b, input, first);
    for (size_t k = 0; k < p->live; k++) u256_sub_mod(&b->target[k], &b->r[k], &b->e[k], &vl_curve_sm2.n);
}

/* B6: (x1, y1) = s G + t PA. B7: R = (e + x1) mod n is r. */
static void verify_block(block *b, uint8_t *verdicts, size_t n, const vl_sm2_input *input, size_t first,
                         void *scratch) {
    vl_point_block *p = &b->points;
    prepare_block(b, verdicts, n, input, first, scratch);
    if (p->live == 0) return;
    vl_point_block_sum(p, 0, p->live, input->ops, scratch);
    for (size_t k = 0; k < p->live; k++) {
        const int holds = !p->infinite[k] && vl_x_mod_n_is(&p->sum[k], &b->target[k], &vl_curve_sm2);
        verdicts[p->item[k]] = holds ? VL_OK : VL_MISMATCH;
    }
}

void vl_sm2_blocks(uint8_t *verdicts, size_t n, const vl_sm2_input *input, const vl_scratch *scratch) {
    size_t size = vl_point_block_size(n, (size_t)input->ops->lanes);
    for (size_t first = 0; first < n; first += size) {
        size_t count = n - first < size ? n - first : size;
        verify_block(scratch->host, verdicts + first, count, input, first, scratch->primitive);
    }
}

void vl_sm2_terms_blocks(uint8_t *verdicts, const vl_terms *terms, size_t n, const vl_sm2_input *input,
                         const vl_scratch *scratch) {
    block *b = scratch->host;
    size_t size = vl_point_block_size(n, (size_t)input->ops->lanes);
    for (size_t first = 0; first < n; first += size) {
        size_t count = n - first < size ? n - first : size;
        prepare_block(b, verdicts + first, count, input, first, scratch->primitive);
        vl_point_block_give(terms, first, &b->points, b->target);
    }
}

/* ---- The C ABI ---- */

static int are_readable(const vl_sm2_input *input, size_t n) {
    return (input->keys == NULL || column_is_readable(input->keys, n)) && column_is_readable(input->signatures, n) &&
           column_is_readable(input->messages, n) &&
           (input->user_ids == NULL || column_is_readable(input->user_ids, input->one_user_id ? 1 : n));
}

static int is_encoding(int encoding) { return encoding == VL_COMPACT || encoding == VL_DER || encoding == VL_FISCO; }

/* One call: of vl_sm2_verify, or of vl_sm2_terms if terms are asked for. */
static int run(uint8_t *verdicts, const vl_terms *terms, size_t n, vl_sm2_input *input, int isa, void *scratch,
               size_t scratch_size) {
    vl_scratch pieces;
    vl_hash_plan hashing;
    if (n && verdicts == NULL) return VL_ERROR_ARGUMENT;
    if (n) memset(verdicts, VL_UNDECIDED, n);
    if (!is_encoding(input->encoding) || (n && input->keys == NULL && input->encoding != VL_FISCO))
        return VL_ERROR_ARGUMENT;
    if (n && !are_readable(input, n)) return VL_ERROR_ARGUMENT;
    int error = vl_scratch_cut(&pieces, scratch, scratch_size);
    if (error != VL_SUCCESS) return error;
    input->ops = vl_dispatch_curve(&vl_curve_sm2, isa, n, &pieces, &error);
    if (error == VL_SUCCESS) error = vl_hash_choose(&hashing, VL_SM3, isa);
    if (error != VL_SUCCESS) return error;
    input->hashing = &hashing;
    if (terms) vl_sm2_terms_blocks(verdicts, terms, n, input, &pieces);
    else vl_sm2_blocks(verdicts, n, input, &pieces);
    return VL_SUCCESS;
}

int vl_sm2_verify(uint8_t *verdicts, size_t n, const vl_column *keys, const vl_column *signatures,
                  const vl_column *messages, const vl_column *user_ids, int one_user_id, int encoding, int isa,
                  void *scratch, size_t scratch_size) {
    vl_sm2_input input = {keys, signatures, messages, user_ids, one_user_id, encoding, NULL, NULL};
    return run(verdicts, NULL, n, &input, isa, scratch, scratch_size);
}

int vl_sm2_terms(uint8_t *verdicts, const vl_terms *terms, size_t n, const vl_column *keys, const vl_column *signatures,
                 const vl_column *messages, const vl_column *user_ids, int one_user_id, int encoding, int isa,
                 void *scratch, size_t scratch_size) {
    vl_sm2_input input = {keys, signatures, messages, user_ids, one_user_id, encoding, NULL, NULL};
    if (n && !vl_terms_are_there(terms)) return VL_ERROR_ARGUMENT;
    return run(verdicts, terms, n, &input, isa, scratch, scratch_size);
}
