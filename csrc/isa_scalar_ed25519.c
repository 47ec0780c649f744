/* The scalar row's edwards25519, and what there is one of: the table of B and the host's own check of keys. */
#include <pthread.h>

#include "fixed_base.h"
#include "lang.h"
#include "ops.h"

#if defined(__GNUC__) && !defined(__clang__)
/* gcc 12 vectorizes the five-limb loops into slower code. */
#pragma GCC optimize("no-tree-vectorize")
#endif

#define WAYS 1
#define WAYS_ROOT 1
#define GROUPS 64

#include "field/ed25519.h"
#include "field/fe_5x51_int128.inc"

#define VL_INSTANCE vl_ed25519_scalar
#include "ed25519_instance.inc"

#include "fixed_base_edwards.inc"

/* ---- the table of B, made once at first use ---- */

static u64 fixed_base[FIXED_BASE_WORDS] __attribute__((aligned(64)));
static fixed_base_scratch fixed_base_work;
static pthread_once_t fixed_base_once = PTHREAD_ONCE_INIT;

static void build(void) { fixed_base_build(fixed_base, &fixed_base_work); }

const uint64_t *vl_ed25519_fixed_base(void) {
    pthread_once(&fixed_base_once, build);
    return fixed_base;
}

void vl_ed25519_prepare(void) { (void)vl_ed25519_fixed_base(); }

/* ---- one item at a time ---- */

const vl_point vl_ed25519_base[2] = {
    {{{CURVE_B_POINT_X}}, {{CURVE_B_POINT_Y}}},
    {{{0xfc8047ae60b7e824, 0x98e685c9c2e723e5, 0x952d3984e14e29a0, 0x4c27afff3c45f32c}},
     {{0x5bbabd114bf5a66b, 0x90d0be1e51a4c49e, 0x95f11eb626c29c3a, 0x5f2c99e6526dc87d}}},
};

void vl_ed25519_msm_join(vl_point *sum, const uint64_t (*totals)[16], uint32_t count, uint32_t doublings) {
    msm_join(sum->x.w, totals, count, doublings);
}

void vl_ed25519_subtract(vl_point *r, const vl_point *a, const vl_point *b) {
    ge p, q;
    gee sum, other;
    ge_cached minus_q;
    fe prefix;
    points_load(&p, 0, 1, a->x.w);
    points_load(&q, 0, 1, b->x.w);
    ge_negate(&q, &q);
    gee_set_ge(&sum, &p);
    gee_set_ge(&other, &q);
    ge_cached_set(&minus_q, &other);
    sum_add_t_step(&sum, &minus_q, 0, 1);
    sums_to_affine(&p, &sum, &prefix, 1);
    points_store(r->x.w, 1, 0, &p);
}

/* *r = a, or 0 if a is p or more: normalizing a canonical number changes nothing. */
static int load_canonical(fe *r, const vl_u256 *a) {
    u64 w[4];
    if (a->w[3] >> 63) return 0;
    fe_load(r, a->w, 4);
    fe_first(w, r);
    return w[0] == a->w[0] && w[1] == a->w[1] && w[2] == a->w[2] && w[3] == a->w[3];
}

int vl_ed25519_on_curve(const vl_point *a) {
    ge p;
    return load_canonical(&p.x, &a->x) && load_canonical(&p.y, &a->y) && curve_holds(&p);
}
