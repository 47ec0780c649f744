#include "scheme/ed25519_equation.h"

#include "scheme/ed25519_rules.h"
#include "scheme/ed25519_scalar.h"

/* ---- Measured constants ---- */

/* From so many items on: us per signature by the equation, and one per lane. Zen 5, gcc 12. Eight lanes: n = 32: 3.64, 3.62;
 * n = 40: 3.32, 3.54; n = 64: 2.76, 3.51; n = 1024: 1.46, 3.71. One lane: n = 8: 34.0, 31.7; n = 16: 24.1, 30.8; n = 64: 16.2,
 * 29.9; n = 1024: 11.5, 33.0. (bench/bench_ed25519.py: "ed25519, ways") */
enum { FROM_IN_LANES = 40, FROM_ALONE = 12 };

size_t vl_ed25519_equation_from(const vl_edwards_ops *ops) { return ops->lanes > 1 ? FROM_IN_LANES : FROM_ALONE; }

typedef struct {
    size_t from; /* items */
    uint32_t width;
} width_row;

/* Bits of a digit by the number of items (bench/bench_msm.py shows the neighbours). Eight lanes take whole rounds of eight
 * windows: 6 and 7 bits leave lanes idle. */
static const width_row in_lanes[] = {{192, 8}, {96, 5}, {0, 4}},
                       alone[] = {{400, 8}, {192, 7}, {96, 6}, {24, 5}, {0, 4}};

static uint32_t width_for(size_t n, const vl_edwards_ops *ops) {
    const width_row *row = ops->lanes > 1 ? in_lanes : alone;
    while (n < row->from) row++;
    return row->width;
}

/* ---- The equation ---- */

void vl_ed25519_equation_begin(vl_ed25519_equation *e, const uint8_t *seed, uint64_t counter,
                               const vl_hash_plan *hashing, vl_hash_scratch *hash_scratch) {
    vl_coefficients(e->z, e->n, seed, counter, hashing, hash_scratch);
    for (size_t i = 0; i < e->n; i++) vl_ed25519_times_coefficient(&e->zk[i], e->z[i], &e->k[i]);
}

/* On the curve, the order divides 8 exactly for the points with these y (scheme/ed25519_rules.h). */
static int vanishes_by_8(const vl_point *p) {
    const vl_ed25519_encoding e = {p->y, 0};
    return vl_ed25519_on_curve(p) && vl_ed25519_is_small_order(&e);
}

int vl_ed25519_equation_holds(vl_point *sum, const vl_ed25519_equation *e, size_t from, size_t to) {
    const uint32_t n = (uint32_t)(to - from);
    vl_u256 s;
    vl_ed25519_minus_products(&s, n, e->z + from, e->s + from);
    const vl_msm_terms terms[] = {
        {e->a + from, e->zk[from].w, 4, n, 253, 0},
        {&vl_ed25519_base, s.w, 4, 1, 253, 0},
        {e->r + from, e->z[from].w, 2, n, 128, 1},
    };
    e->ops->msm(sum, terms, sizeof terms / sizeof terms[0], width_for(n, e->ops), e->scratch);
    return vanishes_by_8(sum);
}

/* ---- What the search for bad items asks ---- */

static int holds(vl_sum *sum, const void *equation, size_t from, size_t to) {
    sum->infinite = 0;
    return vl_ed25519_equation_holds(&sum->point, equation, from, to);
}

static int vanishes(const vl_sum *sum) { return vanishes_by_8(&sum->point); }

static void subtract(vl_sum *r, const vl_sum *a, const vl_sum *b) {
    r->infinite = 0;
    vl_ed25519_subtract(&r->point, &a->point, &b->point);
}

const vl_equation_kind vl_ed25519_equation_kind = {holds, vanishes, subtract};
