#include "scheme/ed25519_scalar.h"

#include "scheme/u256.h"

const vl_u256 vl_ed25519_order = {{0x5812631a5cf5d3ed, 0x14def9dea2f79cd6, 0, 0x1000000000000000}};

/* c = L - 2^252 < 2^125, so that 2^252 = -c mod L. */
static const uint64_t order_low[2] = {0x5812631a5cf5d3ed, 0x14def9dea2f79cd6};

static uint64_t little_endian(const uint8_t *bytes) {
    uint64_t w = 0;
    for (int i = 7; i >= 0; i--) w = w << 8 | bytes[i];
    return w;
}

void u256_from_little_endian(vl_u256 *a, const uint8_t *bytes) {
    for (int i = 0; i < 4; i++) a->w[i] = little_endian(bytes + 8 * i);
}

int vl_ed25519_parse_scalar(vl_u256 *s, const uint8_t *bytes) {
    u256_from_little_endian(s, bytes);
    return u256_less(s, &vl_ed25519_order);
}

/* r[0 .. n + 2) = c a[0 .. n) */
static void times_order_low(uint64_t *r, const uint64_t *a, int n) {
    for (int i = 0; i < n + 2; i++) r[i] = 0;
    for (int i = 0; i < n; i++) {
        unsigned __int128 t = 0;
        for (int j = 0; j < 2; j++) {
            t += (unsigned __int128)a[i] * order_low[j] + r[i + j];
            r[i + j] = (uint64_t)t;
            t >>= 64;
        }
        r[i + 2] = (uint64_t)t;
    }
}

/* x[0 .. n) = high 2^252 + low; high has n - 3 words */
static void split(vl_u256 *low, uint64_t *high, const uint64_t *x, int n) {
    for (int i = 0; i < 3; i++) low->w[i] = x[i];
    low->w[3] = x[3] & (UINT64_MAX >> 4);
    for (int i = 3; i < n; i++) high[i - 3] = x[i] >> 60 | (i + 1 < n ? x[i + 1] << 4 : 0);
}

/* Takes L away `most` times at most. */
static void subtract_order(vl_u256 *k, int most) {
    for (int i = 0; i < most; i++) {
        vl_u256 less;
        if (!u256_sub(&less, k, &vl_ed25519_order)) *k = less;
    }
}

/* x = low0 + 2^252 high0 = low0 - c high0; c high0 (385 bits) = low1 - c high1, c high1 (258 bits) = low2 - c high2 with
 * c high2 < 2^131. So x = low0 - low1 + low2 - c high2 mod L, which with 2 L added is in (0, 4 L). */
static void reduce_512(vl_u256 *k, const uint64_t x[8]) {
    uint64_t high[5], y[7], z[5], last[4] = {0};
    vl_u256 low0, low1, low2, high2;
    split(&low0, high, x, 8); /* high < 2^260 */
    times_order_low(y, high, 5);
    split(&low1, high, y, 7); /* high < 2^133 */
    times_order_low(z, high, 3);
    split(&low2, high, z, 5); /* high < 2^6 */
    times_order_low(last, high, 1);
    for (int i = 0; i < 4; i++) high2.w[i] = last[i];
    u256_add(k, &low0, &vl_ed25519_order);
    u256_add(k, k, &vl_ed25519_order);
    u256_add(k, k, &low2);
    u256_sub(k, k, &low1);
    u256_sub(k, k, &high2);
    subtract_order(k, 3);
}

void vl_ed25519_reduce(vl_u256 *k, const uint8_t *digest) {
    uint64_t x[8];
    for (int i = 0; i < 8; i++) x[i] = little_endian(digest + 8 * i);
    reduce_512(k, x);
}

/* The same for x < 2^380: c high0 (253 bits) = low1 - c high1 with c high1 < 2^126, and x = low0 - low1 + c high1 mod L, which
 * with L added is in (0, 3 L). */
static void reduce_380(vl_u256 *k, const uint64_t x[6]) {
    uint64_t high[3], y[5], last[4];
    vl_u256 low0, low1, high1;
    split(&low0, high, x, 6); /* high < 2^128 */
    times_order_low(y, high, 2);
    for (int i = 0; i < 3; i++) low1.w[i] = y[i];
    low1.w[3] = y[3] & (UINT64_MAX >> 4);
    const uint64_t top = y[3] >> 60;
    times_order_low(last, &top, 1);
    for (int i = 0; i < 3; i++) high1.w[i] = last[i];
    high1.w[3] = 0;
    u256_add(k, &low0, &vl_ed25519_order);
    u256_add(k, k, &high1);
    u256_sub(k, k, &low1);
    subtract_order(k, 2);
}

/* r = -r mod L. On input: r < L. */
static void negate(vl_u256 *r) {
    if (!u256_is_zero(r)) u256_sub(r, &vl_ed25519_order, r);
}

void vl_ed25519_times_coefficient(vl_u256 *r, vl_coefficient z, const vl_u256 *k) {
    uint64_t product[6];
    const int negative = vl_coefficient_times(product, z, k);
    reduce_380(r, product);
    if (negative) negate(r);
}

void vl_ed25519_minus_products(vl_u256 *r, size_t n, const vl_coefficient *z, const vl_u256 *s) {
    uint64_t sums[2][8];
    vl_u256 positive;
    vl_coefficient_products(sums, n, z, s);
    reduce_512(&positive, sums[0]);
    reduce_512(r, sums[1]);
    if (u256_sub(r, r, &positive)) u256_add(r, r, &vl_ed25519_order);
}
