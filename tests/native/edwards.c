/* The field of edwards25519 with its wide products, and the Edwards group law of any machine, for
 * tests/test_field_25519.py and tests/test_edwards.py. An fe crosses as its memory image: limbs, each with its lanes. */
#include "machine.h"

#if defined(MACHINE_TINY)
static u64 tiny_2d[4];
#define CURVE_2D tiny_2d
void native_curve(u32 p, u32 d) {
    native_tiny(p, 0);
    tiny_2d[0] = 2 * d % p;
}
#endif

#include "field/wide.h"

#include "group/edwards.inc"

/* ---- the field ---- */

#include "field_calls.h"

OPERATION(add_f, fe_add_f(r, A, B))
OPERATION(sub_f, fe_sub_f(r, A, B))
OPERATION(neg_loaded_f, fe_neg_loaded_f(r, A))

/* The largest sum that wide.h allows: a b + c^2 + 2 d - (e f + g^2), in the order in which nothing is reduced. */
OPERATION(wide, few t[5]; fe_mul_w(&t[0], &x[1], &x[2]); fe_sqr_w(&t[1], &x[3]); few_from_twice(&t[2], &x[4]);
          fe_mul_w(&t[3], &x[5], &x[6]); fe_sqr_w(&t[4], &x[7]); few_add(&t[0], &t[0], &t[1]);
          few_add(&t[0], &t[0], &t[2]); few_add(&t[3], &t[3], &t[4]); few_sub(&t[0], &t[0], &t[3]); fe_reduce(r, &t[0]))
/* a b + c^2 + d e */
OPERATION(wide_sum, few t[3]; fe_mul_w(&t[0], &x[1], &x[2]); fe_sqr_w(&t[1], &x[3]); fe_mul_w(&t[2], &x[4], &x[5]);
          few_add(&t[0], &t[0], &t[1]); few_add(&t[0], &t[0], &t[2]); fe_reduce(r, &t[0]))
/* a b + c^2 + 2 d - e, with e an element */
OPERATION(wide_less, few t[3]; fe_mul_w(&t[0], &x[1], &x[2]); fe_sqr_w(&t[1], &x[3]); few_from_twice(&t[2], &x[4]);
          few_add(&t[0], &t[0], &t[1]); few_add(&t[0], &t[0], &t[2]); few_sub_fe(&t[0], &t[0], &x[5]);
          fe_reduce(r, &t[0]))

void native_select(void *out, u32 m, const void *in) {
    fe x[2];
    memcpy(x, in, sizeof x);
    fe_select(&x[0], m, &x[0], &x[1]);
    memcpy(out, &x[0], sizeof(fe));
}

void native_swap_lanes(void *out, const void *in, int distance) {
    fe x;
    memcpy(&x, in, sizeof x);
    if (distance == 1) fe_swap_lanes(&x, &x, 1);
    if (distance == 2) fe_swap_lanes(&x, &x, 2);
    if (distance == 4) fe_swap_lanes(&x, &x, 4);
    memcpy(out, &x, sizeof x);
}

/* Through memory and back, both ways of it. */
void native_through_memory(void *out, const void *in) {
    fe a[2], r[3];
    u64 words[8 * LANES], offset[LANES];
    memcpy(a, in, sizeof a);
    for (u64 l = 0; l < LANES; l++) offset[l] = 8 * l;
    fe_store2(words, 8, &a[0], &a[1]);
    fe_load2(&r[0], &r[1], words, offset);
    fe_normalize(&a[0], &a[0]);
    fe_store(words, 4, &a[0]);
    fe_load(&r[2], words, 4);
    memcpy(out, r, sizeof r);
}

#ifdef VL_FIELD_ED25519_H
void native_constants(u64 *out) {
    memcpy(out, CURVE_D, 32);
    memcpy(out + 4, CURVE_2D, 32);
    memcpy(out + 8, FE_ROOT_MINUS_1, 32);
    memcpy(out + 12, CURVE_B_POINT, 64);
}
#endif

/* ---- the group: points of 16 words, X Y Z T ---- */

static void load(gee *r, const u64 *s) {
    fe_load(&r->x, s, 16);
    fe_load(&r->y, s + 4, 16);
    fe_load(&r->z, s + 8, 16);
    fe_load(&r->t, s + 12, 16);
}

static void store(u64 *d, gee *p) {
    fe *members[4] = {&p->x, &p->y, &p->z, &p->t};
    for (int i = 0; i < 4; i++) {
        fe_normalize(members[i], members[i]);
        fe_store(d + 4 * i, 16, members[i]);
    }
}

/* n: a multiple of LANES */
void native_point_double(u64 *out, size_t n, const u64 *p, int with_t) {
    for (size_t i = 0; i < n; i += LANES) {
        gee r;
        load(&r, p + 16 * i);
        gee_double(&r, with_t);
        store(out + 16 * i, &r);
    }
}

/* p + q, or p - q in the way that tables do it; q_has_z = 0: q's Z is 1 */
void native_point_add(u64 *out, size_t n, const u64 *p, const u64 *q, int q_has_z, int with_t, int minus) {
    for (size_t i = 0; i < n; i += LANES) {
        gee r, s;
        ge_cached c;
        load(&r, p + 16 * i);
        load(&s, q + 16 * i);
        ge_cached_set(&c, &s);
        if (minus) {
            fe plus = c.plus;
            c.plus = c.minus;
            c.minus = plus;
            fe_neg(&c.t2d, &c.t2d);
        }
        gee_add(&r, &c, q_has_z, with_t);
        store(out + 16 * i, &r);
    }
}

void native_point_neutral(u32 *out, size_t n, const u64 *p) {
    for (size_t i = 0; i < n; i += LANES) {
        gee r;
        load(&r, p + 16 * i);
        out[i / LANES] = gee_is_neutral(&r);
    }
}

MACHINE_END
