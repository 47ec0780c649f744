#include "scheme/coefficients.h"

#include <string.h>

/* Digests at a time, and bytes of the largest. */
enum { CHUNK = 64, DIGEST_MOST = 64, COUNTER_SIZE = 8 };

static uint64_t word_of(const uint8_t *bytes) {
    uint64_t w = 0;
    for (int i = 7; i >= 0; i--) w = w << 8 | bytes[i];
    return w;
}

void vl_coefficients(vl_coefficient *z, size_t n, const uint8_t *seed, uint64_t counter, const vl_hash_plan *hashing,
                     vl_hash_scratch *scratch) {
    const size_t each = hashing->digest_size / sizeof *z; /* coefficients of a digest */
    uint8_t counters[CHUNK][COUNTER_SIZE], digests[CHUNK * DIGEST_MOST];
    const vl_bytes secret = {seed, VL_SEED_SIZE}, nothing = {NULL, 0};
    for (size_t i = 0; i < n;) {
        size_t count = (n - i + each - 1) / each;
        if (count > CHUNK) count = CHUNK;
        for (size_t k = 0; k < count; k++, counter++) {
            const vl_bytes number = {counters[k], COUNTER_SIZE};
            for (int byte = 0; byte < COUNTER_SIZE; byte++) counters[k][byte] = (uint8_t)(counter >> 8 * byte);
            scratch->messages[k] = vl_message_of(secret, number, nothing);
        }
        vl_hash_messages(digests, count, scratch->messages, hashing, scratch);
        for (size_t k = 0; k < count * each && i < n; k++, i++) {
            z[i].w[0] = word_of(digests + sizeof *z * k);
            z[i].w[1] = word_of(digests + sizeof *z * k + 8);
        }
    }
}

int vl_coefficient_times(uint64_t product[6], vl_coefficient z, const vl_u256 *a) {
    const int negative = !(z.w[1] >> 63);
    uint64_t size[2] = {z.w[0], z.w[1] ^ (uint64_t)1 << 63};
    if (negative) { /* -(v - 2^127), where v - 2^127 is v with its top bit flipped, in two's complement */
        size[0] = ~size[0] + 1;
        size[1] = ~size[1] + (size[0] == 0);
    }
    for (int i = 0; i < 6; i++) product[i] = 0;
    for (int i = 0; i < 2; i++) {
        unsigned __int128 t = 0;
        for (int j = 0; j < 4; j++) {
            t += (unsigned __int128)size[i] * a->w[j] + product[i + j];
            product[i + j] = (uint64_t)t;
            t >>= 64;
        }
        product[i + 4] = (uint64_t)t;
    }
    return negative;
}

/* Positive and negative products are summed apart. */
void vl_coefficient_products(uint64_t sums[2][8], size_t n, const vl_coefficient *z, const vl_u256 *a) {
    memset(sums, 0, 2 * sizeof *sums);
    for (size_t i = 0; i < n; i++) {
        uint64_t product[6], *to = sums[vl_coefficient_times(product, z[i], &a[i])];
        unsigned __int128 t = 0;
        for (int j = 0; j < 8; j++) {
            t += (unsigned __int128)to[j] + (j < 6 ? product[j] : 0);
            to[j] = (uint64_t)t;
            t >>= 64;
        }
    }
}
