#include "plain_ed25519.h"

#include <string.h>

#include "number.h"

/* ---- Mod p = 2^255 - 19: section 5.1 ---- */

static const vl_u256 p = {{0xffffffffffffffed, 0xffffffffffffffff, 0xffffffffffffffff, 0x7fffffffffffffff}};
static const vl_u256 l = {{0x5812631a5cf5d3ed, 0x14def9dea2f79cd6, 0, 0x1000000000000000}};

/* a b mod p for any a, b < 2^256: 2^256 = 38. */
static vl_u256 multiply(vl_u256 a, vl_u256 b) {
    uint64_t t[8] = {0};
    for (int i = 0; i < 4; i++) {
        unsigned __int128 carry = 0;
        for (int j = 0; j < 4; j++) {
            carry += (unsigned __int128)a.w[i] * b.w[j] + t[i + j];
            t[i + j] = (uint64_t)carry;
            carry >>= 64;
        }
        t[i + 4] = (uint64_t)carry;
    }
    vl_u256 r;
    unsigned __int128 carry = 0;
    for (int i = 0; i < 4; i++) {
        carry += (unsigned __int128)t[i + 4] * 38 + t[i];
        r.w[i] = (uint64_t)carry;
        carry >>= 64;
    }
    while (carry) {
        carry *= 38;
        for (int i = 0; i < 4; i++) {
            carry += r.w[i];
            r.w[i] = (uint64_t)carry;
            carry >>= 64;
        }
    }
    return number_reduce(r, p);
}

static vl_u256 add(vl_u256 a, vl_u256 b) { return mod_add(a, b, p); }
static vl_u256 subtract(vl_u256 a, vl_u256 b) { return mod_subtract(a, b, p); }

/* a^e */
static vl_u256 power(vl_u256 a, vl_u256 e) {
    vl_u256 r = number_small(1);
    for (int bit = 255; bit >= 0; bit--) {
        r = multiply(r, r);
        if (e.w[bit / 64] >> bit % 64 & 1) r = multiply(r, a);
    }
    return r;
}

static vl_u256 inverse(vl_u256 a) {
    const vl_u256 two = number_small(2);
    vl_u256 e;
    u256_sub(&e, &p, &two);
    return power(a, e);
}

/* d = -121665 / 121666 */
static vl_u256 curve_d(void) {
    static vl_u256 d;
    if (u256_is_zero(&d)) d = mod_negate(multiply(number_small(121665), inverse(number_small(121666))), p);
    return d;
}

/* ---- Points (X, Y, Z, T): section 5.1.4 ---- */

typedef struct {
    vl_u256 x, y, z, t;
} point;

static point neutral(void) { return (point){number_small(0), number_small(1), number_small(1), number_small(0)}; }

static point point_add(point a, point b) {
    const vl_u256 A = multiply(subtract(a.y, a.x), subtract(b.y, b.x)), B = multiply(add(a.y, a.x), add(b.y, b.x));
    const vl_u256 C = multiply(multiply(add(a.t, a.t), curve_d()), b.t), D = multiply(add(a.z, a.z), b.z);
    const vl_u256 E = subtract(B, A), F = subtract(D, C), G = add(D, C), H = add(B, A);
    return (point){multiply(E, F), multiply(G, H), multiply(F, G), multiply(E, H)};
}

static point point_negate(point a) {
    a.x = mod_negate(a.x, p);
    a.t = mod_negate(a.t, p);
    return a;
}

static point point_multiply(vl_u256 k, point a) {
    point sum = neutral();
    for (int bit = 255; bit >= 0; bit--) {
        sum = point_add(sum, sum);
        if (k.w[bit / 64] >> bit % 64 & 1) sum = point_add(sum, a);
    }
    return sum;
}

static int is_neutral(point a) { return u256_is_zero(&a.x) && u256_equal(&a.y, &a.z); }

static point times_8(point a) {
    for (int i = 0; i < 3; i++) a = point_add(a, a);
    return a;
}

static vl_u256 read_little(const uint8_t *bytes) {
    uint8_t swapped[32];
    for (int i = 0; i < 32; i++) swapped[i] = bytes[31 - i];
    return number_read(swapped);
}

