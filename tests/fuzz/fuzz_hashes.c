/* Hashes of ragged messages on every instruction set, against one another and OpenSSL; and, where the first byte is odd, Merkle
 * trees. */
#include <stdlib.h>
#include <string.h>

#include "merkle.h"
#include "peers.h"

enum { MESSAGES = 40, DIGEST = 64 };

/* Lengths of messages from bytes, and the messages from all bytes, over and over: every length at every place. */
static size_t cut(vl_bytes *items, const uint8_t *data, size_t size) {
    size_t n = data[0] % MESSAGES + 1, at = 0;
    for (size_t i = 0; i < n; i++) {
        size_t length = i + 1 < size ? data[i + 1] : 0;
        if (i % 8 == 7) length *= 5; /* several blocks of any hash */
        if (length > size) length = size;
        if (at + length > size) at = 0;
        items[i] = (vl_bytes){data + at, length};
        at += length / 2 + 1;
    }
    return n;
}

static void check_digests(int hash, const uint8_t *data, size_t size, int packed) {
    vl_bytes items[MESSAGES];
    uint8_t expected[MESSAGES * DIGEST], peer[DIGEST];
    const size_t n = cut(items, data, size), width = vl_hash_size(hash);
    fuzz_column messages;
    for (size_t i = 1; packed && i < n; i++) items[i].length = items[0].length, items[i].data = items[0].data;
    fuzz_column_make(&messages, n, items, !packed);
    for (int isa = VL_ISA_SCALAR; isa < vl_isa_count(); isa++) {
        if (vl_isa_missing(isa)) continue;
        uint8_t *digests = malloc(n * width);
        FUZZ_CHECK(!vl_digest(digests, n, &messages.column, hash, isa, fuzz_scratch, fuzz_scratch_size));
        if (isa == VL_ISA_SCALAR) memcpy(expected, digests, n * width);
        FUZZ_CHECK(memcmp(expected, digests, n * width) == 0);
        free(digests);
    }
    for (size_t i = 0; i < n; i++) {
        if (openssl_digest(peer, hash, items[i]) == PEER_MISSING) fuzz_skip(vl_hash_name(hash));
        else FUZZ_CHECK(memcmp(peer, expected + i * width, width) == 0);
    }
    fuzz_column_free(&messages);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_begin();
    if (size < 3) return 0;
    if (data[0] & 1) check_merkle(data + 1, size - 1);
    else check_digests((data[0] >> 1) % VL_HASH_COUNT, data + 1, size - 1, data[0] >> 7);
    return 0;
}
