/* The field interface of one machine, for tests/test_field.py. An fe crosses as its memory image: limbs, each with its
 * lanes. */
#include "machine.h"

#include "field_calls.h"

#define C (&x[3])
#define D (&x[4])

OPERATION(mul_f, fe_mul_f(r, A, B))
OPERATION(sqr_f, fe_sqr_f(r, A))
OPERATION(mul_loose, fe_mul_loose(r, A, B))
OPERATION(mul_loose_f, fe_mul_loose_f(r, A, B))
OPERATION(sqr_loose, fe_sqr_loose(r, A))
OPERATION(sqr_loose_f, fe_sqr_loose_f(r, A))
OPERATION(mul_sub, fe_mul_sub(r, A, B, C))
OPERATION(mul_sub_f, fe_mul_sub_f(r, A, B, C))
OPERATION(sqr_sub_2, fe_sqr_sub_2(r, A, B))
OPERATION(sqr_sub_sub2, fe_sqr_sub_sub2(r, A, B, C))
OPERATION(mul_sub_2sqr, fe_mul_sub_2sqr(r, A, B, C))
OPERATION(mul_sub_mul, fe_mul_sub_mul(r, A, B, C, D))
OPERATION(sub_f, fe_sub_f(r, A, B))
OPERATION(from_number, fe_from_number(r, A))
OPERATION(to_number, fe_to_number(r, A))

/* k is a compile-time constant everywhere else. */
#define FOR_K(name, k, call) OPERATION(name##_##k, call)
#define FOR_EACH_K(name, call) \
    FOR_K(name, 1, call(1)) \
    FOR_K(name, 2, call(2)) \
    FOR_K(name, 3, call(3)) \
    FOR_K(name, 4, call(4)) \
    FOR_K(name, 5, call(5)) \
    FOR_K(name, 6, call(6)) \
    FOR_K(name, 7, call(7)) \
    FOR_K(name, 8, call(8))
#define MUL_K(k) fe_mul_k(r, A, B, k)
#define SQR_K(k) fe_sqr_k(r, A, k)
#define SQR_K_F(k) fe_sqr_k_f(r, A, k)
#define MUL_K_LOOSE(k) fe_mul_k_loose(r, A, B, k)
#define SQR_K_LOOSE_F(k) fe_sqr_k_loose_f(r, A, k)
FOR_EACH_K(mul_k, MUL_K)
FOR_EACH_K(sqr_k, SQR_K)
FOR_EACH_K(sqr_k_f, SQR_K_F)
FOR_EACH_K(mul_k_loose, MUL_K_LOOSE)
FOR_EACH_K(sqr_k_loose_f, SQR_K_LOOSE_F)

void native_select(void *out, u32 m, const void *in, int alias) {
    fe x[3];
    memcpy(x + 1, in, 2 * sizeof(fe));
    fe_select(&x[alias], m, &x[1], &x[2]);
    memcpy(out, &x[alias], sizeof(fe));
}

void native_swap_lanes(void *out, const void *in, int distance, int alias) {
    fe x[2];
    memcpy(x + 1, in, sizeof(fe));
    /* distances are compile-time constants, as for the machine's permutations */
    if (distance == 1) fe_swap_lanes(&x[alias], &x[1], 1);
    if (distance == 2) fe_swap_lanes(&x[alias], &x[1], 2);
    if (distance == 4) fe_swap_lanes(&x[alias], &x[1], 4);
    memcpy(out, &x[alias], sizeof(fe));
}

void native_broadcast(void *out, const u64 *words) {
    fe r;
    fe_broadcast(&r, words);
    memcpy(out, &r, sizeof r);
}

void native_load(void *out, const u64 *words, size_t stride) {
    fe r;
    fe_load(&r, words, stride);
    memcpy(out, &r, sizeof r);
}

void native_store(u64 *words, size_t stride, const void *in) {
    fe a;
    memcpy(&a, in, sizeof a);
    fe_store(words, stride, &a);
}

void native_load2(void *out, const u64 *words, const u64 *offset) {
    fe r[2];
    fe_load2(&r[0], &r[1], words, offset);
    memcpy(out, r, sizeof r);
}

void native_store2(u64 *words, size_t stride, const void *in) {
    fe a[2];
    memcpy(a, in, sizeof a);
    fe_store2(words, stride, &a[0], &a[1]);
}

#ifdef MACHINE_LANES
void native_bias_columns(u64 *out) {
    for (int i = 0; i < 10; i++) out[i] = FE_BIAS_COLUMNS[i];
}
#endif

#ifdef LOW52
/* p and 2^256 - p in limbs */
void native_prime(u64 *out) {
    const u64 p[5] = {FE_P0, FE_P1, FE_P2, FE_P3, FE_P4};
    memcpy(out, p, sizeof p);
    memcpy(out + 5, FE_COMPLEMENT, sizeof FE_COMPLEMENT);
}

void native_biases(u64 *out) {
    memcpy(out, FE_BIAS4, sizeof FE_BIAS4);
    memcpy(out + 5, FE_BIAS8, sizeof FE_BIAS8);
    memcpy(out + 10, FE_BIAS256, sizeof FE_BIAS256);
}
#endif

/* B and 3 B in the field's form, and G */
void native_curve(u64 *out) {
    memcpy(out, CURVE_B_FORM, sizeof CURVE_B_FORM);
    memcpy(out + 4, CURVE_3B_FORM, sizeof CURVE_3B_FORM);
    memcpy(out + 8, CURVE_G, sizeof CURVE_G);
}

#if FE_MONTGOMERY
/* R, R^2, R^3, p + 1 in limbs, and what is to be taken off that, in units of 2^104 */
void native_montgomery(u64 *out) {
    memcpy(out, FE_R, sizeof FE_R);
    memcpy(out + 4, FE_R2, sizeof FE_R2);
    memcpy(out + 8, FE_R3, sizeof FE_R3);
    memcpy(out + 12, FE_P_PLUS_1, sizeof FE_P_PLUS_1);
    out[17] = FE_P_PLUS_1_LESS_2_104;
    memcpy(out + 18, FE_BIAS1, sizeof FE_BIAS1);
}
#endif

MACHINE_END
