#include "scheme/secp256k1_scalar.h"

#include "scheme/curve.h"
#include "scheme/u256.h"

/* C = 2^256 - n < 2^129, so that 2^256 = C mod n. */
static const uint64_t complement[3] = {0x402da1732fc9bebf, 0x4551231950b75fc4, 1};

/* x[0 .. 8) = low + 2^256 high becomes low + C high. */
static void fold(uint64_t x[8]) {
    uint64_t high[4];
    for (int i = 0; i < 4; i++) {
        high[i] = x[4 + i];
        x[4 + i] = 0;
    }
    for (int i = 0; i < 4; i++) {
        unsigned __int128 t = 0;
        for (int j = 0; i + j < 8; j++) {
            t += (unsigned __int128)high[i] * (j < 3 ? complement[j] : 0) + x[i + j];
            x[i + j] = (uint64_t)t;
            t >>= 64;
        }
    }
}

/* r = x mod n for x < 2^512. Folding leaves less than 2^386, then 2^260, then 2^256 + 2^133, of which what is left above 2^256
 * folds to less than 2^134; and 2^256 < 2 n. */
static void reduce(vl_u256 *r, uint64_t x[8]) {
    vl_u256 less;
    for (int i = 0; i < 4; i++) fold(x);
    for (int i = 0; i < 4; i++) r->w[i] = x[i];
    if (!u256_sub(&less, r, &vl_curve_secp256k1.n)) *r = less;
}

/* r = a - b mod n. On input: both below n. */
static void subtract(vl_u256 *r, const vl_u256 *a, const vl_u256 *b) {
    if (u256_sub(r, a, b)) u256_add(r, r, &vl_curve_secp256k1.n);
}

void vl_secp256k1_times_coefficient(vl_u256 *r, vl_coefficient z, const vl_u256 *k) {
    const vl_u256 zero = {{0}};
    uint64_t product[8] = {0};
    const int negative = vl_coefficient_times(product, z, k);
    reduce(r, product);
    if (negative) subtract(r, &zero, r);
}

void vl_secp256k1_products(vl_u256 *r, size_t n, const vl_coefficient *z, const vl_u256 *s) {
    uint64_t sums[2][8];
    vl_u256 negative;
    vl_coefficient_products(sums, n, z, s);
    reduce(r, sums[0]);
    reduce(&negative, sums[1]);
    subtract(r, r, &negative);
}
