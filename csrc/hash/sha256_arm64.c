/* SHA-256 by the instructions of the Armv8 Cryptographic Extension (Arm ARM section C7.2, SHA256H and its kin), in two streams:
 * their states and words fill the 32 registers. Not measured on hardware. */
#if defined(__aarch64__)

/* clang before 16 declares these functions only where they are in the target's baseline. They are checked against the target
 * of the function that calls them in any case. */
#if defined(__clang__) && __clang_major__ < 16 && !defined(__ARM_FEATURE_SHA2)
#define __ARM_FEATURE_SHA2 1
#endif
#include <arm_neon.h>

#include "hash/hash.h"
#include "lang.h"
#include "target.h"

#include "hash/sha256_constants.h"
#include "hash/sixteen.h"

#define STREAMS 2

/* gcc knows SHA-2 without AES in newer versions only; none of AES is used. */
#if defined(__clang__)
VL_TARGET_BEGIN("sha2")
#else
VL_TARGET_BEGIN("+crypto")
#endif

typedef uint32x4_t words;
typedef uint8x16_t bytes;

/* A B C D and E F G H */
typedef struct {
    words first, second;
} state;

typedef struct {
    words w[4];
} block;

FN_INLINE words load_words(const u32 *p) { return vld1q_u32(p); }
FN_INLINE words add_words(words x, words y) { return vaddq_u32(x, y); }
FN_INLINE words set_words(u32 w0, u32 w1, u32 w2, u32 w3) {
    const u32 w[4] = {w0, w1, w2, w3};
    return vld1q_u32(w);
}
FN_INLINE bytes load_bytes(const uint8_t *p) { return vld1q_u8(p); }
FN_INLINE words words_of(bytes x) { return vreinterpretq_u32_u8(vrev32q_u8(x)); }
FN_INLINE void store_words(uint8_t *p, words x) { vst1q_u8(p, vrev32q_u8(vreinterpretq_u8_u32(x))); }
FN_INLINE bytes first_byte(u8 b) { return vsetq_lane_u8(b, vdupq_n_u8(0), 0); }
FN_INLINE bytes last_byte(u8 b) { return vsetq_lane_u8(b, vdupq_n_u8(0), 15); }
FN_INLINE bytes pushed(bytes before, bytes x) { return vextq_u8(before, x, 15); }

FN_INLINE state start(void) {
    state s = {load_words(sha256_initial), load_words(sha256_initial + 4)};
    return s;
}

FN_INLINE void in_order(words *low, words *high, state s) {
    *low = s.first;
    *high = s.second;
}

FN_INLINE void four_rounds(state *s, words kw) {
    words first = s->first;
    s->first = vsha256hq_u32(first, s->second, kw);
    s->second = vsha256h2q_u32(s->second, first, kw);
}

FN_INLINE void four_words(block *b, const int i) {
    words sum = vsha256su0q_u32(b->w[i & 3], b->w[(i + 1) & 3]);
    b->w[i & 3] = vsha256su1q_u32(sum, b->w[(i + 2) & 3], b->w[(i + 3) & 3]);
}

#include "hash/sha256_streams.inc"

VL_TARGET_END

const vl_hash_ops vl_sha256_arm64 = {STREAMS, messages_single, {nodes_single, nodes_prefixed}};
const vl_hash_ops vl_sha256d_arm64 = {STREAMS, messages_double, {nodes_double, NULL}};

#else
typedef int vl_sha256_arm64_needs_arm64; /* C wants a declaration in every file */
#endif
