/* Loops around the field and the group law of one machine, for bench_internals.py. Each call does n steps; a step is one
 * operation in every lane, or in two elements side by side where the name ends in _2. The results go to a place that
 * the compiler cannot see through, so that no step is left out. */
#include "modinv.h"

#include "machine.h"

#define LANE_ELEMENT fe
#define LANE_NAME(name) fe_##name
#define LANE_INVERT_ONE(r, a) vl_modinv(r, a, &VL_SECP256K1_P)
#include "lane_inverse.inc"

#include "group/weierstrass.inc"

fe sink[3 * WAYS];

int bench_lanes(void) { return LANES; }
int bench_ways(void) { return WAYS; }

/* Two elements that are not small, from the base point. */
static void start(fe *a, fe *b) {
    fe_broadcast(a, CURVE_G);
    fe_broadcast(b, CURVE_G + 4);
}

#define LOOP_1(name, step) \
    void bench_##name(u64 n) { \
        fe a, b; \
        start(&a, &b); \
        for (u64 i = 0; i < n; i++) step(&a); \
        sink[0] = a; \
    }

#define LOOP_2(name, step) \
    void bench_##name(u64 n) { \
        fe a, b, c; \
        start(&a, &b); \
        c = b; \
        for (u64 i = 0; i < n; i++) { \
            step(&a); \
            step(&c); \
        } \
        sink[0] = a; \
        sink[1] = c; \
    }

#define STEP_MUL(x) fe_mul(x, x, &b)
#define STEP_SQR(x) fe_sqr(x, x)
#define STEP_INVERT(x) fe_invert(x, x)
#define STEP_NORMALIZE(x) (fe_add(x, x, &b), fe_normalize(x, x))

LOOP_1(mul, STEP_MUL)
LOOP_2(mul_2, STEP_MUL)
LOOP_1(sqr, STEP_SQR)
LOOP_2(sqr_2, STEP_SQR)
LOOP_1(normalize, STEP_NORMALIZE)
LOOP_1(invert, STEP_INVERT)

static void start_points(gej *r, ge *q) {
    for (int w = 0; w < WAYS; w++) {
        start(&q[w].x, &q[w].y);
        gej_set_ge(&r[w], &q[w]);
    }
    for (int w = 0; w < WAYS; w++) gej_double(&r[w]);
}

static void end_points(const gej *r) {
    for (int w = 0; w < WAYS; w++) {
        sink[3 * w] = r[w].x;
        sink[3 * w + 1] = r[w].y;
        sink[3 * w + 2] = r[w].z;
    }
}

void bench_double(u64 n) {
    gej r[WAYS];
    ge q[WAYS];
    start_points(r, q);
    for (u64 i = 0; i < n; i++)
        for (int w = 0; w < WAYS; w++) gej_double(&r[w]);
    end_points(r);
}

/* 2G + G + G ..: never exceptional before n additions come round to -G */
void bench_add(u64 n) {
    gej r[WAYS];
    ge q[WAYS];
    start_points(r, q);
    for (u64 i = 0; i < n; i++) gej_add_ge(r, q, WAYS);
    end_points(r);
}

MACHINE_END
