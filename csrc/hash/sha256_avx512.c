/* SHA-256 in the 16 lanes of AVX-512. Every function of the table leaves the upper register halves clean (vzeroupper is
 * the compiler's, at each return from a VL_TARGET region): SHA-NI code right after it would run at half speed else. */
#if defined(__x86_64__)

#include <immintrin.h>

#include "hash/sha256.h"
#include "hash/sha256_message.h"
#include "lang.h"
#include "target.h"

VL_TARGET_BEGIN("avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi2,avx2,bmi2")

#include "word_u32x16.h"

/* Bits [begin, end) of 64. */
FN_INLINE uint64_t bits_between(unsigned begin, unsigned end) {
    uint64_t below_end = end < 64 ? (1ull << end) - 1 : ~0ull;
    return below_end >> begin << begin;
}

FN_INLINE word load_row(const vl_sha256_message *m, size_t block, const vl_sha256_layout *layout) {
    /* A prefix moves the data by one byte: the row then starts one byte before it, and the mask skips that byte. */
    const uint8_t *from = (const uint8_t *)((uintptr_t)m->data + 64 * block - m->prefixed);
    word row = w_row(from, bits_between(layout->begin, layout->end));
    if (layout->begin) row = w_row_put(row, 1, m->prefix);
    if (layout->pad < 64) row = w_row_put(row, 1ull << layout->pad, 0x80);
    if (layout->last) row = w_row_put_last8(row, 8 * (uint64_t)(m->size + m->prefixed));
    return row;
}

FN_INLINE void load_messages(word w[16], const vl_sha256_message m[LANES], size_t block) {
    vl_sha256_layout layout = vl_sha256_lay_out(&m[0], block);
    for (int l = 0; l < LANES; l++) {
        if (l && m[l].size != m[l - 1].size) layout = vl_sha256_lay_out(&m[l], block);
        w[l] = load_row(&m[l], block, &layout);
    }
    w_from_rows(w);
}

#include "hash/sha256_lanes.inc"

VL_TARGET_END

const vl_sha256_ops vl_sha256_avx512 = {LANES, messages, {nodes_prefixed, nodes_double}};

#else
typedef int vl_sha256_avx512_needs_x86_64; /* C wants a declaration in every file */
#endif
