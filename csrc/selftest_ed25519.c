#include <string.h>

#include "scheme/coefficients.h"
#include "scheme/ed25519_block.h"
#include "scheme/u256.h"
#include "selftest.h"
#include "selftest_ed25519_vectors.h"
#include "selftest_numbers.h"

#define VECTORS (sizeof ed25519_vectors / sizeof ed25519_vectors[0])

/* Two rounds of lanes and some more: as in selftest.c. VECTORS (11) and the numbers of lanes have no common factor. */
#define MOST_ITEMS 32
_Static_assert((MOST_ITEMS + 1) * sizeof(vl_ed25519_prepared) <= VL_SCRATCH_HOST, "where prepared keys are put");

/* seed: NULL for one lane per item, else one equation comes first. */
static int verdicts_are_right(const vl_edwards_ops *ops, const vl_hash_ops *sha512, const vl_scratch *scratch, int rule,
                              const uint8_t *seed) {
    uint8_t keys[MOST_ITEMS][32], signatures[MOST_ITEMS][64], messages[MOST_ITEMS * 3], verdicts[MOST_ITEMS];
    int64_t ends[MOST_ITEMS + 1] = {0};
    size_t n = 2 * (size_t)ops->lanes + VECTORS;
    if (n > MOST_ITEMS) n = MOST_ITEMS;
    for (size_t i = 0; i < n; i++) {
        const ed25519_vector *v = &ed25519_vectors[i % VECTORS];
        memcpy(keys[i], v->key, 32);
        memcpy(signatures[i], v->signature, 64);
        memcpy(messages + ends[i], v->message, v->message_size);
        ends[i + 1] = ends[i] + v->message_size;
    }
    vl_column key_column = {keys[0], NULL, 32, 0};
    vl_column signature_column = {signatures[0], NULL, 64, 0};
    vl_column message_column = {messages, ends, 0, 0};
    vl_hash_plan hashing = {VL_SHA512, 64, 1, &vl_padding_sha512, sha512, sha512};
    vl_ed25519_input input = {
        &key_column, &signature_column, &message_column, NULL, vl_ed25519_rule_of(rule), &hashing, seed, 1};
    memset(verdicts, VL_UNDECIDED, sizeof verdicts);
    vl_ed25519_verify_blocks(verdicts, n, &input, ops, scratch);
    int right = 1;
    for (size_t i = 0; i < n; i++) right &= verdicts[i] == ed25519_vectors[i % VECTORS].verdicts[rule];
    return right;
}

/* double_mul, whose answers were right, says what msm must make of some points and numbers: sum (k_i + z_i) P_i. */
static int sums_are_right(const vl_edwards_ops *ops, void *scratch) {
    vl_u256 k[MOST_ITEMS], z[MOST_ITEMS], both[MOST_ITEMS], zero[MOST_ITEMS] = {{{0}}};
    vl_point p[MOST_ITEMS], product[MOST_ITEMS], expected = {{{0}}, {{1}}}, sum;
    uint64_t centred[MOST_ITEMS][2]; /* z + 2^127, 0 <= z < 2^127 */
    size_t n = 2 * (size_t)ops->lanes + VECTORS;
    if (n > MOST_ITEMS) n = MOST_ITEMS;
    fill(both, n, 1);
    fill(k, n, 2);
    fill(z, n, 3);
    for (size_t i = 0; i < n; i++) p[i] = vl_ed25519_base[0];
    ops->double_mul(p, n, both, zero, p, scratch);
    for (size_t i = 0; i < n; i++) {
        z[i] = (vl_u256){{z[i].w[0], z[i].w[1] & UINT64_MAX >> 1, 0, 0}};
        centred[i][0] = z[i].w[0];
        centred[i][1] = z[i].w[1] | (uint64_t)1 << 63;
        u256_add(&both[i], &k[i], &z[i]);
    }
    ops->double_mul(product, n, zero, both, p, scratch);
    for (size_t i = 0; i < n; i++) vl_ed25519_subtract(&expected, &expected, &product[i]);
    const vl_msm_terms terms[] = {{p, k[0].w, 4, (uint32_t)n, 253, 0}, {p, centred[0], 2, (uint32_t)n, 128, 1}};
    int right = 1;
    for (uint32_t width = 4; width <= VL_MSM_WIDTH; width++) {
        ops->msm(&sum, terms, 2, width, scratch);
        right &= u256_equal(&sum.x, &expected.x) && u256_equal(&sum.y, &expected.y);
    }
    return right;
}

/* double_mul also says what prepared keys must give: s B - k A and 2^128 A. Keys are those of the vectors, of small order
 * among them. */
static int prepared_keys_are_right(const vl_edwards_ops *ops, const vl_scratch *scratch) {
    vl_ed25519_prepared *keys = scratch->host;
    const vl_point neutral = {{{0}}, {{1}}};
    vl_u256 s[MOST_ITEMS], k[MOST_ITEMS], zero[MOST_ITEMS] = {{{0}}}, high[MOST_ITEMS];
    vl_point a[MOST_ITEMS], expected[MOST_ITEMS], got[MOST_ITEMS], sum;
    uint64_t at[MOST_ITEMS];
    size_t n = 0;
    for (size_t i = 0; i < MOST_ITEMS; i++) {
        vl_ed25519_encoding e;
        uint8_t ok;
        vl_ed25519_parse(&e, ed25519_vectors[i % VECTORS].key);
        ops->decompress(&a[n], &ok, 1, &e.y, &e.odd, scratch->primitive);
        high[n] = (vl_u256){{0, 0, 1, 0}};
        at[n] = MOST_ITEMS - n;
        n += ok;
    }
    fill(s, n, 4);
    fill(k, n, 5);
    ops->prepare_keys(keys, at, n, a, scratch->primitive);
    ops->double_mul(expected, n, s, k, a, scratch->primitive);
    ops->double_mul_prepared(got, n, s, k, keys, at, scratch->primitive);
    int right = n > 0 && memcmp(got, expected, n * sizeof *got) == 0;
    ops->double_mul(expected, n, zero, high, a, scratch->primitive);
    for (size_t i = 0; i < n; i++) {
        vl_ed25519_subtract(&sum, &neutral, &expected[i]);
        right &= memcmp(&sum, &keys[at[i]].multiple[1], sizeof sum) == 0;
    }
    return right;
}

int vl_selftest_ed25519(const vl_edwards_ops *ops, const vl_hash_ops *sha512, const vl_scratch *scratch) {
    const uint8_t seed[VL_SEED_SIZE] = {1};
    int right = 1;
    for (int rule = VL_ED25519_ZIP215; rule <= VL_ED25519_STRICT; rule++)
        right &= verdicts_are_right(ops, sha512, scratch, rule, NULL);
    right &= verdicts_are_right(ops, sha512, scratch, VL_ED25519_ZIP215, seed);
    right &= sums_are_right(ops, scratch->primitive);
    return right & prepared_keys_are_right(ops, scratch);
}
