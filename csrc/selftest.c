#include "selftest.h"

#include <string.h>

#include "scheme/coefficients.h"
#include "scheme/ecdsa_block.h"
#include "scheme/schnorr_block.h"
#include "scheme/sm2.h"
#include "scheme/u256.h"
#include "selftest_numbers.h"
#include "selftest_vectors.h"
#include "selftest_vectors_p256.h"
#include "selftest_vectors_sm2.h"

/* Every test runs over two rounds of lanes and some items more: each lane is used twice or more, and the last round is
 * not full. Vectors repeat; as their number and that of the lanes have no common factor, a lane sees several. */
#define MOST_ITEMS 80

static size_t items(const vl_curve_ops *ops, size_t vectors) {
    size_t n = 2 * (size_t)ops->lanes + vectors;
    return n < MOST_ITEMS ? n : MOST_ITEMS;
}

static int same_point(const vl_point *a, const vl_point *b) {
    return u256_equal(&a->x, &b->x) && u256_equal(&a->y, &b->y);
}

/* ---- Primitives of a curve ---- */

static int is_right_sum(const sum_vector *expected, const vl_point *sum, int exceptional, const vl_curve *curve) {
    if (!exceptional) return expected->kind != INFINITE && same_point(sum, &expected->sum);
    if (expected->kind == ORDINARY) return 0;
    vl_point exact;
    int finite = curve->double_mul_exact(&exact, &expected->u, &expected->v, &expected->q);
    return expected->kind == INFINITE ? !finite : finite && same_point(&exact, &expected->sum);
}

static int sums_are_right(const curve_answers *known, const vl_curve_ops *ops, void *scratch) {
    vl_u256 u[MOST_ITEMS] = {{{0}}}, v[MOST_ITEMS] = {{{0}}};
    vl_point q[MOST_ITEMS] = {{{{0}}, {{0}}}}, sum[MOST_ITEMS];
    uint8_t exceptional[MOST_ITEMS];
    size_t n = items(ops, known->sum_count);
    for (size_t i = 0; i < n; i++) {
        const sum_vector *vector = &known->sums[i % known->sum_count];
        u[i] = vector->u;
        v[i] = vector->v;
        q[i] = vector->q;
    }
    ops->double_mul(sum, exceptional, n, u, v, q, scratch);
    int right = 1;
    for (size_t i = 0; i < n; i++) {
        right &= is_right_sum(&known->sums[i % known->sum_count], &sum[i], exceptional[i], known->curve);
    }
    return right;
}

static int ratios_are_right(const curve_answers *known, const vl_curve_ops *ops, void *scratch) {
    vl_u256 a[MOST_ITEMS] = {{{0}}}, b[MOST_ITEMS] = {{{0}}}, d[MOST_ITEMS] = {{{0}}}, u[MOST_ITEMS], v[MOST_ITEMS];
    size_t n = items(ops, known->ratio_count);
    for (size_t i = 0; i < n; i++) {
        const ratio_vector *vector = &known->ratios[i % known->ratio_count];
        a[i] = vector->a;
        b[i] = vector->b;
        d[i] = vector->d;
    }
    ops->scalar_ratio(u, v, n, a, b, d, scratch);
    int right = 1;
    for (size_t i = 0; i < n; i++) {
        const ratio_vector *vector = &known->ratios[i % known->ratio_count];
        right &= u256_equal(&u[i], &vector->u) && u256_equal(&v[i], &vector->v);
    }
    return right;
}

static int roots_are_right(const curve_answers *known, const vl_curve_ops *ops, void *scratch) {
    vl_u256 x[MOST_ITEMS] = {{{0}}}, y[MOST_ITEMS];
    uint8_t odd[MOST_ITEMS] = {0}, ok[MOST_ITEMS];
    size_t n = items(ops, known->root_count);
    for (size_t i = 0; i < n; i++) {
        const root_vector *vector = &known->roots[i % known->root_count];
        x[i] = vector->x;
        odd[i] = vector->odd;
    }
    ops->decompress(y, ok, n, x, odd, scratch);
    int right = 1;
    for (size_t i = 0; i < n; i++) {
        const root_vector *vector = &known->roots[i % known->root_count];
        right &= ok[i] == vector->ok && (!vector->ok || u256_equal(&y[i], &vector->y));
    }
    return right;
}

/* The check of points, which every key passes: in lanes, and the host's one by one. */
static int curve_check_is_right(const curve_answers *known, const vl_curve_ops *ops) {
    vl_point q[MOST_ITEMS];
    uint8_t ok[MOST_ITEMS];
    const size_t n = items(ops, 2);
    for (size_t i = 0; i < n; i++) {
        q[i] = (vl_point){known->roots[0].x, known->roots[0].y};
        q[i].y.w[0] ^= i % 2;
    }
    ops->on_curve(ok, n, q);
    int right = known->curve->on_curve(&q[0]) && !known->curve->on_curve(&q[1]);
    for (size_t i = 0; i < n; i++) right &= ok[i] == (i % 2 == 0);
    return right;
}

/* ---- ECDSA as a whole ---- */

