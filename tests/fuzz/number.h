/* Arithmetic mod m on integers below 2^256, bit by bit: for making signatures, not for judging any. */
#ifndef FUZZ_NUMBER_H
#define FUZZ_NUMBER_H

#include "scheme/u256.h"

static inline vl_u256 number_read(const void *bytes) {
    vl_u256 x;
    u256_from_bytes(&x, bytes);
    return x;
}

static inline vl_u256 number_small(uint64_t word) { return (vl_u256){{word, 0, 0, 0}}; }

static inline vl_u256 number_reduce(vl_u256 a, vl_u256 m) {
    while (!u256_less(&a, &m)) u256_sub(&a, &a, &m);
    return a;
}

/* What follows takes and gives integers below m. */

static inline vl_u256 mod_add(vl_u256 a, vl_u256 b, vl_u256 m) {
    u256_add_mod(&a, &a, &b, &m);
    return a;
}

static inline vl_u256 mod_subtract(vl_u256 a, vl_u256 b, vl_u256 m) {
    u256_sub_mod(&a, &a, &b, &m);
    return a;
}

static inline vl_u256 mod_negate(vl_u256 a, vl_u256 m) { return mod_subtract(number_small(0), a, m); }

static inline vl_u256 mod_multiply(vl_u256 a, vl_u256 b, vl_u256 m) {
    vl_u256 product = number_small(0);
    for (int bit = 255; bit >= 0; bit--) {
        product = mod_add(product, product, m);
        if (b.w[bit / 64] >> bit % 64 & 1) product = mod_add(product, a, m);
    }
    return product;
}

/* a^(m - 2): the inverse of a, for a prime m; 0 for 0. */
static inline vl_u256 mod_inverse(vl_u256 a, vl_u256 m) {
    vl_u256 exponent, power = number_small(1);
    const vl_u256 two = number_small(2);
    u256_sub(&exponent, &m, &two);
    for (int bit = 255; bit >= 0; bit--) {
        power = mod_multiply(power, power, m);
        if (exponent.w[bit / 64] >> bit % 64 & 1) power = mod_multiply(power, a, m);
    }
    return power;
}

#endif
