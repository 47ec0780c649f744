/* The inverse of one 256-bit number modulo an odd prime, in variable time: where every shared inversion ends.
 *
 * Binary GCD on approximations: T. Pornin, "Optimized Binary GCD for Modular Inversion" (IACR ePrint 2020/972), in
 * variable time (zeros are shifted out together). It takes 2/3 of the time of the Bernstein-Yang divsteps as
 * bitcoin-core/secp256k1 has them (doc/safegcd_implementation.md), since comparing true sizes needs fewer steps; from
 * there come the signed 62-bit limbs and the update modulo m below.
 *
 * State: a, b >= 0 with b odd; a = y u, b = y v mod m, at first (a, b, u, v) = (y, m, 1, 0). A step is: if a is odd, swap
 * if a < b, then a -= b; a /= 2. It never makes a or b larger, and 2 * 256 - 1 steps always reach a = 0, b = gcd = 1
 * (section 2 there); then v = 1 / y. MODINV_STEPS steps at a time are decided on 64-bit approximations of a and b: the
 * low bits (parities) and the top 33 bits (comparisons) are exact. They give a matrix (row 0 for a, row 1 for b) with
 *   |row[0]| + |row[1]| <= 2^31   (each step doubles row 1 or takes row 1 from row 0)
 * that is applied to the full numbers, which then are exact multiples of 2^31. A comparison that was wrong for want of
 * bits shows as a negative number, and is mended by changing its sign and its row's.
 *
 * Limbs: x = sum l[i] 2^(62 i), 0 <= l[i] < 2^62 for i < 4, and l[4] has the sign. A sum of two products of a matrix
 * (rows below 2^62) and limbs is below 2^124, one product by m more below 2^126: an __int128 holds it. */
#ifndef VL_MODINV_H
#define VL_MODINV_H

#include <stdint.h>

#define MODINV_STEPS 31
#define MODINV_LOW31 (UINT64_MAX >> 33)
#define MODINV_LOW62 (UINT64_MAX >> 2)

typedef struct {
    int64_t l[5];
} modinv_int;

typedef struct {
    int64_t u, v, q, r; /* new first = u first + v second; new second = q first + r second */
} modinv_matrix;

typedef struct {
    modinv_int m;
    uint64_t inverse62; /* 1 / m mod 2^62 */
} vl_modulus;

/* secp256k1, SEC 2 v2.0 section 2.4.1: p = 2^256 - 2^32 - 977 and the group order n. tests/test_modinv.py recomputes
 * the rows. */
static const vl_modulus VL_SECP256K1_P = {
    {{0x3FFFFFFEFFFFFC2F, 0x3FFFFFFFFFFFFFFF, 0x3FFFFFFFFFFFFFFF, 0x3FFFFFFFFFFFFFFF, 0xFF}}, 0x27C7F6E22DDACACF};
static const vl_modulus VL_SECP256K1_N = {
    {{0x3FD25E8CD0364141, 0x2ABB739ABD2280EE, 0x3FFFFFFFFFFFFFEB, 0x3FFFFFFFFFFFFFFF, 0xFF}}, 0x34F20099AA774EC1};

/* 2^255 - 19, the field of edwards25519. tests/test_field_25519.py recomputes it. */
static const vl_modulus VL_ED25519_P = {
    {{0x3FFFFFFFFFFFFFED, 0x3FFFFFFFFFFFFFFF, 0x3FFFFFFFFFFFFFFF, 0x3FFFFFFFFFFFFFFF, 0x7F}}, 0x39435E50D79435E5};

/* P-256, SEC 2 v2.0 section 2.4.2. */
static const vl_modulus VL_P256_P = {{{0x3FFFFFFFFFFFFFFF, 0x3FFFFFFFF, 0x0, 0x3FFFFFC000000040, 0xFF}},
                                     0x3FFFFFFFFFFFFFFF};
static const vl_modulus VL_P256_N = {
    {{0x33B9CAC2FC632551, 0x339BEAB69C5E7A13, 0x3FFFFFFFFFFFFFFB, 0x3FFFFFC00000003F, 0xFF}}, 0x332E375511FF43B1};

/* SM2, GB/T 32918.5-2017. */
static const vl_modulus VL_SM2_P = {
    {{0x3FFFFFFFFFFFFFFF, 0x3FFFFFFC00000003, 0x3FFFFFFFFFFFFFFF, 0x3FFFFFBFFFFFFFFF, 0xFF}}, 0x3FFFFFFFFFFFFFFF};
static const vl_modulus VL_SM2_N = {
    {{0x13BBF40939D54123, 0x80F7DAC871814AD, 0x3FFFFFFFFFFFFFF7, 0x3FFFFFBFFFFFFFFF, 0xFF}}, 0xD8061778DCAF68B};

