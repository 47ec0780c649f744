/* SHA-256, one lane of plain C: works everywhere. */
#include "hash/sha256.h"
#include "hash/sha256_message.h"
#include "lang.h"
#include "word_u32.h"

static void load_messages(word w[16], const vl_sha256_message m[LANES], size_t block) {
    uint8_t buffer[64];
    w_load_blocks(w, vl_sha256_block(buffer, &m[0], block), 1);
}

#include "hash/sha256_lanes.inc"

const vl_sha256_ops vl_sha256_scalar = {LANES, messages, {nodes_prefixed, nodes_double}};