/* The known signature over and over; every second digest, those with i mod 2 = forged, has one bit flipped. */
static int verdicts_are_right(const curve_answers *known, const vl_curve_ops *ops, const vl_scratch *scratch,
                              size_t forged) {
    uint8_t keys[MOST_ITEMS][64], signatures[MOST_ITEMS][64], digests[MOST_ITEMS][32], verdicts[MOST_ITEMS];
    size_t n = items(ops, 1);
    for (size_t i = 0; i < n; i++) {
        memcpy(keys[i], known->key, 64);
        memcpy(signatures[i], known->signature, 64);
        memcpy(digests[i], known->digest, 32);
        digests[i][i % 32] ^= i % 2 == forged;
    }
    vl_column key_column = {keys[0], NULL, 64, 0};
    vl_column signature_column = {signatures[0], NULL, 64, 0};
    vl_column digest_column = {digests[0], NULL, 32, 0};
    vl_ecdsa_input input = {known->curve, &key_column, &signature_column, &digest_column, VL_COMPACT, VL_LOW_S};
    memset(verdicts, VL_UNDECIDED, sizeof verdicts);
    vl_ecdsa_verify_blocks(verdicts, n, &input, ops, scratch);
    int right = 1;
    for (size_t i = 0; i < n; i++) right &= verdicts[i] == (i % 2 == forged ? VL_MISMATCH : VL_OK);
    return right;
}

static int recovered_keys_are_right(const curve_answers *known, const vl_curve_ops *ops, const vl_scratch *scratch) {
    uint8_t signatures[MOST_ITEMS][65], digests[MOST_ITEMS][32], keys[MOST_ITEMS][64], verdicts[MOST_ITEMS];
    size_t n = items(ops, 1);
    for (size_t i = 0; i < n; i++) {
        memcpy(signatures[i], known->signature, 65);
        memcpy(digests[i], known->digest, 32);
    }
    vl_column signature_column = {signatures[0], NULL, 65, 0};
    vl_column digest_column = {digests[0], NULL, 32, 0};
    vl_ecdsa_input input = {known->curve, NULL, &signature_column, &digest_column, VL_COMPACT, VL_LOW_S};
    memset(keys, 0, sizeof keys);
    memset(verdicts, VL_UNDECIDED, sizeof verdicts);
    vl_ecdsa_recover_blocks(keys[0], verdicts, n, &input, ops, scratch);
    int right = 1;
    for (size_t i = 0; i < n; i++) right &= verdicts[i] == VL_OK && memcmp(keys[i], known->key, 64) == 0;
    return right;
}

/* ---- BIP-340 as a whole ---- */

/* The known signature over and over; every second message, those with i mod 2 = forged, has one bit flipped (none if forged is
 * 2). seed: NULL or that of an equation. */
static int schnorr_verdicts_are_right(const vl_curve_ops *ops, const vl_hash_ops *sha256, const vl_scratch *scratch,
                                      size_t forged, const uint8_t *seed) {
    uint8_t keys[MOST_ITEMS][32], signatures[MOST_ITEMS][64], messages[MOST_ITEMS][32], verdicts[MOST_ITEMS];
    size_t n = items(ops, 1);
    for (size_t i = 0; i < n; i++) {
        memcpy(keys[i], schnorr_key, 32);
        memcpy(signatures[i], schnorr_signature, 64);
        memcpy(messages[i], schnorr_message, 32);
        messages[i][i % 32] ^= i % 2 == forged;
    }
    vl_column key_column = {keys[0], NULL, 32, 0};
    vl_column signature_column = {signatures[0], NULL, 64, 0};
    vl_column message_column = {messages[0], NULL, 32, 0};
    vl_hash_plan hashing = {VL_SHA256, 32, 1, &vl_padding_sha256, sha256, sha256};
    vl_schnorr_input input = {&key_column, &signature_column, &message_column, ops, &hashing, 0, seed, 1};
    memset(verdicts, VL_UNDECIDED, sizeof verdicts);
    vl_secp256k1_schnorr_blocks(verdicts, n, &input, scratch);
    int right = 1;
    for (size_t i = 0; i < n; i++) right &= verdicts[i] == (i % 2 == forged ? VL_MISMATCH : VL_OK);
    return right;
}

