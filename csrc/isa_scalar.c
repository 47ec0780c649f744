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

#include "curve_scalar.inc"

/* ---- batch equations, one sum at a time ---- */

const vl_point vl_secp256k1_base = {{{CURVE_G_X}}, {{CURVE_G_Y}}};

int vl_secp256k1_msm_join(vl_point *sum, const uint64_t (*totals)[16], uint32_t count, uint32_t doublings) {
    return msm_join(sum->x.w, totals, count, doublings);
}

int vl_secp256k1_subtract(vl_point *r, const vl_point *a, const vl_point *b) {
    const u64 offset[1] = {0};
    gep sum, next;
    ge p;
    gep_infinity(&sum);
    for (int i = 0; i < 2; i++) {
        const vl_point *summand = i ? b : a;
        if (summand == NULL) continue;
        fe_load2(&p.x, &p.y, summand->x.w, offset);
        if (i) fe_neg(&p.y, &p.y);
        gep_set_ge(&next, &p);
        gep_add(&sum, &sum, &next);
    }
    return msm_affine(r->x.w, &sum);
}
