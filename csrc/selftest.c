#include "selftest.h"

#include <string.h>

#include "scheme/ecdsa_block.h"
#include "scheme/schnorr.h"
#include "scheme/u256.h"
#include "selftest_vectors.h"

#define LENGTH(array) (sizeof(array) / sizeof(array)[0])

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

static int is_right_sum(const sum_vector *expected, const vl_point *sum, int exceptional) {
    if (!exceptional) return expected->kind != INFINITE && same_point(sum, &expected->sum);
    if (expected->kind == ORDINARY) return 0;
    vl_point exact;
    int finite = vl_secp256k1_double_mul_exact(&exact, &expected->u, &expected->v, &expected->q);
    return expected->kind == INFINITE ? !finite : finite && same_point(&exact, &expected->sum);
}

static int sums_are_right(const vl_curve_ops *ops, void *scratch) {
    vl_u256 u[MOST_ITEMS], v[MOST_ITEMS];
    vl_point q[MOST_ITEMS], sum[MOST_ITEMS];
    uint8_t exceptional[MOST_ITEMS];
    size_t n = items(ops, LENGTH(sum_vectors));
    for (size_t i = 0; i < n; i++) {
        const sum_vector *vector = &sum_vectors[i % LENGTH(sum_vectors)];
        u[i] = vector->u;
        v[i] = vector->v;
        q[i] = vector->q;
    }
    ops->double_mul(sum, exceptional, n, u, v, q, scratch);
    int right = 1;
    for (size_t i = 0; i < n; i++) {
        right &= is_right_sum(&sum_vectors[i % LENGTH(sum_vectors)], &sum[i], exceptional[i]);
    }
    return right;
}

static int ratios_are_right(const vl_curve_ops *ops, void *scratch) {
    vl_u256 a[MOST_ITEMS], b[MOST_ITEMS], d[MOST_ITEMS], u[MOST_ITEMS], v[MOST_ITEMS];
    size_t n = items(ops, LENGTH(ratio_vectors));
    for (size_t i = 0; i < n; i++) {
        const ratio_vector *vector = &ratio_vectors[i % LENGTH(ratio_vectors)];
        a[i] = vector->a;
        b[i] = vector->b;
        d[i] = vector->d;
    }
    ops->scalar_ratio(u, v, n, a, b, d, scratch);
    int right = 1;
    for (size_t i = 0; i < n; i++) {
        const ratio_vector *vector = &ratio_vectors[i % LENGTH(ratio_vectors)];
        right &= u256_equal(&u[i], &vector->u) && u256_equal(&v[i], &vector->v);
    }
    return right;
}

static int roots_are_right(const vl_curve_ops *ops, void *scratch) {
    vl_u256 x[MOST_ITEMS], y[MOST_ITEMS];
    uint8_t odd[MOST_ITEMS], ok[MOST_ITEMS];
    size_t n = items(ops, LENGTH(root_vectors));
    for (size_t i = 0; i < n; i++) {
        const root_vector *vector = &root_vectors[i % LENGTH(root_vectors)];
        x[i] = vector->x;
        odd[i] = vector->odd;
    }
    ops->decompress(y, ok, n, x, odd, scratch);
    int right = 1;
    for (size_t i = 0; i < n; i++) {
        const root_vector *vector = &root_vectors[i % LENGTH(root_vectors)];
        right &= ok[i] == vector->ok && (!vector->ok || u256_equal(&y[i], &vector->y));
    }
    return right;
}

/* The host's own check of points, which every key passes. */
static int curve_check_is_right(void) {
    vl_point g = {root_vectors[0].x, root_vectors[0].y}, off = g;
    off.y.w[0] ^= 1;
    return vl_secp256k1_on_curve(&g) && !vl_secp256k1_on_curve(&off);
}

/* ---- ECDSA as a whole ---- */

