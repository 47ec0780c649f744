#include "scheme/ed25519_block.h"

#include <string.h>

#include "scheme/column.h"
#include "scheme/ed25519_equation.h"
#include "scheme/ed25519_keys.h"
#include "scheme/ed25519_scalar.h"
#include "scheme/point_block.h"
#include "scheme/u256.h"

enum { KEY_SIZE = 32, SIGNATURE_SIZE = 64, DIGEST_SIZE = 64 };

/* R || A as received: another thread may change the caller's bytes meanwhile, so that what is checked here is what is hashed. */
typedef struct {
    uint8_t r[32], a[32];
} head;

/* One block at work. item[k] is the place in the block of the k-th item that is still undecided. */
typedef struct {
    size_t live;
    uint16_t item[VL_EDWARDS_BLOCK];
    vl_ed25519_encoded encoded;    /* keys A, later those R that have to be decoded */
    uint64_t at[VL_EDWARDS_BLOCK]; /* A's place among the prepared keys, if they are */
    union {
        vl_point a[VL_EDWARDS_BLOCK];
        vl_point pair[VL_EDWARDS_BLOCK][2]; /* A, 2^128 A of prepared keys, for the equation */
    };
    vl_u256 s[VL_EDWARDS_BLOCK], k[VL_EDWARDS_BLOCK];
    vl_ed25519_encoding r[VL_EDWARDS_BLOCK];
    union {
        head head[VL_EDWARDS_BLOCK];    /* until k is known */
        vl_point sum[VL_EDWARDS_BLOCK]; /* s B - k A */
    };
    union {
        uint8_t digests[VL_EDWARDS_BLOCK][DIGEST_SIZE];
        vl_point r_point[VL_EDWARDS_BLOCK];
    };
    uint8_t good[VL_EDWARDS_BLOCK]; /* shown to be valid by an equation */
    vl_ed25519_equation equation;
    vl_hash_scratch hashing;
} block;

_Static_assert(sizeof(block) <= VL_SCRATCH_HOST, "a block must fit into the host's part of the scratch");
_Static_assert(VL_EDWARDS_BLOCK <= VL_HASH_SORTED, "a block's messages must fit into the hash's scratch");

/* ---- RFC 8032 section 5.1.7, step 1, and the rule's own demands ---- */

static int is_key(const vl_ed25519_encoding *e, const vl_ed25519_rule_row *rule) {
    return !(rule->canonical_key && !vl_ed25519_is_canonical(e)) &&
           !(rule->large_order_key && vl_ed25519_is_small_order(e));
}

static int parse_key(vl_ed25519_encoding *e, uint8_t bytes[32], vl_bytes key, const vl_ed25519_rule_row *rule) {
    if (key.length != KEY_SIZE) return 0;
    memcpy(bytes, key.data, KEY_SIZE);
    vl_ed25519_parse(e, bytes);
    return is_key(e, rule);
}

/* *at = the place of a key that was prepared; returns 0 if it was none, or the rule refuses it. */
static int find_key(uint64_t *at, uint8_t bytes[32], const vl_ed25519_input *input, size_t index,
                    const vl_ed25519_rule_row *rule) {
    vl_ed25519_encoding e;
    *at = input->keys->offsets ? (uint64_t)input->keys->offsets[index] / sizeof(vl_ed25519_prepared) : index;
    const vl_ed25519_prepared *key = &input->prepared[*at];
    memcpy(bytes, key->encoding, KEY_SIZE);
    vl_ed25519_parse(&e, bytes);
    return vl_ed25519_is_prepared(key) && is_key(&e, rule);
}

static int parse_signature(vl_ed25519_encoding *r, vl_u256 *s, uint8_t bytes[32], vl_bytes signature,
                           const vl_ed25519_rule_row *rule) {
    if (signature.length != SIGNATURE_SIZE) return 0;
    memcpy(bytes, signature.data, 32);
    vl_ed25519_parse(r, bytes);
    return vl_ed25519_parse_scalar(s, signature.data + 32) && !(rule->canonical_r && !vl_ed25519_is_canonical(r)) &&
           !(rule->large_order_r && vl_ed25519_is_small_order(r));
}

/* Every key that could be one is decoded, whatever its signature: a bad key comes first among the verdicts. */
static void parse_block(block *b, uint8_t *verdicts, size_t n, const vl_ed25519_input *input, size_t first) {
    const vl_ed25519_rule_row *rule = input->rule;
    b->encoded.count = 0;
    for (size_t i = 0; i < n; i++) {
        vl_ed25519_encoding key;
        head *h = &b->head[i];
        int good = parse_signature(&b->r[i], &b->s[i], h->r, column_item(input->signatures, first + i), rule);
        verdicts[i] = good ? VL_UNDECIDED : VL_BAD_SIGNATURE;
        if (input->prepared) {
            if (!find_key(&b->at[i], h->a, input, first + i, rule)) verdicts[i] = VL_BAD_KEY;
        } else if (parse_key(&key, h->a, column_item(input->keys, first + i), rule)) {
            vl_ed25519_add_encoded(&b->encoded, i, &key);
        } else {
            verdicts[i] = VL_BAD_KEY;
        }
    }
}

