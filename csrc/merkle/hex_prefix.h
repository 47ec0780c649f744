/* Paths of Ethereum's tries: nibbles, and their hex-prefix encoding (Yellow Paper, appendix C). The first nibble holds two
 * flags, 2: it is a leaf's path, 1: the number of nibbles is odd; an even number has a zero nibble after it. */
#ifndef VL_MERKLE_HEX_PREFIX_H
#define VL_MERKLE_HEX_PREFIX_H

#include "scheme/column.h"

#define HP_LEAF 2
#define HP_ODD 1

/* Nibble i of a row of bytes. */
static inline unsigned nibble_at(const uint8_t *bytes, size_t i) {
    return i & 1 ? bytes[i >> 1] & 15u : bytes[i >> 1] >> 4;
}

/* Writes the encoding of nibbles [from, to) of a key and returns its end. */
static inline uint8_t *hp_put(uint8_t *at, const uint8_t *key, size_t from, size_t to, int leaf) {
    const unsigned flags = leaf ? HP_LEAF : 0;
    if ((to - from) & 1) *at++ = (uint8_t)((flags | HP_ODD) << 4 | nibble_at(key, from++));
    else *at++ = (uint8_t)(flags << 4);
    for (; from < to; from += 2) *at++ = (uint8_t)(nibble_at(key, from) << 4 | nibble_at(key, from + 1));
    return at;
}

/* Whether these bytes are the encoding of any path. */
static inline int hp_is_path(vl_bytes path) {
    if (path.length == 0 || path.data[0] >> 4 > (HP_LEAF | HP_ODD)) return 0;
    return path.data[0] >> 4 & HP_ODD || (path.data[0] & 15) == 0;
}

static inline int hp_is_leaf(vl_bytes path) { return path.data[0] >> 4 & HP_LEAF; }

/* The first nibble of the path, counted in the encoding; the last is the encoding's. */
static inline size_t hp_start(vl_bytes path) { return path.data[0] >> 4 & HP_ODD ? 1 : 2; }

static inline size_t hp_length(vl_bytes path) { return 2 * path.length - hp_start(path); }

#endif