/* The known signature over and over; every second digest, those with i mod 2 = forged, has one bit flipped. */
static int verdicts_are_right(const vl_curve_ops *ops, const vl_scratch *scratch, size_t forged) {
    uint8_t keys[MOST_ITEMS][64], signatures[MOST_ITEMS][64], digests[MOST_ITEMS][32], verdicts[MOST_ITEMS];
    size_t n = items(ops, 1);
    for (size_t i = 0; i < n; i++) {
        memcpy(keys[i], ecdsa_key, 64);
        memcpy(signatures[i], ecdsa_signature, 64);
        memcpy(digests[i], ecdsa_digest, 32);
        digests[i][i % 32] ^= i % 2 == forged;
    }
    vl_column key_column = {keys[0], NULL, 64};
    vl_column signature_column = {signatures[0], NULL, 64};
    vl_column digest_column = {digests[0], NULL, 32};
    vl_ecdsa_input input = {&key_column, &signature_column, &digest_column, VL_COMPACT, VL_LOW_S};
    memset(verdicts, VL_UNDECIDED, sizeof verdicts);
    vl_secp256k1_verify_blocks(verdicts, n, &input, ops, scratch);
    int right = 1;
    for (size_t i = 0; i < n; i++) right &= verdicts[i] == (i % 2 == forged ? VL_MISMATCH : VL_OK);
    return right;
}

static int recovered_keys_are_right(const vl_curve_ops *ops, const vl_scratch *scratch) {
    uint8_t signatures[MOST_ITEMS][65], digests[MOST_ITEMS][32], keys[MOST_ITEMS][64], verdicts[MOST_ITEMS];
    size_t n = items(ops, 1);
    for (size_t i = 0; i < n; i++) {
        memcpy(signatures[i], ecdsa_signature, 65);
        memcpy(digests[i], ecdsa_digest, 32);
    }
    vl_column signature_column = {signatures[0], NULL, 65};
    vl_column digest_column = {digests[0], NULL, 32};
    vl_ecdsa_input input = {NULL, &signature_column, &digest_column, VL_COMPACT, VL_LOW_S};
    memset(keys, 0, sizeof keys);
    memset(verdicts, VL_UNDECIDED, sizeof verdicts);
    vl_secp256k1_recover_blocks(keys[0], verdicts, n, &input, ops, scratch);
    int right = 1;
    for (size_t i = 0; i < n; i++) right &= verdicts[i] == VL_OK && memcmp(keys[i], ecdsa_key, 64) == 0;
    return right;
}

/* ---- BIP-340 as a whole ---- */

/* The known signature over and over; every second message, those with i mod 2 = forged, has one bit flipped. */
static int schnorr_verdicts_are_right(const vl_curve_ops *ops, const vl_hash_ops *sha256, const vl_scratch *scratch,
                                      size_t forged) {
    uint8_t keys[MOST_ITEMS][32], signatures[MOST_ITEMS][64], messages[MOST_ITEMS][32], verdicts[MOST_ITEMS];
    size_t n = items(ops, 1);
    for (size_t i = 0; i < n; i++) {
        memcpy(keys[i], schnorr_key, 32);
        memcpy(signatures[i], schnorr_signature, 64);
        memcpy(messages[i], schnorr_message, 32);
        messages[i][i % 32] ^= i % 2 == forged;
    }
    vl_column key_column = {keys[0], NULL, 32};
    vl_column signature_column = {signatures[0], NULL, 64};
    vl_column message_column = {messages[0], NULL, 32};
    vl_hash_plan hashing = {VL_SHA256, 32, 1, &vl_padding_sha256, sha256, sha256};
    vl_schnorr_input input = {&key_column, &signature_column, &message_column, ops, &hashing, 0};
    memset(verdicts, VL_UNDECIDED, sizeof verdicts);
    vl_secp256k1_schnorr_blocks(verdicts, n, &input, scratch);
    int right = 1;
    for (size_t i = 0; i < n; i++) right &= verdicts[i] == (i % 2 == forged ? VL_MISMATCH : VL_OK);
    return right;
}

int vl_selftest_secp256k1(const vl_curve_ops *ops, const vl_hash_ops *sha256, const vl_scratch *scratch) {
    return curve_check_is_right() && ratios_are_right(ops, scratch->primitive) &&
           roots_are_right(ops, scratch->primitive) && sums_are_right(ops, scratch->primitive) &&
           verdicts_are_right(ops, scratch, 0) && verdicts_are_right(ops, scratch, 1) &&
           recovered_keys_are_right(ops, scratch) && schnorr_verdicts_are_right(ops, sha256, scratch, 0) &&
           schnorr_verdicts_are_right(ops, sha256, scratch, 1);
}