static void decode_keys(block *b, uint8_t *verdicts, const vl_edwards_ops *ops, void *scratch) {
    const vl_ed25519_encoded *c = &b->encoded;
    vl_ed25519_decode(&b->encoded, ops, scratch);
    for (size_t j = 0; j < c->count; j++) {
        b->a[c->item[j]] = c->point[j];
        if (!c->ok[j]) verdicts[c->item[j]] = VL_BAD_KEY;
    }
}

/* Closes the ranks: a decided item costs no lane from here on. */
static void keep_live(block *b, const uint8_t *verdicts, size_t n) {
    b->live = 0;
    for (size_t i = 0; i < n; i++) {
        if (verdicts[i] != VL_UNDECIDED) continue;
        const size_t k = b->live++;
        b->item[k] = (uint16_t)i;
        b->at[k] = b->at[i];
        b->a[k] = b->a[i];
        b->r[k] = b->r[i];
        b->s[k] = b->s[i];
        b->head[k] = b->head[i];
    }
}

/* ---- Step 2: k = SHA-512(R || A || M) mod L, of the bytes as received ---- */

static void hash(block *b, const vl_ed25519_input *input, size_t first) {
    vl_message *messages = b->hashing.messages;
    for (size_t k = 0; k < b->live; k++) {
        const vl_bytes r = {b->head[k].r, 32}, a = {b->head[k].a, 32};
        messages[k] = vl_message_of(r, a, column_item(input->messages, first + b->item[k]));
    }
    vl_hash_messages(b->digests[0], b->live, messages, input->hashing, &b->hashing);
    for (size_t k = 0; k < b->live; k++) vl_ed25519_reduce(&b->k[k], b->digests[k]);
}

/* ---- Step 3: the equation, one lane per item ---- */

/* The items whose R is not the encoding of s B - k A. R may still differ from it by a point of small order, or be written in
 * another way: 8 R = 8 (s B - k A) decides. An R that is none is a mismatch. */
static void judge_cofactored(block *b, uint8_t *verdicts, const vl_edwards_ops *ops, void *scratch) {
    vl_ed25519_encoded *c = &b->encoded;
    size_t count = 0;
    vl_ed25519_decode(c, ops, scratch);
    for (size_t j = 0; j < c->count; j++) {
        if (!c->ok[j]) continue;
        b->sum[count] = b->sum[c->item[j]]; /* count <= item[j], and that one is not looked at again */
        c->point[count] = c->point[j];
        c->item[count++] = c->item[j];
    }
    if (count) ops->cofactor_equal(c->ok, count, b->sum, c->point, scratch);
    for (size_t j = 0; j < count; j++)
        if (c->ok[j]) verdicts[b->item[c->item[j]]] = VL_OK;
}

/* Decides the live items from .. to - 1. */
static void by_lanes(block *b, uint8_t *verdicts, size_t from, size_t to, const vl_ed25519_input *input,
                     const vl_edwards_ops *ops, void *scratch) {
    const size_t n = to - from;
    const vl_u256 *s = b->s + from, *k = b->k + from;
    if (n == 0) return;
    if (input->prepared) ops->double_mul_prepared(b->sum + from, n, s, k, input->prepared, b->at + from, scratch);
    else ops->double_mul(b->sum + from, n, s, k, b->a + from, scratch);
    b->encoded.count = 0;
    for (size_t i = from; i < to; i++) {
        const int equal = vl_ed25519_is_encoding_of(&b->r[i], &b->sum[i]);
        verdicts[b->item[i]] = equal ? VL_OK : VL_MISMATCH;
        if (!equal && input->rule->cofactored) vl_ed25519_add_encoded(&b->encoded, i, &b->r[i]);
    }
    judge_cofactored(b, verdicts, ops, scratch);
}

/* ---- Step 3 for many items at once ---- */

/* Closes the ranks again, r_point included. */
static void keep_undecided(block *b, const uint8_t *verdicts) {
    size_t live = 0;
    for (size_t k = 0; k < b->live; k++) {
        if (verdicts[b->item[k]] != VL_UNDECIDED) continue;
        b->item[live] = b->item[k];
        b->at[live] = b->at[k];
        b->a[live] = b->a[k];
        b->r[live] = b->r[k];
        b->r_point[live] = b->r_point[k];
        b->s[live] = b->s[k];
        b->k[live++] = b->k[k];
    }
    b->live = live;
}

/* An R that is no point is a mismatch, and never enters a sum. */
static void decode_r(block *b, uint8_t *verdicts, const vl_edwards_ops *ops, void *scratch) {
    vl_ed25519_encoded *c = &b->encoded;
    c->count = 0;
    for (size_t k = 0; k < b->live; k++) vl_ed25519_add_encoded(c, k, &b->r[k]);
    vl_ed25519_decode(c, ops, scratch);
    for (size_t k = 0; k < b->live; k++) {
        b->r_point[k] = c->point[k];
        if (!c->ok[k]) verdicts[b->item[k]] = VL_MISMATCH;
    }
    keep_undecided(b, verdicts);
}