static inline void modinv_from_words(modinv_int *r, const uint64_t a[4]) {
    r->l[0] = (int64_t)(a[0] & MODINV_LOW62);
    r->l[1] = (int64_t)((a[0] >> 62 | a[1] << 2) & MODINV_LOW62);
    r->l[2] = (int64_t)((a[1] >> 60 | a[2] << 4) & MODINV_LOW62);
    r->l[3] = (int64_t)((a[2] >> 58 | a[3] << 6) & MODINV_LOW62);
    r->l[4] = (int64_t)(a[3] >> 56);
}

static inline void modinv_to_words(uint64_t r[4], const modinv_int *a) {
    r[0] = (uint64_t)a->l[0] | (uint64_t)a->l[1] << 62;
    r[1] = (uint64_t)a->l[1] >> 2 | (uint64_t)a->l[2] << 60;
    r[2] = (uint64_t)a->l[2] >> 4 | (uint64_t)a->l[3] << 58;
    r[3] = (uint64_t)a->l[3] >> 6 | (uint64_t)a->l[4] << 56;
}

static inline int modinv_zeros(uint64_t x) { return x == 0 ? 64 : __builtin_ctzll(x); }

/* The matrix of 31 steps decided on a and b (b odd). Both rows are packed as row[0] + 2^32 row[1], so that one addition
 * does both; entries are in (-2^31, 2^31] (the sum bound, and a row (-2^31, 0) can't be: entries of a row have opposite
 * signs, the two rows the other way round, so a difference has no zero in it). Masks instead of branches: the
 * comparisons are unpredictable. */
static inline void modinv_steps(modinv_matrix *t, uint64_t a, uint64_t b) {
    const uint64_t offset = 0x7FFFFFFF7FFFFFFF;
    uint64_t row_a = 1, row_b = (uint64_t)1 << 32;
    int left = MODINV_STEPS;
    int zeros = modinv_zeros(a);
    while (zeros < left) {
        a >>= zeros;
        row_b <<= zeros;
        left -= zeros;
        uint64_t difference = a - b, row_difference = row_a - row_b;
        uint64_t less = -(uint64_t)(a < b);
        zeros = modinv_zeros(difference);
        b += difference & less; /* the smaller one */
        row_b += row_difference & less;
        a = (difference ^ less) - less; /* |a - b| */
        row_a = (row_difference ^ less) - less;
    }
    row_b <<= left;
    row_a += offset;
    row_b += offset;
    t->u = (int64_t)(row_a & 0xFFFFFFFF) - 0x7FFFFFFF;
    t->v = (int64_t)(row_a >> 32) - 0x7FFFFFFF;
    t->q = (int64_t)(row_b & 0xFFFFFFFF) - 0x7FFFFFFF;
    t->r = (int64_t)(row_b >> 32) - 0x7FFFFFFF;
}

/* The top 33 bits (from the longer one's leading bit) and the low 31 bits of a and b; themselves if below 2^62.
 * On input: both non-negative and in `length` limbs, one of the top ones not zero if length > 1. */
static inline void modinv_approximate(uint64_t *xa, uint64_t *xb, const modinv_int *a, const modinv_int *b,
                                      int length) {
    uint64_t top_a = (uint64_t)a->l[length - 1], top_b = (uint64_t)b->l[length - 1];
    *xa = (uint64_t)a->l[0];
    *xb = (uint64_t)b->l[0];
    if (length == 1) return;
    int shift = __builtin_clzll(top_a | top_b); /* 2..63 */
    top_a = top_a << shift | (uint64_t)a->l[length - 2] << 2 >> (64 - shift);
    top_b = top_b << shift | (uint64_t)b->l[length - 2] << 2 >> (64 - shift);
    *xa = (top_a & ~MODINV_LOW31) | (*xa & MODINV_LOW31);
    *xb = (top_b & ~MODINV_LOW31) | (*xb & MODINV_LOW31);
}

/* r = (a f + b g) / 2^31, exact; returns -1 if it is negative, else 0. */
static inline int64_t modinv_combine(modinv_int *r, const modinv_int *a, const modinv_int *b, int64_t f, int64_t g,
                                     int length) {
    __int128 c = (__int128)f * a->l[0] + (__int128)g * b->l[0];
    uint64_t low = (uint64_t)c & MODINV_LOW62;
    c >>= 62;
    for (int i = 1; i < length; i++) {
        c += (__int128)f * a->l[i] + (__int128)g * b->l[i];
        uint64_t limb = (uint64_t)c & MODINV_LOW62;
        c >>= 62;
        r->l[i - 1] = (int64_t)(low >> MODINV_STEPS | (limb & MODINV_LOW31) << 31);
        low = limb;
    }
    r->l[length - 1] = (int64_t)(low >> MODINV_STEPS | (uint64_t)c << 31);
    return (int64_t)(c >> 64);
}

