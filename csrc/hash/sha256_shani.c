/* SHA-256 by the x86 SHA extensions: the one place where instructions work inside a hash instead of across lanes. Four
 * independent hashes are interleaved, since sha256rnds2 takes four cycles but can start every one or two. */
#if defined(__x86_64__)

#include <immintrin.h>

#include "hash/hash.h"
#include "lang.h"
#include "target.h"

#include "hash/sha256_constants.h"
#include "hash/sixteen.h"

#define STREAMS 4

VL_TARGET_BEGIN("sha,ssse3,sse4.1")

/* sha256rnds2 wants the state as two registers, high word first: A B E F and C D G H (Intel SDM volume 2). */
typedef struct {
    __m128i abef, cdgh;
} state128;

/* Four words of a block per register, W[4 i] in the lowest. */
typedef struct {
    __m128i w[4];
} block128;

FN_INLINE __m128i swap_bytes(__m128i x) {
    return _mm_shuffle_epi8(x, _mm_set_epi8(12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3));
}
FN_INLINE __m128i load(const void *p) { return _mm_loadu_si128((const __m128i *)p); }

FN_INLINE state128 start(void) {
    const u32 *h = sha256_initial;
    state128 s = {_mm_set_epi32((int)h[0], (int)h[1], (int)h[4], (int)h[5]),
                  _mm_set_epi32((int)h[2], (int)h[3], (int)h[6], (int)h[7])};
    return s;
}

/* The digest's words in order: low = H0..H3, high = H4..H7. */
FN_INLINE void in_order(__m128i *low, __m128i *high, state128 s) {
    __m128i feba = _mm_shuffle_epi32(s.abef, 0x1b), dchg = _mm_shuffle_epi32(s.cdgh, 0xb1);
    *low = _mm_blend_epi16(feba, dchg, 0xf0);
    *high = _mm_alignr_epi8(dchg, feba, 8);
}

FN_INLINE void store_digest(uint8_t *p, state128 s) {
    __m128i low, high;
    in_order(&low, &high, s);
    _mm_storeu_si128((__m128i *)p, swap_bytes(low));
    _mm_storeu_si128((__m128i *)(p + 16), swap_bytes(high));
}

/* Rounds 4 i to 4 i + 3; kw = K + W of these rounds. */
FN_INLINE void four_rounds(state128 *s, __m128i kw) {
    s->cdgh = _mm_sha256rnds2_epu32(s->cdgh, s->abef, kw);
    s->abef = _mm_sha256rnds2_epu32(s->abef, s->cdgh, _mm_shuffle_epi32(kw, 0x0e));
}

/* W[4 i + 16 ..] in the place of W[4 i ..] (FIPS 180-4 section 6.2.2 step 1). */
FN_INLINE void four_words(block128 *b, const int i) {
    __m128i w9 = _mm_alignr_epi8(b->w[(i + 3) & 3], b->w[(i + 2) & 3], 4); /* W[t - 7] */
    __m128i sum = _mm_add_epi32(_mm_sha256msg1_epu32(b->w[i & 3], b->w[(i + 1) & 3]), w9);
    b->w[i & 3] = _mm_sha256msg2_epu32(sum, b->w[(i + 3) & 3]);
}

/* One step for every stream; `streams` is a literal, 1 or 4. */
#define EACH_STREAM(streams, step) \
    do { \
        step(0); \
        if ((streams) == STREAMS) { \
            step(1); \
            step(2); \
            step(3); \
        } \
    } while (0)

/* {s[j] = compression of (s[j], b[j])}; b is used up. */
FN_INLINE void compress(state128 *s, block128 *b, const int streams) {
    state128 v[STREAMS];
#define BEGIN(j) v[j] = s[j]
#define ROUNDS(j) four_rounds(&v[j], _mm_add_epi32(b[j].w[I & 3], k))
#define WORDS(j) four_words(&b[j], I)
#define END(j) \
    do { \
        s[j].abef = _mm_add_epi32(s[j].abef, v[j].abef); \
        s[j].cdgh = _mm_add_epi32(s[j].cdgh, v[j].cdgh); \
    } while (0)
    EACH_STREAM(streams, BEGIN);
#define STEP(i) \
    { \
        enum { I = i }; \
        const __m128i k = load(sha256_k + 4 * I); \
        EACH_STREAM(streams, ROUNDS); \
        if (I < 12) EACH_STREAM(streams, WORDS); \
    }
    SIXTEEN(STEP)
#undef STEP
    EACH_STREAM(streams, END);
}

