/* Known answers of one hash: its messages in every lane, alone, in pieces and in another order, and its Merkle nodes. */
#include <string.h>

#include "selftest.h"
#include "selftest_hash_vectors.h"

/* Two rounds of lanes and some items more, as in selftest.c: every lane works, and the last round is not full. */
#define MOST_ITEMS 80
#define MOST_BYTES 64

static size_t items(const vl_hash_ops *ops) {
    size_t n = 2 * (size_t)ops->lanes + 3;
    return n < MOST_ITEMS ? n : MOST_ITEMS;
}

/* Message i is i mod HASH_MESSAGES, so that neighbouring lanes have different lengths; cut in three where `cut` bytes and
 * twice as many have passed. */
static vl_message cut_message(size_t i, size_t cut) {
    const uint8_t *data = (const uint8_t *)hash_messages[i % HASH_MESSAGES];
    size_t size = strlen(hash_messages[i % HASH_MESSAGES]);
    size_t first = cut < size ? cut : size, second = cut < size - first ? cut : size - first;
    return vl_message_of((vl_bytes){data, first}, (vl_bytes){data + first, second},
                         (vl_bytes){data + first + second, size - first - second});
}

/* Hashed in reverse order when asked. */
static int digests_are_right(const vl_hash_ops *ops, int hash, size_t cut, int reversed) {
    uint8_t digests[MOST_ITEMS * MOST_BYTES] = {0};
    vl_message messages[MOST_ITEMS];
    uint32_t order[MOST_ITEMS];
    size_t n = items(ops), size = vl_hash_size(hash);
    for (size_t i = 0; i < n; i++) {
        messages[i] = cut_message(i, cut);
        order[i] = (uint32_t)(n - 1 - i);
    }
    ops->messages(digests, n, messages, reversed ? order : NULL);
    int right = 1;
    for (size_t i = 0; i < n; i++)
        right &= memcmp(digests + size * i, hash_vectors[hash].digests[i % HASH_MESSAGES], size) == 0;
    return right;
}

/* Every second pair of children is exchanged. in_place: the parents overwrite the children. */
static int nodes_are_right(const vl_hash_ops *ops, int hash, enum vl_node_shape shape, int in_place) {
    uint8_t children[MOST_ITEMS][64], nodes[MOST_ITEMS * 32] = {0};
    size_t n = items(ops);
    for (size_t i = 0; i < n; i++)
        for (uint8_t k = 0; k < 64; k++) children[i][k] = i % 2 ? k ^ 32 : k;
    uint8_t *parents = in_place ? children[0] : nodes;
    ops->nodes[shape](parents, n, children[0]);
    int right = 1;
    for (size_t i = 0; i < n; i++) right &= memcmp(parents + 32 * i, hash_vectors[hash].nodes[shape][i % 2], 32) == 0;
    return right;
}

int vl_selftest_hash(const vl_hash_ops *ops, int hash) {
    int right = digests_are_right(ops, hash, SIZE_MAX, 0) && digests_are_right(ops, hash, SIZE_MAX, 1) &&
                digests_are_right(ops, hash, 1, 0) && digests_are_right(ops, hash, 64, 0);
    for (int shape = 0; shape < VL_NODE_SHAPES; shape++) {
        if (!ops->nodes[shape]) continue;
        right = right && nodes_are_right(ops, hash, (enum vl_node_shape)shape, 0) &&
                nodes_are_right(ops, hash, (enum vl_node_shape)shape, 1);
    }
    return right;
}