static inline void modinv_negate(modinv_int *r, int length) {
    int64_t carry = 0;
    for (int i = 0; i < length - 1; i++) {
        carry -= r->l[i];
        r->l[i] = (int64_t)((uint64_t)carry & MODINV_LOW62);
        carry >>= 62;
    }
    r->l[length - 1] = carry - r->l[length - 1];
}

/* 31 steps on a and b; t = their matrix, its rows' signs mended. Returns the length that was needed. */
static inline int modinv_round(modinv_matrix *t, modinv_int *a, modinv_int *b, int length) {
    uint64_t xa, xb;
    modinv_int old = *a;
    while (length > 1 && (a->l[length - 1] | b->l[length - 1]) == 0) length--;
    modinv_approximate(&xa, &xb, a, b, length);
    modinv_steps(t, xa, xb);
    if (modinv_combine(a, &old, b, t->u, t->v, length) != 0) {
        modinv_negate(a, length);
        t->u = -t->u;
        t->v = -t->v;
    }
    if (modinv_combine(b, &old, b, t->q, t->r, length) != 0) {
        modinv_negate(b, length);
        t->q = -t->q;
        t->r = -t->r;
    }
    return length;
}

/* (u, v) = t (u, v) / 2^62 mod m: a multiple of m is added that makes the sum's low 62 bits zero.
 * On input and output: -2 m < u, v < m. With m added where negative, |t (u, v)| < 2^62 m; less 0 <= k < 2^62 times m,
 * and divided by 2^62, it is in (-2 m, m) again. */
static inline void modinv_update(modinv_int *u, modinv_int *v, const modinv_matrix *t, const vl_modulus *m) {
    int64_t negative_u = u->l[4] >> 63, negative_v = v->l[4] >> 63;
    int64_t ku = (t->u & negative_u) + (t->v & negative_v);
    int64_t kv = (t->q & negative_u) + (t->r & negative_v);
    __int128 cu = (__int128)t->u * u->l[0] + (__int128)t->v * v->l[0];
    __int128 cv = (__int128)t->q * u->l[0] + (__int128)t->r * v->l[0];
    ku -= (int64_t)((m->inverse62 * (uint64_t)cu + (uint64_t)ku) & MODINV_LOW62);
    kv -= (int64_t)((m->inverse62 * (uint64_t)cv + (uint64_t)kv) & MODINV_LOW62);
    cu = (cu + (__int128)m->m.l[0] * ku) >> 62;
    cv = (cv + (__int128)m->m.l[0] * kv) >> 62;
    for (int i = 1; i < 5; i++) {
        int64_t ui = u->l[i], vi = v->l[i];
        cu += (__int128)t->u * ui + (__int128)t->v * vi + (__int128)m->m.l[i] * ku;
        cv += (__int128)t->q * ui + (__int128)t->r * vi + (__int128)m->m.l[i] * kv;
        u->l[i - 1] = (int64_t)((uint64_t)cu & MODINV_LOW62);
        v->l[i - 1] = (int64_t)((uint64_t)cv & MODINV_LOW62);
        cu >>= 62;
        cv >>= 62;
    }
    u->l[4] = (int64_t)cu;
    v->l[4] = (int64_t)cv;
}

/* r += m if r is negative */
static inline void modinv_lift(modinv_int *r, const vl_modulus *m) {
    int64_t negative = r->l[4] >> 63, carry = 0;
    for (int i = 0; i < 4; i++) {
        carry += r->l[i] + (m->m.l[i] & negative);
        r->l[i] = (int64_t)((uint64_t)carry & MODINV_LOW62);
        carry >>= 62;
    }
    r->l[4] += carry + (m->m.l[4] & negative);
}

/* r = 1 / y mod m, or 0 for y = 0. On input: y < m, m prime. On output: r < m. */
static inline void vl_modinv(uint64_t r[4], const uint64_t y[4], const vl_modulus *m) {
    modinv_int u = {{1}}, v = {{0}}, b = m->m, a;
    int length = 5;
    int64_t rest;
    modinv_from_words(&a, y);
    do {
        modinv_matrix s, t, st;
        length = modinv_round(&s, &a, &b, length);
        length = modinv_round(&t, &a, &b, length);
        st.u = t.u * s.u + t.v * s.q; /* the product of both: rows below 2^62 */
        st.v = t.u * s.v + t.v * s.r;
        st.q = t.q * s.u + t.r * s.q;
        st.r = t.q * s.v + t.r * s.r;
        modinv_update(&u, &v, &st, m);
        rest = 0;
        for (int i = 0; i < length; i++) rest |= a.l[i];
    } while (rest != 0);
    modinv_lift(&v, m);
    modinv_lift(&v, m);
    modinv_to_words(r, &v);
}

#endif
