#include "scheme/coefficients.h"

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