/* The same for the padding block of a 64-byte message, whose schedule is a constant. */
FN_INLINE void compress_pad64(state128 *s, const int streams) {
    state128 v[STREAMS];
#define PADDING(j) four_rounds(&v[j], kw)
    EACH_STREAM(streams, BEGIN);
#define STEP(i) \
    { \
        const __m128i kw = load(sha256_k_pad64 + 4 * (i)); \
        EACH_STREAM(streams, PADDING); \
    }
    SIXTEEN(STEP)
#undef STEP
    EACH_STREAM(streams, END);
}

/* SHA-256(01 || left || right): every byte moves on by one; the last one opens the second block, before the padding. */
FN_INLINE void node_prefixed(uint8_t *nodes, const uint8_t *children, const int streams) {
    const __m128i prefix = _mm_insert_epi8(_mm_setzero_si128(), 0x01, 15), padding = _mm_cvtsi32_si128(0x80);
    state128 s[STREAMS];
    block128 b[STREAMS];
    __m128i last[STREAMS];
#define BEGIN_NODE(j) \
    do { \
        __m128i before = prefix; \
        for (int i = 0; i < 4; i++) { \
            __m128i row = load(children + 64 * (j) + 16 * i); \
            b[j].w[i] = swap_bytes(_mm_alignr_epi8(row, before, 15)); \
            before = row; \
        } \
        last[j] = swap_bytes(_mm_alignr_epi8(padding, before, 15)); \
        s[j] = start(); \
    } while (0)
#define LAST_BLOCK(j) \
    do { \
        b[j].w[0] = last[j]; \
        b[j].w[1] = b[j].w[2] = _mm_setzero_si128(); \
        b[j].w[3] = _mm_set_epi32(8 * 65, 0, 0, 0); \
    } while (0)
#define STORE(j) store_digest(nodes + 32 * (j), s[j])
    EACH_STREAM(streams, BEGIN_NODE);
    compress(s, b, streams);
    EACH_STREAM(streams, LAST_BLOCK);
    compress(s, b, streams);
    EACH_STREAM(streams, STORE);
}

/* {s = SHA-256(s's 32 bytes)} */
FN_INLINE void again(state128 *s, const int streams) {
    block128 b[STREAMS];
#define AGAIN(j) \
    do { \
        in_order(&b[j].w[0], &b[j].w[1], s[j]); \
        b[j].w[2] = _mm_set_epi32(0, 0, 0, (int)0x80000000); \
        b[j].w[3] = _mm_set_epi32(8 * 32, 0, 0, 0); \
        s[j] = start(); \
    } while (0)
    EACH_STREAM(streams, AGAIN);
    compress(s, b, streams);
}

/* SHA-256(left || right), and SHA-256 of that if `twice` */
FN_INLINE void node_plain(uint8_t *nodes, const uint8_t *children, const int twice, const int streams) {
    state128 s[STREAMS];
    block128 b[STREAMS];
#define BEGIN_PLAIN(j) \
    do { \
        for (int i = 0; i < 4; i++) b[j].w[i] = swap_bytes(load(children + 64 * (j) + 16 * i)); \
        s[j] = start(); \
    } while (0)
    EACH_STREAM(streams, BEGIN_PLAIN);
    compress(s, b, streams);
    compress_pad64(s, streams);
    if (twice) again(s, streams);
    EACH_STREAM(streams, STORE);
}

static void nodes_prefixed(uint8_t *nodes, size_t n, const uint8_t *children) {
    for (; n >= STREAMS; n -= STREAMS, nodes += 32 * STREAMS, children += 64 * STREAMS)
        node_prefixed(nodes, children, STREAMS);
    for (; n; n--, nodes += 32, children += 64) node_prefixed(nodes, children, 1);
}

FN_INLINE void nodes_plain(uint8_t *nodes, size_t n, const uint8_t *children, const int twice) {
    for (; n >= STREAMS; n -= STREAMS, nodes += 32 * STREAMS, children += 64 * STREAMS)
        node_plain(nodes, children, twice, STREAMS);
    for (; n; n--, nodes += 32, children += 64) node_plain(nodes, children, twice, 1);
}

