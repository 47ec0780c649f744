/* SHA-256 and SM3 in the 8 lanes of AVX2. Every function of the tables leaves the upper register halves clean
 * (vzeroupper is the compiler's, at each return from a VL_TARGET region): SHA-NI code right after it would run at half
 * speed else. */
#if defined(__x86_64__)

#include <immintrin.h>

#include "hash/hash.h"
#include "lang.h"
#include "target.h"

VL_TARGET_BEGIN("avx2,bmi2")

#include "word_u32x8.h"

#include "hash/hash32.inc"

VL_TARGET_END

const vl_hash_ops vl_sha256_avx2 = {LANES, sha256_messages, {sha256_nodes_plain, sha256_nodes_prefixed}};
const vl_hash_ops vl_sha256d_avx2 = {LANES, sha256d_messages, {sha256d_nodes_plain, NULL}};
const vl_hash_ops vl_sm3_avx2 = {LANES, sm3_messages, {sm3_nodes_plain, sm3_nodes_prefixed}};

#else
typedef int vl_hash32_avx2_needs_x86_64; /* C wants a declaration in every file */
#endif
