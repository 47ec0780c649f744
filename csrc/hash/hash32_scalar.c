/* SHA-256 and SM3 in one lane of plain C: works everywhere. */
#include "hash/hash.h"
#include "lang.h"
#include "word_u32.h"

#include "hash/hash32.inc"

const vl_hash_ops vl_sha256_scalar = {LANES, sha256_messages, {sha256_nodes_plain, sha256_nodes_prefixed}};
const vl_hash_ops vl_sha256d_scalar = {LANES, sha256d_messages, {sha256d_nodes_plain, NULL}};
const vl_hash_ops vl_sm3_scalar = {LANES, sm3_messages, {sm3_nodes_plain, sm3_nodes_prefixed}};