/* by_lanes as scheme/bisect.h asks for it. */
typedef struct {
    block *b;
    uint8_t *verdicts;
    const vl_ed25519_input *input;
    const vl_edwards_ops *ops;
    void *scratch;
} lanes;

static size_t one_by_one(void *context, size_t from, size_t to) {
    const lanes *l = context;
    size_t bad = 0;
    by_lanes(l->b, l->verdicts, from, to, l->input, l->ops, l->scratch);
    for (size_t k = from; k < to; k++) bad += l->verdicts[l->b->item[k]] != VL_OK;
    return bad;
}

/* Decides what it can, the rest stays live: valid items, if no more are bad than halving finds. Returns whether the equation
 * was of use. */
static int by_equation(block *b, uint8_t *verdicts, const vl_ed25519_input *input, size_t first,
                       const vl_edwards_ops *ops, void *scratch) {
    vl_ed25519_equation *e = &b->equation;
    decode_r(b, verdicts, ops, scratch);
    const size_t n = e->n = b->live;
    if (n < input->equation_from) return 1;
    e->in_halves = input->prepared != NULL;
    e->a = b->a;
    if (e->in_halves) {
        for (size_t k = 0; k < n; k++) memcpy(b->pair[k], input->prepared[b->at[k]].multiple, sizeof b->pair[k]);
        e->a = b->pair[0];
    }
    e->r = b->r_point;
    e->s = b->s;
    e->k = b->k;
    e->ops = ops;
    e->scratch = scratch;
    vl_ed25519_equation_begin(e, input->seed, first, input->hashing, &b->hashing);
    lanes context = {b, verdicts, input, ops, scratch};
    const vl_batch batch = {&vl_ed25519_equation_kind, e, n, e->z[0].w[0], one_by_one, &context};
    const int useful = vl_batch_decide(b->good, &batch);
    for (size_t k = 0; k < n; k++)
        if (b->good[k] && verdicts[b->item[k]] == VL_UNDECIDED) verdicts[b->item[k]] = VL_OK;
    keep_undecided(b, verdicts);
    return useful && b->live <= n / 2;
}

/* ---- Blocks ---- */

/* Steps 1 and 2: the verdicts of items with a fault, and A, R's encoding, S and k of the others, which stay live. */
static void prepare_block(block *b, uint8_t *verdicts, size_t n, const vl_ed25519_input *input, size_t first,
                          const vl_edwards_ops *ops, void *scratch) {
    parse_block(b, verdicts, n, input, first);
    decode_keys(b, verdicts, ops, scratch);
    keep_live(b, verdicts, n);
    if (b->live) hash(b, input, first);
}

/* Returns whether the next blocks should try the equation. */
static int verify_block(block *b, uint8_t *verdicts, size_t n, const vl_ed25519_input *input, size_t first,
                        int try_equation, const vl_edwards_ops *ops, void *scratch) {
    prepare_block(b, verdicts, n, input, first, ops, scratch);
    if (b->live == 0) return try_equation;
    if (try_equation && b->live >= input->equation_from)
        try_equation = by_equation(b, verdicts, input, first, ops, scratch);
    by_lanes(b, verdicts, 0, b->live, input, ops, scratch);
    return try_equation;
}

void vl_ed25519_verify_blocks(uint8_t *verdicts, size_t n, const vl_ed25519_input *input, const vl_edwards_ops *ops,
                              const vl_scratch *scratch) {
    const size_t size = vl_block_size(n, VL_EDWARDS_BLOCK, (size_t)ops->lanes);
    int try_equation = input->rule->cofactored && input->seed != NULL;
    for (size_t first = 0; first < n; first += size) {
        size_t count = n - first < size ? n - first : size;
        try_equation =
            verify_block(scratch->host, verdicts + first, count, input, first, try_equation, ops, scratch->primitive);
    }
}

/* ---- The same up to the sum ---- */

static void give(const vl_terms *terms, size_t first, const block *b, const vl_ed25519_input *input) {
    for (size_t k = 0; k < b->live; k++) {
        const vl_point *a = input->prepared ? &input->prepared[b->at[k]].multiple[0] : &b->a[k];
        const vl_u256 target = vl_ed25519_target_of(&b->r[k]);
        vl_terms_set(terms, first + b->item[k], &b->s[k], &b->k[k], a, &target);
    }
}

void vl_ed25519_terms_blocks(uint8_t *verdicts, const vl_terms *terms, size_t n, const vl_ed25519_input *input,
                             const vl_edwards_ops *ops, const vl_scratch *scratch) {
    block *b = scratch->host;
    const size_t size = vl_block_size(n, VL_EDWARDS_BLOCK, (size_t)ops->lanes);
    for (size_t first = 0; first < n; first += size) {
        size_t count = n - first < size ? n - first : size;
        prepare_block(b, verdicts + first, count, input, first, ops, scratch->primitive);
        give(terms, first, b, input);
    }
}