/* double_mul, whose answers were right, says what msm must make of some points and numbers: sum (k_i + z_i) P_i. */
static int multi_sums_are_right(const vl_curve_ops *ops, void *scratch) {
    vl_u256 k[MOST_ITEMS], z[MOST_ITEMS], both[MOST_ITEMS], zero[MOST_ITEMS] = {{{0}}};
    vl_point p[MOST_ITEMS], product[MOST_ITEMS], expected, sum;
    uint64_t centred[MOST_ITEMS][2]; /* z + 2^127, 0 <= z < 2^127 */
    uint8_t exceptional[MOST_ITEMS];
    size_t n = items(ops, 3);
    fill(both, n, 1);
    fill(k, n, 2);
    fill(z, n, 3);
    for (size_t i = 0; i < n; i++) p[i] = vl_secp256k1_base;
    ops->double_mul(p, exceptional, n, both, zero, p, scratch);
    for (size_t i = 0; i < n; i++) {
        z[i] = (vl_u256){{z[i].w[0], z[i].w[1] & UINT64_MAX >> 1, 0, 0}};
        centred[i][0] = z[i].w[0];
        centred[i][1] = z[i].w[1] | (uint64_t)1 << 63;
        u256_add(&both[i], &k[i], &z[i]);
    }
    ops->double_mul(product, exceptional, n, zero, both, p, scratch);
    int right = vl_secp256k1_subtract(&expected, NULL, &product[0]);
    for (size_t i = 1; i < n; i++) right &= vl_secp256k1_subtract(&expected, &expected, &product[i]);
    right &= vl_secp256k1_subtract(&expected, NULL, &expected);
    const vl_msm_terms terms[] = {{p, k[0].w, 4, (uint32_t)n, 256, 0}, {p, centred[0], 2, (uint32_t)n, 128, 1}};
    for (uint32_t width = VL_CURVE_MSM_NARROWEST; width <= VL_CURVE_MSM_WIDTH; width++) {
        right &= ops->msm(&sum, terms, 2, width, scratch);
        right &= same_point(&sum, &expected);
    }
    return right;
}

static int schnorr_is_right(const vl_curve_ops *ops, const vl_hash_ops *sha256, const vl_scratch *scratch) {
    const uint8_t seed[VL_SEED_SIZE] = {1};
    int right = multi_sums_are_right(ops, scratch->primitive);
    for (size_t forged = 0; forged <= 2; forged++)
        right = right && schnorr_verdicts_are_right(ops, sha256, scratch, forged, NULL) &&
                schnorr_verdicts_are_right(ops, sha256, scratch, forged, seed);
    return right;
}

/* ---- SM2 as a whole ---- */

/* The known signature over and over, of the message or of e; items with i mod 2 = forged have one bit of it flipped. */
static int sm2_verdicts_are_right(const vl_curve_ops *ops, const vl_hash_ops *sm3, const vl_scratch *scratch,
                                  int hashed, size_t forged) {
    uint8_t keys[MOST_ITEMS][64], signatures[MOST_ITEMS][64], messages[MOST_ITEMS * 32], verdicts[MOST_ITEMS];
    const size_t n = items(ops, 1), width = hashed ? sizeof sm2_message : sizeof sm2_digest;
    for (size_t i = 0; i < n; i++) {
        memcpy(keys[i], sm2_key, 64);
        memcpy(signatures[i], sm2_signature, 64);
        uint8_t *message = messages + width * i; /* rows of this width, one after the other */
        memcpy(message, hashed ? sm2_message : sm2_digest, width);
        message[i % width] ^= i % 2 == forged;
    }
    vl_column key_column = {keys[0], NULL, 64, 0};
    vl_column signature_column = {signatures[0], NULL, 64, 0};
    vl_column message_column = {messages, NULL, width, 0};
    vl_column id_column = {sm2_user_id, NULL, sizeof sm2_user_id, 0};
    vl_hash_plan hashing = {VL_SM3, 32, 1, &vl_padding_sha256, sm3, sm3};
    vl_sm2_input input = {&key_column, &signature_column, &message_column, hashed ? &id_column : NULL, 1, VL_COMPACT,
                          ops,         &hashing};
    memset(verdicts, VL_UNDECIDED, sizeof verdicts);
    vl_sm2_blocks(verdicts, n, &input, scratch);
    int right = 1;
    for (size_t i = 0; i < n; i++) right &= verdicts[i] == (i % 2 == forged ? VL_MISMATCH : VL_OK);
    return right;
}

static int primitives_are_right(const curve_answers *known, const vl_curve_ops *ops, void *scratch) {
    return curve_check_is_right(known, ops) && ratios_are_right(known, ops, scratch) &&
           roots_are_right(known, ops, scratch) && sums_are_right(known, ops, scratch);
}

static int curve_is_right(const curve_answers *known, const vl_curve_ops *ops, const vl_scratch *scratch) {
    return primitives_are_right(known, ops, scratch->primitive) && verdicts_are_right(known, ops, scratch, 0) &&
           verdicts_are_right(known, ops, scratch, 1) && recovered_keys_are_right(known, ops, scratch);
}

int vl_selftest_secp256k1(const vl_curve_ops *ops, const vl_hash_ops *sha256, const vl_scratch *scratch) {
    return curve_is_right(&secp256k1_answers, ops, scratch) && schnorr_is_right(ops, sha256, scratch);
}

int vl_selftest_p256(const vl_curve_ops *ops, const vl_scratch *scratch) {
    return curve_is_right(&p256_answers, ops, scratch);
}

int vl_selftest_sm2(const vl_curve_ops *ops, const vl_hash_ops *sm3, const vl_scratch *scratch) {
    int right = primitives_are_right(&sm2_answers, ops, scratch->primitive);
    for (size_t forged = 0; forged < 2; forged++)
        right = right && sm2_verdicts_are_right(ops, sm3, scratch, 0, forged) &&
                sm2_verdicts_are_right(ops, sm3, scratch, 1, forged);
    return right;
}
