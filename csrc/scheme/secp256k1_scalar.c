#include "scheme/secp256k1_scalar.h"

#include "scheme/curve.h"
#include "scheme/u256.h"

/* C = 2^256 - n < 2^129, so that 2^256 = C mod n. */
static const uint64_t complement[3] = {0x402da1732fc9bebf, 0x4551231950b75fc4, 1};

/* x[0 .. words) = low + 2^256 high becomes low + C high. */
static inline void fold(uint64_t *x, int words) {
    uint64_t high[4];
    for (int i = 4; i < words; i++) {
        high[i - 4] = x[i];
        x[i] = 0;
    }
    for (int i = 0; i + 4 < words; i++) {
        unsigned __int128 t = 0;
        for (int j = i; j < words; j++) {
            if (j < i + 3) t += (unsigned __int128)high[i] * complement[j - i];
            t += x[j];
            x[j] = (uint64_t)t;
            t >>= 64;
        }
    }
}

/* r = x mod n for x < 2^512, of 6 words (less than 2^384) or 8. Folding leaves less than 2^386 of 8, then less than 2^260, then
 * 2^256 + 2^133, of which what is above 2^256 folds to less than 2^134; and 2^256 < 2 n. */
static inline void reduce(vl_u256 *r, uint64_t *x, int words) {
    vl_u256 less;
    fold(x, words);
    if (words == 8) fold(x, 7);
    fold(x, 5);
    fold(x, 5);
    for (int i = 0; i < 4; i++) r->w[i] = x[i];
    if (!u256_sub(&less, r, &vl_curve_secp256k1.n)) *r = less;
}

/* r = a - b mod n. On input: both below n. */
static void subtract(vl_u256 *r, const vl_u256 *a, const vl_u256 *b) {
    if (u256_sub(r, a, b)) u256_add(r, r, &vl_curve_secp256k1.n);
}

void vl_secp256k1_times_coefficient(vl_u256 *r, vl_coefficient z, const vl_u256 *k) {
    const vl_u256 zero = {{0}};
    uint64_t product[6];
    const int negative = vl_coefficient_times(product, z, k);
    reduce(r, product, 6);
    if (negative) subtract(r, &zero, r);
}

void vl_secp256k1_products(vl_u256 *r, size_t n, const vl_coefficient *z, const vl_u256 *s) {
    uint64_t sums[2][8];
    vl_u256 negative;
    vl_coefficient_products(sums, n, z, s);
    reduce(r, sums[0], 8);
    reduce(&negative, sums[1], 8);
    subtract(r, r, &negative);
}