static void nodes_single(uint8_t *nodes, size_t n, const uint8_t *children) { nodes_plain(nodes, n, children, 0); }
static void nodes_double(uint8_t *nodes, size_t n, const uint8_t *children) { nodes_plain(nodes, n, children, 1); }

/* One byte, then 32: what leaves of 32 bytes are hashed as, and too many to be put together in memory first. */
FN_INLINE int is_prefixed_32(const vl_message *m) { return m->end[0] == 1 && m->end[1] == 33 && m->end[2] == 33; }

FN_INLINE void load_prefixed_32(block128 *b, const vl_message *m) {
    const __m128i prefix = _mm_slli_si128(_mm_cvtsi32_si128(m->data[0][0]), 15), padding = _mm_cvtsi32_si128(0x80);
    const __m128i low = load(m->data[1]), high = load(m->data[1] + 16);
    b->w[0] = swap_bytes(_mm_alignr_epi8(low, prefix, 15));
    b->w[1] = swap_bytes(_mm_alignr_epi8(high, low, 15));
    b->w[2] = swap_bytes(_mm_alignr_epi8(padding, high, 15));
    b->w[3] = _mm_set_epi32(8 * 33, 0, 0, 0);
}

FN_INLINE void load_block(block128 *b, const vl_message *m, size_t block) {
    uint8_t buffer[64];
    if (is_prefixed_32(m)) {
        load_prefixed_32(b, m);
        return;
    }
    const uint8_t *p = vl_message_bytes(buffer, m, 64 * block, 64, &vl_padding_sha256);
    for (int i = 0; i < 4; i++) b->w[i] = swap_bytes(load(p + 16 * i));
}

/* Compresses the blocks that all messages have, then what is left of each one by itself. */
FN_INLINE void digest_streams(uint8_t *digests, const size_t *index, const vl_message *const *m, const int twice,
                              const int streams) {
    state128 s[STREAMS];
    block128 b[STREAMS];
    size_t common = vl_message_blocks(m[0], &vl_padding_sha256);
    for (int j = 0; j < streams; j++) {
        size_t blocks = vl_message_blocks(m[j], &vl_padding_sha256);
        if (blocks < common) common = blocks;
        s[j] = start();
    }
    for (size_t block = 0; block < common; block++) {
        for (int j = 0; j < streams; j++) load_block(&b[j], m[j], block);
        compress(s, b, streams);
    }
    for (int j = 0; j < streams; j++) {
        for (size_t block = common, end = vl_message_blocks(m[j], &vl_padding_sha256); block < end; block++) {
            load_block(b, m[j], block);
            compress(&s[j], b, 1);
        }
    }
    if (twice) again(s, streams);
    for (int j = 0; j < streams; j++) store_digest(digests + 32 * index[j], s[j]);
}

FN_INLINE void digest_all(uint8_t *digests, size_t n, const vl_message *messages, const uint32_t *order,
                          const int twice) {
    const vl_message *m[STREAMS];
    size_t index[STREAMS], i = 0;
    for (; i + STREAMS <= n; i += STREAMS) {
        for (size_t j = 0; j < STREAMS; j++) {
            index[j] = order ? order[i + j] : i + j;
            m[j] = &messages[index[j]];
        }
        digest_streams(digests, index, m, twice, STREAMS);
    }
    for (; i < n; i++) {
        index[0] = order ? order[i] : i;
        m[0] = &messages[index[0]];
        digest_streams(digests, index, m, twice, 1);
    }
}

static void messages_single(uint8_t *digests, size_t n, const vl_message *messages, const uint32_t *order) {
    digest_all(digests, n, messages, order, 0);
}
static void messages_double(uint8_t *digests, size_t n, const vl_message *messages, const uint32_t *order) {
    digest_all(digests, n, messages, order, 1);
}

VL_TARGET_END

const vl_hash_ops vl_sha256_sha_ni = {STREAMS, messages_single, {nodes_single, nodes_prefixed}};
const vl_hash_ops vl_sha256d_sha_ni = {STREAMS, messages_double, {nodes_double, NULL}};

#else
typedef int vl_sha256_sha_ni_needs_x86_64; /* C wants a declaration in every file */
#endif
