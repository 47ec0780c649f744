/* SHA-256 by the x86 SHA extensions, in four streams: sha256rnds2 takes four cycles but can start every one or two. */
#if defined(__x86_64__)

#include <immintrin.h>

#include "hash/hash.h"
#include "lang.h"
#include "target.h"

#include "hash/sha256_constants.h"
#include "hash/sixteen.h"

#define STREAMS 4

VL_TARGET_BEGIN("sha,ssse3,sse4.1")

typedef __m128i words, bytes;

/* sha256rnds2 wants the state as two registers, high word first: A B E F and C D G H (Intel SDM volume 2). */
typedef struct {
    words first, second;
} state;

typedef struct {
    words w[4];
} block;

FN_INLINE words load_words(const u32 *p) { return _mm_loadu_si128((const __m128i *)p); }
FN_INLINE words add_words(words x, words y) { return _mm_add_epi32(x, y); }
FN_INLINE words set_words(u32 w0, u32 w1, u32 w2, u32 w3) { return _mm_set_epi32((int)w3, (int)w2, (int)w1, (int)w0); }
FN_INLINE bytes load_bytes(const uint8_t *p) { return _mm_loadu_si128((const __m128i *)p); }
FN_INLINE words words_of(bytes x) {
    return _mm_shuffle_epi8(x, _mm_set_epi8(12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3));
}
FN_INLINE void store_words(uint8_t *p, words x) { _mm_storeu_si128((__m128i *)p, words_of(x)); }
FN_INLINE bytes first_byte(u8 b) { return _mm_cvtsi32_si128(b); }
FN_INLINE bytes last_byte(u8 b) { return _mm_slli_si128(first_byte(b), 15); }
FN_INLINE bytes pushed(bytes before, bytes x) { return _mm_alignr_epi8(x, before, 15); }

FN_INLINE state start(void) {
    const u32 *h = sha256_initial;
    state s = {set_words(h[5], h[4], h[1], h[0]), set_words(h[7], h[6], h[3], h[2])};
    return s;
}

FN_INLINE void in_order(words *low, words *high, state s) {
    words feba = _mm_shuffle_epi32(s.first, 0x1b), dchg = _mm_shuffle_epi32(s.second, 0xb1);
    *low = _mm_blend_epi16(feba, dchg, 0xf0);
    *high = _mm_alignr_epi8(dchg, feba, 8);
}

FN_INLINE void four_rounds(state *s, words kw) {
    s->second = _mm_sha256rnds2_epu32(s->second, s->first, kw);
    s->first = _mm_sha256rnds2_epu32(s->first, s->second, _mm_shuffle_epi32(kw, 0x0e));
}

FN_INLINE void four_words(block *b, const int i) {
    words w9 = _mm_alignr_epi8(b->w[(i + 3) & 3], b->w[(i + 2) & 3], 4); /* W[t - 7] */
    words sum = _mm_add_epi32(_mm_sha256msg1_epu32(b->w[i & 3], b->w[(i + 1) & 3]), w9);
    b->w[i & 3] = _mm_sha256msg2_epu32(sum, b->w[(i + 3) & 3]);
}

#include "hash/sha256_streams.inc"

VL_TARGET_END

const vl_hash_ops vl_sha256_sha_ni = {STREAMS, messages_single, {nodes_single, nodes_prefixed}};
const vl_hash_ops vl_sha256d_sha_ni = {STREAMS, messages_double, {nodes_double, NULL}};

#else
typedef int vl_sha256_sha_ni_needs_x86_64; /* C wants a declaration in every file */
#endif
