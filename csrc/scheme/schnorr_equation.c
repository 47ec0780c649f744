#include "scheme/schnorr_equation.h"

#include "scheme/secp256k1_scalar.h"

/* ---- Measured constants ---- */

/* From so many items on: us per signature by the equation, and one per lane. Zen 4, gcc 12. Eight lanes: n = 32: 5.25, 5.04;
 * n = 40: 4.84, 5.03; n = 64: 4.00, 4.92; n = 1024: 2.49, 5.08. One lane: n = 6: 36.4, 34.2; n = 8: 33.0, 33.8; n = 64: 21.4,
 * 33.7; n = 1024: 17.2, 34.8. (bench/bench_schnorr.py: "schnorr, ways") */
enum { FROM_IN_LANES = 40, FROM_ALONE = 8 };

size_t vl_schnorr_equation_from(const vl_curve_ops *ops) { return ops->lanes > 1 ? FROM_IN_LANES : FROM_ALONE; }

typedef struct {
    size_t from; /* items */
    uint32_t width;
} width_row;

/* Bits of a digit by the number of items (bench/bench_msm.py shows the neighbours), for eight lanes and for one. */
static const width_row widths[] = {{192, 8}, {96, 7}, {24, 6}, {0, 4}};

static uint32_t width_for(size_t n) {
    const width_row *row = widths;
    while (n < row->from) row++;
    return row->width;
}

/* ---- The equation ---- */

void vl_schnorr_equation_begin(vl_schnorr_equation *e, const uint8_t *seed, uint64_t counter,
                               const vl_hash_plan *hashing, vl_hash_scratch *hash_scratch) {
    e->keys = 0;
    vl_coefficients(e->z, e->n, seed, counter, hashing, hash_scratch);
    for (size_t i = 0; i < e->n; i++) vl_secp256k1_times_coefficient(&e->zv[i], e->z[i], &e->v[i]);
}

static int vanishes(const vl_sum *sum) { return sum->infinite; }

static int holds(vl_sum *sum, const void *equation, size_t from, size_t to) {
    const vl_schnorr_equation *e = equation;
    const uint32_t n = (uint32_t)(to - from), keys = e->keys ? (uint32_t)e->keys : n;
    vl_u256 s;
    vl_secp256k1_products(&s, n, e->z + from, e->s + from);
    const vl_msm_terms terms[] = {
        {e->p + from, e->zv[from].w, 4, keys, 256, 0},
        {&vl_secp256k1_base, s.w, 4, 1, 256, 0},
        {e->minus_r + from, e->z[from].w, 2, n, 128, 1},
    };
    sum->infinite = !e->ops->msm(&sum->point, terms, sizeof terms / sizeof terms[0], width_for(n), e->scratch);
    return vanishes(sum);
}

static void subtract(vl_sum *r, const vl_sum *a, const vl_sum *b) {
    r->infinite = !vl_secp256k1_subtract(&r->point, a->infinite ? NULL : &a->point, b->infinite ? NULL : &b->point);
}

const vl_equation_kind vl_schnorr_equation_kind = {holds, vanishes, subtract};
