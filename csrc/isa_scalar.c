/* The scalar row: 64-bit integers with a 128-bit product, one lane. Works on every 64-bit machine, and holds what there is
 * one of: the table of G, the exact path and the host's own check of keys. */
#include <pthread.h>

#include "fixed_base.h"
#include "lang.h"
#include "ops.h"

#if defined(__GNUC__) && !defined(__clang__)
/* gcc 12 vectorizes the five-limb loops into code that is 8 % slower. */
#pragma GCC optimize("no-tree-vectorize")
#endif

#define WAYS 1
#define GROUPS 64

#include "field/secp256k1.h"
#include "field/fe_5x52_int128.inc"
#include "field/field.h"
#include "scalar/secp256k1.h"
#include "scalar/sc_4x64.inc"

#define VL_INSTANCE vl_secp256k1_scalar
#include "secp256k1_instance.inc"

#include "group/weierstrass_complete.inc"
#include "double_mul_exact.inc"
#include "fixed_base.inc"

/* ---- the table of G, made once at first use ---- */

static u64 fixed_base[FIXED_BASE_WORDS] __attribute__((aligned(64)));
static fixed_base_scratch fixed_base_work;
static pthread_once_t fixed_base_once = PTHREAD_ONCE_INIT;

static void build(void) { fixed_base_build(fixed_base, &fixed_base_work); }

const uint64_t *vl_fixed_base(void) {
    pthread_once(&fixed_base_once, build);
    return fixed_base;
}

void vl_secp256k1_prepare(void) { (void)vl_fixed_base(); }

/* ---- one item at a time ---- */

int vl_secp256k1_double_mul_exact(vl_point *r, const vl_u256 *u, const vl_u256 *v, const vl_point *q) {
    return double_mul_exact(r->x.w, u->w, v->w, q->x.w, vl_fixed_base());
}

/* Canonical: normalizing changes nothing. */
static int below_p(const vl_u256 *a) {
    fe t;
    u64 w[4];
    fe_load(&t, a->w, 4);
    fe_first(w, &t);
    return w[0] == a->w[0] && w[1] == a->w[1] && w[2] == a->w[2] && w[3] == a->w[3];
}

int vl_secp256k1_on_curve(const vl_point *q) {
    fe x, y;
    if (!below_p(&q->x) || !below_p(&q->y)) return 0;
    fe_load(&x, q->x.w, 4);
    fe_load(&y, q->y.w, 4);
    curve_right_side(&x, &x);
    fe_sqr(&y, &y);
    fe_sub(&x, &x, &y);
    return (int)fe_is_zero(&x);
}