/* Section 5.1.3, but that y may be p or more, and x = 0 takes either sign. */
static int decode(point *a, const uint8_t *bytes) {
    const vl_u256 one = number_small(1);
    vl_u256 y = read_little(bytes), e = p;
    const uint64_t sign = y.w[3] >> 63;
    y.w[3] &= UINT64_MAX >> 1;
    y = number_reduce(y, p);
    const vl_u256 square = multiply(y, y);
    const vl_u256 x2 = multiply(subtract(square, one), inverse(add(multiply(curve_d(), square), one)));
    for (int i = 0; i < 4; i++) e.w[i] = e.w[i] >> 3 | (i < 3 ? e.w[i + 1] << 61 : 0); /* (p - 5) / 8 */
    vl_u256 x = multiply(power(x2, e), x2), q = multiply(x, x);                        /* x2^((p + 3) / 8) */
    if (!u256_equal(&q, &x2)) { /* times the root of -1 that 2^((p - 1) / 4) is */
        e = p;
        for (int i = 0; i < 4; i++) e.w[i] = e.w[i] >> 2 | (i < 3 ? e.w[i + 1] << 62 : 0);
        x = multiply(x, power(number_small(2), e));
        q = multiply(x, x);
    }
    if (!u256_equal(&q, &x2)) return 0;
    if ((x.w[0] & 1) != sign) x = mod_negate(x, p);
    *a = (point){x, y, one, multiply(x, y)};
    return 1;
}

static void encode(uint8_t *bytes, point a) {
    const vl_u256 z = inverse(a.z), x = multiply(a.x, z);
    vl_u256 y = multiply(a.y, z);
    uint8_t big[32];
    y.w[3] |= x.w[0] << 63;
    u256_to_bytes(big, &y);
    for (int i = 0; i < 32; i++) bytes[i] = big[31 - i];
}

/* y < p, and no sign where x = 0: what encodes itself. */
static int is_canonical(const uint8_t *bytes) {
    point a;
    uint8_t again[32];
    if (!decode(&a, bytes)) { /* no point: canonical in form or not */
        vl_u256 y = read_little(bytes);
        y.w[3] &= UINT64_MAX >> 1;
        return u256_less(&y, &p);
    }
    encode(again, a);
    return memcmp(again, bytes, 32) == 0;
}

static point base(void) {
    static point b;
    if (u256_is_zero(&b.z)) { /* y = 4 / 5, x even */
        uint8_t bytes[32], big[32];
        const vl_u256 y = multiply(number_small(4), inverse(number_small(5)));
        u256_to_bytes(big, &y);
        for (int i = 0; i < 32; i++) bytes[i] = big[31 - i];
        FUZZ_CHECK(decode(&b, bytes));
    }
    return b;
}

/* ---- Rules ---- */

typedef struct {
    int canonical, large_order, cofactored;
} demands;

static const demands rules[PLAIN_RULES] = {
    [VL_ED25519_ZIP215] = {.cofactored = 1},
    [VL_ED25519_RFC8032] = {.canonical = 1},
    [VL_ED25519_OPENSSL] = {0},
    [VL_ED25519_STRICT] = {.large_order = 1},
};

/* 64 bytes, little-endian, mod L: bit by bit. */
static vl_u256 reduce(const uint8_t *digest) {
    vl_u256 k = number_small(0);
    for (int bit = 511; bit >= 0; bit--) {
        k = mod_add(k, k, l);
        if (digest[bit / 8] >> bit % 8 & 1) k = mod_add(k, number_small(1), l);
    }
    return k;
}

int plain_ed25519_decodes(const uint8_t key[32]) {
    point a;
    return decode(&a, key);
}

void plain_ed25519(uint8_t verdicts[PLAIN_RULES], const fuzz_item *item, plain_sha512 sha512) {
    const fuzz_bytes *key = &item->part[FUZZ_KEY], *signature = &item->part[FUZZ_SIGNATURE];
    const fuzz_bytes *message = &item->part[FUZZ_MESSAGE];
    point a, r, sum = neutral();
    const int known = key->size == 32 && decode(&a, key->data);
    const int has_r = signature->size == 64 && decode(&r, signature->data);
    vl_u256 s = number_small(0);
    uint8_t encoded[32] = {0}, digest[64];
    if (signature->size == 64) s = read_little(signature->data + 32);
    const int s_good = signature->size == 64 && u256_less(&s, &l);
    if (known && s_good) {
        sha512(digest, signature->data, key->data, (vl_bytes){message->data, message->size});
        sum = point_add(point_multiply(s, base()), point_multiply(reduce(digest), point_negate(a)));
        encode(encoded, sum);
    }
    for (int rule = 0; rule < PLAIN_RULES; rule++) {
        const demands *d = &rules[rule];
        if (!known || (d->canonical && !is_canonical(key->data)) || (d->large_order && is_neutral(times_8(a))))
            verdicts[rule] = VL_BAD_KEY;
        else if (!s_good || (d->canonical && !is_canonical(signature->data)) ||
                 (d->large_order && has_r && is_neutral(times_8(r))))
            verdicts[rule] = VL_BAD_SIGNATURE;
        else if (d->cofactored)
            verdicts[rule] = has_r && is_neutral(times_8(point_add(sum, point_negate(r)))) ? VL_OK : VL_MISMATCH;
        else verdicts[rule] = memcmp(encoded, signature->data, 32) == 0 ? VL_OK : VL_MISMATCH;
    }
}
