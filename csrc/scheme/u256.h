/* 256-bit integers on the host: bytes in and out, comparing, adding. No modular arithmetic beyond that. */
#ifndef VL_SCHEME_U256_H
#define VL_SCHEME_U256_H

#include "ops.h"

static inline uint64_t u256_load_word(const uint8_t *bytes) {
    uint64_t w = 0;
    for (int i = 0; i < 8; i++) w = w << 8 | bytes[i];
    return w;
}

/* On input: 32 bytes, big-endian. */
static inline void u256_from_bytes(vl_u256 *a, const uint8_t *bytes) {
    for (int i = 0; i < 4; i++) a->w[i] = u256_load_word(bytes + 24 - 8 * i);
}

static inline void u256_to_bytes(uint8_t *bytes, const vl_u256 *a) {
    for (int i = 0; i < 32; i++) bytes[31 - i] = (uint8_t)(a->w[i / 8] >> (8 * (i % 8)));
}

static inline int u256_is_zero(const vl_u256 *a) { return (a->w[0] | a->w[1] | a->w[2] | a->w[3]) == 0; }

static inline int u256_equal(const vl_u256 *a, const vl_u256 *b) {
    return ((a->w[0] ^ b->w[0]) | (a->w[1] ^ b->w[1]) | (a->w[2] ^ b->w[2]) | (a->w[3] ^ b->w[3])) == 0;
}

/* d = a - b mod 2^256; returns 1 if a < b. */
static inline int u256_sub(vl_u256 *d, const vl_u256 *a, const vl_u256 *b) {
    uint64_t borrow = 0;
    for (int i = 0; i < 4; i++) {
        uint64_t t = a->w[i] - b->w[i];
        uint64_t under = a->w[i] < b->w[i];
        d->w[i] = t - borrow;
        borrow = under | (t < borrow);
    }
    return (int)borrow;
}

/* c = a + b mod 2^256; returns the carry. */
static inline int u256_add(vl_u256 *c, const vl_u256 *a, const vl_u256 *b) {
    uint64_t carry = 0;
    for (int i = 0; i < 4; i++) {
        uint64_t t = a->w[i] + carry;
        uint64_t over = t < carry;
        c->w[i] = t + b->w[i];
        carry = over | (c->w[i] < t);
    }
    return (int)carry;
}

static inline int u256_less(const vl_u256 *a, const vl_u256 *b) {
    vl_u256 d;
    return u256_sub(&d, a, b);
}

/* c = a + b mod n, for a, b < n */
static inline void u256_add_mod(vl_u256 *c, const vl_u256 *a, const vl_u256 *b, const vl_u256 *n) {
    int carry = u256_add(c, a, b);
    if (carry || !u256_less(c, n)) u256_sub(c, c, n);
}

/* c = a - b mod n, for a, b < n */
static inline void u256_sub_mod(vl_u256 *c, const vl_u256 *a, const vl_u256 *b, const vl_u256 *n) {
    if (u256_sub(c, a, b)) u256_add(c, c, n);
}

#endif
