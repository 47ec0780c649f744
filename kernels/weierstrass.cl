/* The kernels of one curve y^2 = x^3 + A x + B: secp256k1.cl, p256.cl and sm2.cl name it and include this. What the stages of
 * R = u G + v Q are: double_mul_thread.inc. Numbers are little-endian words of 32 bits; n is the number of items. */
#include "group/weierstrass.inc"
#include "group/weierstrass_coz.inc"
#include "group/lift_weierstrass.inc"
#include "scalar/recode_odd.inc"
#include "double_mul_thread.inc"
#include "batch_invert.inc"

/* u, v: 8 words an item, below the group order */
KERNEL recode(GLOBAL u32 *digits, GLOBAL const u32 *u, GLOBAL const u32 *v, u32 n) {
    const u32 t = LANE_ID();
    u32 words[RECODED_WORDS], k[2][8];
    if (t >= n) return;
    LOAD4(k[0], u + 8 * (u64)t);
    LOAD4(k[0] + 4, u + 8 * (u64)t + 4);
    LOAD4(k[1], v + 8 * (u64)t);
    LOAD4(k[1] + 4, v + 8 * (u64)t + 4);
    recode_odd(words, k[0], k[1]);
    for (int i = 0; i < RECODED_WORDS; i++) digits[(u64)i * n + t] = words[i];
}

/* q: x and y, 16 words, on the curve */
KERNEL multiples(GLOBAL u32 *table, GLOBAL u32 *z, GLOBAL const u32 *q, u32 n) {
    const u32 t = LANE_ID();
    ge p;
    fe last_z;
    if (t >= n) return;
    fe_fetch(&p.x, q + 16 * (u64)t);
    fe_fetch(&p.y, q + 16 * (u64)t + 8);
    multiples_odd(table + TABLE_V_WORDS * (u64)t, &last_z, &p);
    fe_put(z + 8 * (u64)t, &last_z);
}

/* z: 8 words at `at` in each of `items` rows of `stride` words; n is the number of threads */
KERNEL invert(GLOBAL u32 *inverse, GLOBAL const u32 *z, u32 stride, u32 at, u32 items, u32 n) {
    const u32 t = LANE_ID();
    if (t >= n) return;
    batch_invert(inverse, z + at, stride, items, t, n);
}

/* z: 1 / Z of the last multiple for A = -3; else it is an output, the Z that all entries have */
KERNEL table(GLOBAL u32 *table, GLOBAL u32 *z, u32 n) {
    const u32 t = LANE_ID();
    fe c;
    if (t >= n) return;
#if CURVE_A_IS_MINUS_3
    fe_fetch(&c, z + 8 * (u64)t);
#else
    fe_one(&c);
#endif
    table_close(table + TABLE_V_WORDS * (u64)t, &c);
    fe_put(z + 8 * (u64)t, &c);
}

FN void sum_put(GLOBAL u32 *to, const gej *sum) {
    fe_put(to, &sum->x);
    fe_put(to + 8, &sum->y);
    fe_put(to + 16, &sum->z);
}

/* sum: X, Y, Z, 24 words */
KERNEL windows(GLOBAL u32 *sum, GLOBAL const u32 *digits, GLOBAL const u32 *table, GLOBAL const u32 *z, u32 n) {
    const u32 t = LANE_ID();
    gej r;
    fe c;
    if (t >= n) return;
    windows_v_sum(&r, digits + t, n, table + TABLE_V_WORDS * (u64)t);
    fe_fetch(&c, z + 8 * (u64)t);
    fe_mul(&r.z, &r.z, &c);
    sum_put(sum + 24 * (u64)t, &r);
}

KERNEL base(GLOBAL u32 *sum, GLOBAL const u32 *digits, GLOBAL const u32 *fixed_base, u32 n) {
    const u32 t = LANE_ID();
    gej r;
    if (t >= n) return;
    GLOBAL u32 *own = sum + 24 * (u64)t;
    fe_fetch(&r.x, own);
    fe_fetch(&r.y, own + 8);
    fe_fetch(&r.z, own + 16);
    windows_u_sum(&r, digits + (u64)(CURVE_HALVES * WORDS_V) * n + t, n, fixed_base);
    sum_put(own, &r);
}

/* r: x and y, 16 words; exceptional: one byte. inverse: of Z, or 0 where Z is 0 */
KERNEL affine(GLOBAL u32 *r, GLOBAL u8 *exceptional, GLOBAL const u32 *sum, GLOBAL const u32 *inverse, u32 n) {
    const u32 t = LANE_ID();
    fe a, b, c;
    if (t >= n) return;
    fe_fetch(&a, inverse + 8 * (u64)t);
    exceptional[t] = (u8)fe_is_zero(&a);
    fe_sqr(&b, &a);
    fe_fetch(&c, sum + 24 * (u64)t);
    fe_mul(&c, &c, &b);
    fe_normalize(&c, &c);
    fe_put(r + 16 * (u64)t, &c);
    fe_mul(&b, &b, &a);
    fe_fetch(&c, sum + 24 * (u64)t + 8);
    fe_mul(&c, &c, &b);
    fe_normalize(&c, &c);
    fe_put(r + 16 * (u64)t + 8, &c);
}

/* y: 8 words with y mod 2 = odd; ok: 1 where there is one, else 0. x: 8 words below p */
KERNEL decompress(GLOBAL u32 *y, GLOBAL u8 *ok, GLOBAL const u32 *x, GLOBAL const u8 *odd, u32 n) {
    const u32 t = LANE_ID();
    fe a, right, root;
    if (t >= n) return;
    fe_fetch(&a, x + 8 * (u64)t);
    curve_right_side(&right, &a);
    fe_root(&root, &right, 1);
    ok[t] = (u8)root_finish(&root, &right, &root, odd[t] & 1);
    fe_put(y + 8 * (u64)t, &root);
}
