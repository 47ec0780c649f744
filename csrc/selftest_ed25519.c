#include <string.h>

#include "scheme/ed25519_block.h"
#include "selftest.h"
#include "selftest_ed25519_vectors.h"

#define VECTORS (sizeof ed25519_vectors / sizeof ed25519_vectors[0])

/* Two rounds of lanes and some more: as in selftest.c. VECTORS (11) and the numbers of lanes have no common factor. */
#define MOST_ITEMS 32

static int verdicts_are_right(const vl_edwards_ops *ops, const vl_hash_ops *sha512, const vl_scratch *scratch,
                              int rule) {
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
    vl_column key_column = {keys[0], NULL, 32};
    vl_column signature_column = {signatures[0], NULL, 64};
    vl_column message_column = {messages, ends, 0};
    vl_hash_plan hashing = {VL_SHA512, 64, 1, &vl_padding_sha512, sha512, sha512};
    vl_ed25519_input input = {&key_column, &signature_column, &message_column, vl_ed25519_rule_of(rule), &hashing};
    memset(verdicts, VL_UNDECIDED, sizeof verdicts);
    vl_ed25519_verify_blocks(verdicts, n, &input, ops, scratch);
    int right = 1;
    for (size_t i = 0; i < n; i++) right &= verdicts[i] == ed25519_vectors[i % VECTORS].verdicts[rule];
    return right;
}

int vl_selftest_ed25519(const vl_edwards_ops *ops, const vl_hash_ops *sha512, const vl_scratch *scratch) {
    int right = 1;
    for (int rule = VL_ED25519_ZIP215; rule <= VL_ED25519_STRICT; rule++)
        right &= verdicts_are_right(ops, sha512, scratch, rule);
    return right;
}
