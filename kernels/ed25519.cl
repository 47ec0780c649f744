/* edwards25519's kernels: the stages of R = s B - k A (double_mul_edwards_thread.inc) and decompression. Numbers are
 * little-endian words of 32 bits; n is the number of items. */
#include "lang.h"

#define WAYS 1
#define WAYS_ROOT 1
#define FE_MONTGOMERY 0

#include "field/ed25519.h"
#include "field/fold_25519.inc"
#include "field/fe_8x32.inc"
#include "field/field.h"
#include "field/wide.h"
#include "field/root_25519.inc"
#include "group/edwards.inc"
#include "group/lift_edwards.inc"
#include "double_mul_edwards_thread.inc"
#include "batch_invert.inc"

/* s, k: 8 words an item, below 2^253 */
KERNEL recode(GLOBAL u32 *digits, GLOBAL const u32 *s, GLOBAL const u32 *k, u32 n) {
    const u32 t = LANE_ID();
    u32 words[RECODED_WORDS], scalar[8];
    if (t >= n) return;
    LOAD4(scalar, k + 8 * (u64)t);
    LOAD4(scalar + 4, k + 8 * (u64)t + 4);
    recode_biased(words, scalar, RECODE_BIAS_A);
    LOAD4(scalar, s + 8 * (u64)t);
    LOAD4(scalar + 4, s + 8 * (u64)t + 4);
    recode_biased(words + 8, scalar, RECODE_BIAS_B);
    for (int i = 0; i < RECODED_WORDS; i++) digits[(u64)i * n + t] = words[i];
}

/* a: x and y, 16 words, on the curve */
KERNEL multiples(GLOBAL u32 *table, GLOBAL const u32 *a, u32 n) {
    const u32 t = LANE_ID();
    ge p;
    if (t >= n) return;
    fe_fetch(&p.x, a + 16 * (u64)t);
    fe_fetch(&p.y, a + 16 * (u64)t + 8);
    multiples_negative(table + TABLE_A_WORDS * (u64)t, &p);
}

FN void sum_put(GLOBAL u32 *to, const gee *sum) {
    fe_put(to, &sum->x);
    fe_put(to + 8, &sum->y);
    fe_put(to + 16, &sum->z);
}

/* sum: X, Y, Z, 24 words */
KERNEL windows(GLOBAL u32 *sum, GLOBAL const u32 *digits, GLOBAL const u32 *table, u32 n) {
    const u32 t = LANE_ID();
    gee r;
    if (t >= n) return;
    windows_a_sum(&r, digits + t, n, table + TABLE_A_WORDS * (u64)t);
    sum_put(sum + 24 * (u64)t, &r);
}

KERNEL base(GLOBAL u32 *sum, GLOBAL const u32 *digits, GLOBAL const u32 *fixed_base, u32 n) {
    const u32 t = LANE_ID();
    gee r;
    if (t >= n) return;
    GLOBAL u32 *own = sum + 24 * (u64)t;
    fe_fetch(&r.x, own);
    fe_fetch(&r.y, own + 8);
    fe_fetch(&r.z, own + 16);
    windows_b_sum(&r, digits + 8 * (u64)n + t, n, fixed_base);
    sum_put(own, &r);
}

/* z: 8 words at `at` in each of `items` rows of `stride` words; n is the number of threads */
KERNEL invert(GLOBAL u32 *inverse, GLOBAL const u32 *z, u32 stride, u32 at, u32 items, u32 n) {
    const u32 t = LANE_ID();
    if (t >= n) return;
    batch_invert(inverse, z + at, stride, items, t, n);
}

/* r: x and y, 16 words. inverse: of Z */
KERNEL affine(GLOBAL u32 *r, GLOBAL const u32 *sum, GLOBAL const u32 *inverse, u32 n) {
    const u32 t = LANE_ID();
    fe a, b;
    if (t >= n) return;
    fe_fetch(&a, inverse + 8 * (u64)t);
    fe_fetch(&b, sum + 24 * (u64)t);
    fe_mul(&b, &b, &a);
    fe_normalize(&b, &b);
    fe_put(r + 16 * (u64)t, &b);
    fe_fetch(&b, sum + 24 * (u64)t + 8);
    fe_mul(&b, &b, &a);
    fe_normalize(&b, &b);
    fe_put(r + 16 * (u64)t + 8, &b);
}

/* point: x and y mod p, 16 words, x with the parity odd unless it is 0; ok: 1 where there is one, else 0. y: 8 words below
 * 2^255 */
KERNEL decompress(GLOBAL u32 *point, GLOBAL u8 *ok, GLOBAL const u32 *y, GLOBAL const u8 *odd, u32 n) {
    const u32 t = LANE_ID();
    root_parts parts;
    fe x, power;
    if (t >= n) return;
    fe_fetch(&parts.y, y + 8 * (u64)t);
    root_begin(&parts, &power);
    fe_power(&power, &power, 1);
    ok[t] = (u8)root_end(&x, &parts, &power, odd[t] & 1);
    fe_normalize(&x, &x);
    fe_normalize(&parts.y, &parts.y);
    fe_put(point + 16 * (u64)t, &x);
    fe_put(point + 16 * (u64)t + 8, &parts.y);
}
