/* The hashes of 64-bit words in one lane of plain C: works everywhere. */
#include "hash/hash.h"
#include "lang.h"
#include "word_u64x1_hash.h"

#include "hash/hash64.inc"

const vl_hash_ops vl_sha512_scalar = {LANES, sha512_messages, {NULL, NULL}};
const vl_hash_ops vl_keccak256_scalar = {LANES, keccak256_messages, {keccak256_nodes_plain, NULL}};
const vl_hash_ops vl_sha3_256_scalar = {LANES, sha3_256_messages, {sha3_256_nodes_plain, NULL}};
const vl_hash_ops vl_blake2b_256_scalar = {LANES, blake2b_256_messages, {blake2b_256_nodes_plain, NULL}};
