/* The hashes of 64-bit words in one lane of plain C: works everywhere. */
#include "hash/hash.h"
#include "lang.h"
#include "word_u64x1_hash.h"

#include "hash/hash64.inc"

const vl_hash_ops vl_sha512_scalar = {LANES, sha512_messages, {NULL, NULL}};
