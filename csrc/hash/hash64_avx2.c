/* The hashes of 64-bit words in the 4 lanes of AVX2. Every function of the tables leaves the upper register halves clean
 * (vzeroupper is the compiler's, at each return from a VL_TARGET region): SHA-NI code right after it would run at half
 * speed else. */
#if defined(__x86_64__)

#include <immintrin.h>

#include "hash/hash.h"
#include "lang.h"
#include "target.h"

VL_TARGET_BEGIN("avx2,bmi2")

#include "word_u64x4_hash.h"

#include "hash/hash64.inc"

VL_TARGET_END

const vl_hash_ops vl_sha512_avx2 = {LANES, sha512_messages, {NULL, NULL}};
const vl_hash_ops vl_keccak256_avx2 = {LANES, keccak256_messages, {keccak256_nodes_plain, NULL}};
const vl_hash_ops vl_sha3_256_avx2 = {LANES, sha3_256_messages, {sha3_256_nodes_plain, NULL}};
const vl_hash_ops vl_blake2b_256_avx2 = {LANES, blake2b_256_messages, {blake2b_256_nodes_plain, NULL}};

#else
typedef int vl_hash64_avx2_needs_x86_64; /* C wants a declaration in every file */
#endif
