/* Modular inversion, arithmetic modulo the group order and inversion in lanes, for tests/test_scalar.py and
 * test_modinv.py. An sc crosses as its memory image, as an fe does in field.c. */
#include "modinv.h"

#include "machine.h"

#ifdef MACHINE_LANES
#include "scalar/sc_5x52.inc"
#else
#include "scalar/sc_4x64.inc"
#endif

#define LANE_ELEMENT fe
#define LANE_NAME(name) fe_##name
#define LANE_INVERT_ONE(r, a) vl_modinv(r, a, &MODULUS_P)
#if FE_MONTGOMERY
#define LANE_R3 FE_R3
#endif
#include "lane_inverse.inc"

#define LANE_ELEMENT sc
#define LANE_NAME(name) sc_##name
#define LANE_INVERT_ONE(r, a) vl_modinv(r, a, &MODULUS_N)
#include "lane_inverse.inc"

#include "scalar/ratio.inc"

int native_lanes(void) { return LANES; }
int native_sc_size(void) { return (int)sizeof(sc); }
int native_fe_size(void) { return (int)sizeof(fe); }

/* Every modulus that there is, whatever the machine's own. */
static const vl_modulus *modulus(int which) {
    static const vl_modulus *const all[] = {&VL_SECP256K1_P, &VL_SECP256K1_N, &VL_P256_P,
                                            &VL_P256_N,      &VL_SM2_P,       &VL_SM2_N};
    return all[which];
}

/* n inverses, modulo one of the above; r may be a */
void native_modinv(u64 *r, size_t n, const u64 *a, int which) {
    for (size_t i = 0; i < n; i++) vl_modinv(r + 4 * i, a + 4 * i, modulus(which));
}

/* the same modulo 2^255 - 19 */
void native_modinv_25519(u64 *r, size_t n, const u64 *a) {
    for (size_t i = 0; i < n; i++) vl_modinv(r + 4 * i, a + 4 * i, &VL_ED25519_P);
}

void native_modulus(int64_t *out, int which) {
    memcpy(out, modulus(which)->m.l, sizeof modulus(which)->m.l);
    out[5] = (int64_t)modulus(which)->inverse62;
}

/* The matrix of 31 steps. */
void native_modinv_steps(int64_t *out, u64 a, u64 b) {
    modinv_matrix t;
    modinv_steps(&t, a, b);
    out[0] = t.u, out[1] = t.v, out[2] = t.q, out[3] = t.r;
}

/* The approximations of a and b, five limbs each. */
void native_modinv_approximate(u64 *out, const int64_t *a, const int64_t *b, int length) {
    modinv_int x, y;
    memcpy(x.l, a, sizeof x.l);
    memcpy(y.l, b, sizeof y.l);
    modinv_approximate(&out[0], &out[1], &x, &y, length);
}

/* 31 steps in place; returns the length. */
int native_modinv_round(int64_t *matrix, int64_t *a, int64_t *b, int length) {
    modinv_matrix t;
    modinv_int x, y;
    memcpy(x.l, a, sizeof x.l);
    memcpy(y.l, b, sizeof y.l);
    length = modinv_round(&t, &x, &y, length);
    memcpy(a, x.l, sizeof x.l);
    memcpy(b, y.l, sizeof y.l);
    matrix[0] = t.u, matrix[1] = t.v, matrix[2] = t.q, matrix[3] = t.r;
    return length;
}

void native_modinv_update(int64_t *u, int64_t *v, const int64_t *matrix, int which) {
    const modinv_matrix t = {matrix[0], matrix[1], matrix[2], matrix[3]};
    modinv_int x, y;
    memcpy(x.l, u, sizeof x.l);
    memcpy(y.l, v, sizeof y.l);
    modinv_update(&x, &y, &t, modulus(which));
    memcpy(u, x.l, sizeof x.l);
    memcpy(v, y.l, sizeof y.l);
}

void native_order_constants(u64 *out) {
    memcpy(out, SC_ORDER, sizeof SC_ORDER);
    memcpy(out + 4, SC_ORDER52, sizeof SC_ORDER52);
    memcpy(out + 9, SC_COMPLEMENT52, sizeof SC_COMPLEMENT52);
    out[14] = SC_MINUS_INVERSE;
    memcpy(out + 15, SC_R2_256, sizeof SC_R2_256);
    memcpy(out + 19, SC_R2_260, sizeof SC_R2_260);
}

/* alias: which input the result shares its object with; 0: none */
void native_sc_mul(void *out, const void *in, int alias) {
    sc x[3];
    memcpy(x + 1, in, 2 * sizeof(sc));
    sc_mul(&x[alias], &x[1], &x[2]);
    memcpy(out, &x[alias], sizeof(sc));
}

void native_sc_select(void *out, u32 m, const void *in, int alias) {
    sc x[3];
    memcpy(x + 1, in, 2 * sizeof(sc));
    sc_select(&x[alias], m, &x[1], &x[2]);
    memcpy(out, &x[alias], sizeof(sc));
}

void native_sc_constants(void *out) {
    sc x[2];
    sc_one(&x[0]);
    sc_r2(&x[1]);
    memcpy(out, x, sizeof x);
}

u32 native_sc_is_zero(const void *in) {
    sc a;
    memcpy(&a, in, sizeof a);
    return sc_is_zero(&a);
}

void native_sc_load(void *out, const u64 *words, size_t stride) {
    sc r;
    sc_load(&r, words, stride);
    memcpy(out, &r, sizeof r);
}

void native_sc_store(u64 *words, size_t stride, const void *in) {
    sc a;
    memcpy(&a, in, sizeof a);
    sc_store(words, stride, &a);
}

void native_sc_first(u64 *words, const void *in) {
    sc a;
    memcpy(&a, in, sizeof a);
    sc_first(words, &a);
}

/* in, out: four words per lane */
void native_sc_invert(u64 *out, const u64 *in) {
    sc t;
    sc_load(&t, in, 4);
    sc_invert(&t, &t);
    sc_store(out, 4, &t);
}

void native_fe_invert(u64 *out, const u64 *in) {
    fe t;
    fe_load(&t, in, 4);
    fe_from_number(&t, &t);
    fe_invert(&t, &t);
    fe_to_number(&t, &t);
    fe_store(out, 4, &t);
}

#define ITEMS_MAX 512

void native_scalar_ratio(u64 *u, u64 *v, size_t n, const u64 *a, const u64 *b, const u64 *d) {
    sc product[(ITEMS_MAX + LANES - 1) / LANES];
    scalar_ratio(u, v, n, a, b, d, product);
}

size_t native_scalar_ratio_scratch(void) { return (ITEMS_MAX + LANES - 1) / LANES * sizeof(sc); }

MACHINE_END
