#include "near.h"

#include <string.h>

#include "points.inc"
#include "scheme/der.h"

#define COUNT(rows) (sizeof(rows) / sizeof(rows)[0])

const known_curve known_curves[3] = {
    [VL_SECP256K1_ECDSA] = {&vl_curve_secp256k1, points_secp256k1, COUNT(points_secp256k1)},
    [VL_P256_ECDSA] = {&vl_curve_p256, points_p256, COUNT(points_p256)},
    [VL_SM2] = {&vl_curve_sm2, points_sm2, COUNT(points_sm2)},
};

const known_point *known_pick(const known_curve *known, fuzz_random *random) {
    return &known->point[fuzz_below(random, known->n)];
}

vl_u256 near_scalar(vl_u256 m, fuzz_random *random) {
    vl_u256 x = number_small(1 + fuzz_below(random, 40));
    switch (fuzz_below(random, 5)) {
    case 0:
        return x;
    case 1:
        return mod_negate(x, m);
    case 2: /* 2^i and beside it */
        x = number_small(fuzz_below(random, 3));
        x.w[fuzz_below(random, 4)] |= (uint64_t)1 << fuzz_below(random, 64);
        break;
    case 3: /* halves of few bits */
        x = (vl_u256){{fuzz_below(random, 4), 0, fuzz_below(random, 4), 0}};
        break;
    default:
        for (int i = 0; i < 4; i++) x.w[i] = fuzz_next(random);
    }
    return number_reduce(x, m);
}

/* ---- Keys ---- */

enum { COMPRESSED, UNCOMPRESSED, RAW, HYBRID, FORMS };

static void write_key(fuzz_bytes *key, const uint8_t *x, const uint8_t *y, size_t form) {
    const uint8_t prefix[FORMS] = {(uint8_t)(2 + (y[31] & 1)), 4, 0, (uint8_t)(6 + (y[31] & 1))};
    fuzz_set(key, &prefix[form], form != RAW);
    fuzz_append(key, x, 32);
    if (form != COMPRESSED) fuzz_append(key, y, 32);
}

void near_key(fuzz_bytes *key, const known_point *point, const vl_curve *curve, fuzz_random *random) {
    const size_t form = fuzz_below(random, 2 * FORMS);
    write_key(key, point->x, point->y, form < FORMS ? form : fuzz_below(random, 2));
    if (fuzz_below(random, 32) == 0) near_other_key(key, curve, random);
}

void near_other_key(fuzz_bytes *key, const vl_curve *curve, fuzz_random *random) {
    if (key->size < 32) return;
    uint8_t *at = key->data + (key->size & 1); /* x */
    vl_u256 x;
    switch (fuzz_below(random, 5)) {
    case 0:
        if (key->size & 1) key->data[0] ^= 1;
        break;
    case 1:
        if (key->size & 1) key->data[0] = (uint8_t)fuzz_below(random, 9);
        break;
    case 2: /* -Q, or x of another point */
        if (key->size < 64) break;
        x = number_read(at + 32);
        if (u256_less(&x, &curve->p)) x = mod_negate(x, curve->p);
        u256_to_bytes(at + 32, &x);
        break;
    case 3: /* x + p, which rarely fits */
        x = number_read(at);
        u256_add(&x, &x, &curve->p);
        u256_to_bytes(at, &x);
        break;
    default: {
        const known_point moved = {.x = {0}};
        uint8_t xy[64] = {0};
        memcpy(xy, at, key->size >= 64 ? 64 : 32);
        write_key(key, xy, key->size >= 64 ? xy + 32 : moved.y, fuzz_below(random, FORMS));
    }
    }
}

/* ---- Numbers ---- */

vl_u256 near_number(vl_u256 x, vl_u256 m, fuzz_random *random) {
    vl_u256 y = number_small(1);
    switch (fuzz_below(random, 9)) {
    case 0:
        u256_sub(&y, &m, &x);
        return y;
    case 1:
        u256_add(&y, &x, &m);
        return y;
    case 2:
        u256_add(&y, &x, &y);
        return y;
    case 3:
        u256_sub(&y, &x, &y);
        return y;
    case 4:
        return number_small(fuzz_below(random, 3));
    case 5:
        u256_sub(&y, &m, &y);
        return y;
    case 6:
        u256_add(&y, &m, &y);
        return y;
    case 7: /* beside m / 2 */
        for (int i = 0; i < 4; i++) y.w[i] = m.w[i] >> 1 | (i < 3 ? m.w[i + 1] << 63 : 0);
        y.w[0] += fuzz_below(random, 3);
        return y;
    default:
        return m;
    }
}

/* ---- Signatures ---- */

void near_compact(fuzz_bytes *signature, vl_u256 r, vl_u256 s) {
    uint8_t bytes[64];
    u256_to_bytes(bytes, &r);
    u256_to_bytes(bytes + 32, &s);
    fuzz_set(signature, bytes, sizeof bytes);
}

/* An INTEGER; `fault` 1: a zero too many, 2: none where one must be, 3: its length in two bytes, 4: its length wrong. */
static void append_integer(fuzz_bytes *to, vl_u256 x, size_t fault, fuzz_random *random) {
    uint8_t bytes[34] = {0};
    u256_to_bytes(bytes + 2, &x);
    size_t first = 2;
    while (first < 33 && bytes[first] == 0) first++;
    if (bytes[first] & 0x80 && fault != 2) first--;
    if (fault == 1) first--;
    uint8_t length = (uint8_t)(34 - first);
    if (fault == 4) length += (uint8_t)(fuzz_below(random, 5) - 2);
    fuzz_append(to, (const uint8_t[]){0x02}, 1);
    if (fault == 3) fuzz_append(to, (const uint8_t[]){0x81}, 1);
    fuzz_append(to, &length, 1);
    fuzz_append(to, bytes + first, 34 - first);
}

void near_der(fuzz_bytes *signature, vl_u256 r, vl_u256 s, fuzz_random *random) {
    const size_t fault = fuzz_below(random, 3) ? 0 : 1 + fuzz_below(random, 8), place = fuzz_below(random, 3);
    fuzz_bytes body = {0};
    append_integer(&body, r, place < 2 ? fault : 0, random);
    append_integer(&body, s, place > 0 ? fault : 0, random);
    uint8_t length = (uint8_t)body.size;
    if (fault == 5) length = (uint8_t)fuzz_next(random);
    if (fault == 6) fuzz_append(&body, "\0\0\0", 1 + fuzz_below(random, 3));
    fuzz_set(signature, (const uint8_t[]){0x30, 0x81}, fault == 7 ? 2 : 1);
    fuzz_append(signature, &length, 1);
    fuzz_append(signature, body.data, body.size);
    if (fault == 8) signature->size -= 1 + fuzz_below(random, 3);
}

int near_read(vl_u256 *r, vl_u256 *s, const fuzz_bytes *signature, int der) {
    if (der) return vl_der_lax(r, s, (vl_bytes){signature->data, signature->size});
    if (signature->size < 64) return 0;
    *r = number_read(signature->data);
    *s = number_read(signature->data + 32);
    return 1;
}
