#include "scheme/ed25519_equation.h"

#include "scheme/ed25519_rules.h"
#include "scheme/ed25519_scalar.h"
#include "scheme/u256.h"

/* ---- Measured constants ---- */

/* From so many items on: us per signature by the equation, and one per lane. Zen 5, gcc 12. Eight lanes: n = 32: 3.64, 3.62;
 * n = 40: 3.32, 3.54; n = 64: 2.76, 3.51; n = 1024: 1.46, 3.71. One lane: n = 8: 34.0, 31.7; n = 16: 24.1, 30.8; n = 64: 16.2,
 * 29.9; n = 1024: 11.5, 33.0. (bench/bench_ed25519.py: "ed25519, ways") */
enum { FROM_IN_LANES = 40, FROM_ALONE = 12 };

/* The same with prepared keys; another day's clock, on which without them a lane took 6.98 and 44.8. Eight lanes: n = 120: 2.95,
 * 2.81; n = 144: 2.79, 2.81; n = 1024: 2.13, 2.92. One lane: n = 80: 16.4, 16.3; n = 96: 16.0, 16.4; n = 1024: 12.4, 19.4. */
enum { PREPARED_FROM_IN_LANES = 144, PREPARED_FROM_ALONE = 88 };

size_t vl_ed25519_equation_from(const vl_edwards_ops *ops, int prepared) {
    if (prepared) return ops->lanes > 1 ? PREPARED_FROM_IN_LANES : PREPARED_FROM_ALONE;
    return ops->lanes > 1 ? FROM_IN_LANES : FROM_ALONE;
}

typedef struct {
    size_t from; /* items */
    uint32_t width;
} width_row;

/* Bits of a digit by the number of items (bench/bench_msm.py shows the neighbours). Eight lanes take whole rounds of eight
 * windows: 6 and 7 bits leave lanes idle. */
static const width_row in_lanes[] = {{192, 8}, {96, 5}, {0, 4}},
                       alone[] = {{400, 8}, {192, 7}, {96, 6}, {24, 5}, {0, 4}};
static const width_row halves_in_lanes[] = {{72, 8}, {40, 5}, {0, 4}},
                       halves_alone[] = {{192, 8}, {128, 7}, {48, 6}, {16, 5}, {0, 4}};

static uint32_t width_for(size_t n, const vl_edwards_ops *ops, int in_halves) {
    const width_row *row =
        ops->lanes > 1 ? (in_halves ? halves_in_lanes : in_lanes) : (in_halves ? halves_alone : alone);
    while (n < row->from) row++;
    return row->width;
}

/* ---- The equation ---- */

/* 2^127 + 2^255 */
static const vl_u256 centre_halves = {{0, (uint64_t)1 << 63, 0, (uint64_t)1 << 63}};

/* k = l + 2^128 h for numbers l and h that two words each are above -2^127 (kernels/msm/schedule.inc: centred). k < 2^253. */
static void cut_in_halves(vl_u256 *k) { u256_add(k, k, &centre_halves); }

void vl_ed25519_equation_begin(vl_ed25519_equation *e, const uint8_t *seed, uint64_t counter,
                               const vl_hash_plan *hashing, vl_hash_scratch *hash_scratch) {
    e->keys = 0;
    vl_coefficients(e->z, e->n, seed, counter, hashing, hash_scratch);
    for (size_t i = 0; i < e->n; i++) {
        vl_ed25519_times_coefficient(&e->zk[i], e->z[i], &e->k[i]);
        if (e->in_halves) cut_in_halves(&e->zk[i]);
    }
}

/* On the curve, the order divides 8 exactly for the points with these y (scheme/ed25519_rules.h). */
static int vanishes_by_8(const vl_point *p) {
    const vl_ed25519_encoding e = {p->y, 0};
    return vl_ed25519_on_curve(p) && vl_ed25519_is_small_order(&e);
}

int vl_ed25519_equation_holds(vl_point *sum, const vl_ed25519_equation *e, size_t from, size_t to) {
    const uint32_t n = (uint32_t)(to - from), keys = e->keys ? (uint32_t)e->keys : n;
    vl_u256 s;
    vl_ed25519_minus_products(&s, n, e->z + from, e->s + from);
    const vl_msm_terms r = {e->r + from, e->z[from].w, 2, n, 128, 1};
    const vl_msm_terms whole[] = {
        {e->a + from, e->zk[from].w, 4, keys, 253, 0},
        {vl_ed25519_base, s.w, 4, 1, 253, 0},
        r,
    };
    const vl_msm_terms in_halves[] = {
        {e->a + 2 * from, e->zk[from].w, 2, 2 * n, 128, 1},
        {vl_ed25519_base, s.w, 2, 2, 128, 1},
        r,
    };
    if (e->in_halves) cut_in_halves(&s);
    e->ops->msm(sum, e->in_halves ? in_halves : whole, VL_MSM_KINDS, width_for(n, e->ops, e->in_halves), e->scratch);
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
