/* The group law on one machine, for tests/test_group*.py. Points are words: x, y (8) affine, X, Y, Z (12) otherwise;
 * n is a multiple of WAYS LANES. Coordinates go in as x + extra p: representations of magnitude 1 + extra. */
#include "modinv.h"

#include "machine.h"

#include "inverse.h"

#include "group/weierstrass.inc"
#include "group/weierstrass_complete.inc"
#include "group/weierstrass_coz.inc"
#include "slots.inc"

#if defined(MACHINE_TINY)
FN_INLINE void fe_root_ways(fe *r, const fe *a, int ways) { FOR_WAYS r[w] = a[w]; } /* not asked for */
#elif defined(CURVE_SM2)
#include "field/root_sm2.inc"
#elif defined(CURVE_P256)
#include "field/root_p256.inc"
#else
#include "field/root_secp256k1.inc"
#endif
#include "group/lift_weierstrass.inc"

#define SLOTS_MAX 4096

int native_lanes(void) { return LANES; }
int native_ways(void) { return WAYS; }

static void load(fe *r, const u64 *s, size_t stride, int extra) {
    u64 p[4] = {0, 0, 0, 0};
    fe multiple;
#ifndef MACHINE_TINY
    for (int i = 0; i < 4; i++) {
        const modinv_int *m = &MODULUS_P.m;
        p[i] = (u64)m->l[i] >> (2 * i) | (u64)m->l[i + 1] << (62 - 2 * i);
    }
#endif
    fe_broadcast(&multiple, p);
    fe_load(r, s, stride);
    fe_from_number(r, r);
    fe_weak(r, r);
    for (int i = 0; i < extra; i++) fe_add(r, r, &multiple);
}

static void store(u64 *d, size_t stride, const fe *a) {
    fe t;
    fe_to_number(&t, a);
    fe_store(d, stride, &t);
}

static void load_ge(ge *r, const u64 *s, int extra) {
    load(&r->x, s, 8, extra);
    load(&r->y, s + 4, 8, extra);
}

static void store_ge(u64 *d, const ge *a) {
    store(d, 8, &a->x);
    store(d + 4, 8, &a->y);
}

#define LOAD_XYZ(r, s, extra) \
    (load(&(r)->x, s, 12, extra), load(&(r)->y, (s) + 4, 12, extra), load(&(r)->z, (s) + 8, 12, extra))
#define STORE_XYZ(d, r) (store(d, 12, &(r)->x), store((d) + 4, 12, &(r)->y), store((d) + 8, 12, &(r)->z))

void native_double(u64 *out, size_t n, const u64 *in, int extra) {
    for (size_t i = 0; i < n; i += LANES) {
        gej r;
        LOAD_XYZ(&r, in + 12 * i, extra);
        gej_double(&r);
        STORE_XYZ(out + 12 * i, &r);
    }
}

void native_add(u64 *out, size_t n, const u64 *p, const u64 *q, int extra, int ways) {
    for (size_t i = 0; i < n; i += (size_t)ways * LANES) {
        gej r[WAYS] = {0};
        ge s[WAYS] = {0};
        FOR_WAYS LOAD_XYZ(&r[w], p + 12 * (i + (size_t)w * LANES), extra);
        FOR_WAYS load_ge(&s[w], q + 8 * (i + (size_t)w * LANES), extra);
        if (ways == WAYS) gej_add_ge(r, s, WAYS);
        else gej_add_ge(r, s, 1);
        FOR_WAYS STORE_XYZ(out + 12 * (i + (size_t)w * LANES), &r[w]);
    }
}

/* holds[i]: the lanes of group i whose point is on the curve; n groups */
void native_curve_holds(u32 *holds, size_t n, const u64 *points, int extra) {
    for (size_t i = 0; i < n; i++) {
        ge p;
        load_ge(&p, points + 8 * LANES * i, extra);
        holds[i] = curve_holds(&p.x, &p.y);
    }
}

/* (2 steps + 1) q, or 2 q where `doubled`, with the Z that they share after so many additions. */
void native_coz(u64 *out, size_t n, const u64 *q, int steps, int doubled) {
    for (size_t i = 0; i < n; i += LANES) {
        ge p, d;
        fe z, h;
        load_ge(&p, q + 8 * i, 0);
        coz_double(&d, &p, &z);
        for (int k = 0; k < steps; k++) {
            coz_add(&p, &d, &h);
            fe_mul(&z, &z, &h);
        }
        store(out + 12 * i, 12, doubled ? &d.x : &p.x);
        store(out + 12 * i + 4, 12, doubled ? &d.y : &p.y);
        store(out + 12 * i + 8, 12, &z);
    }
}

/* which: 0: r = p + q; 1: 2 p; 2: p + p, by the addition, the same object three times */
void native_complete(u64 *out, size_t n, const u64 *p, const u64 *q, int extra, int which) {
    for (size_t i = 0; i < n; i += LANES) {
        gep r, s;
        LOAD_XYZ(&r, p + 12 * i, extra);
        LOAD_XYZ(&s, q + 12 * i, extra);
        if (which == 0) gep_add(&r, &r, &s);
        if (which == 1) gep_double(&r, &r);
        if (which == 2) gep_add(&r, &r, &r);
        STORE_XYZ(out + 12 * i, &r);
    }
}

static slot slots[SLOTS_MAX];

/* Returns the number of slots whose live mask is wrong. */
static int set_slots(size_t n, const u64 *p, const u64 *q, const u32 *p_live, const u32 *q_live, const u8 *doubling,
                     const u32 *group) {
    int wrong = 0;
    for (size_t i = 0; i < n; i++) {
        ge a, b;
        load_ge(&a, p + 8 * LANES * i, 0);
        load_ge(&b, q + 8 * LANES * i, 0);
        if (doubling[i]) slot_set_double(&slots[i], group[i], &a);
        else slot_set_add(&slots[i], group[i], &a, (mask)p_live[i], &b, (mask)q_live[i]);
        if (!doubling[i] && slots[i].live != (p_live[i] | q_live[i])) wrong++;
    }
    return wrong;
}

/* n slots of LANES additions p + q: slot i's masks p_live[i] and q_live[i], doubling[i] for p + p, group[i] < n. out: the
 * sums; exceptional[group]. Returns what set_slots does. */
int native_slots_add(u64 *out, u32 *exceptional, size_t n, const u64 *p, const u64 *q, const u32 *p_live,
                     const u32 *q_live, const u8 *doubling, const u32 *group) {
    static mask marked[SLOTS_MAX];
    const int wrong = set_slots(n, p, q, p_live, q_live, doubling, group);
    for (size_t i = 0; i < n; i++) marked[i] = 0;
    slots_add(slots, n, marked);
    for (size_t i = 0; i < n; i++) {
        store_ge(out + 8 * LANES * i, &slots[i].p);
        exceptional[i] = marked[i];
    }
    return wrong;
}

/* The same without marks; live[i]: lanes in which there is a sum. */
int native_slots_add_all(u64 *out, u32 *live, size_t n, const u64 *p, const u64 *q, const u32 *p_live,
                         const u32 *q_live, const u8 *doubling, const u32 *group) {
    const int wrong = set_slots(n, p, q, p_live, q_live, doubling, group);
    slots_add(slots, n, NULL);
    for (size_t i = 0; i < n; i++) {
        store_ge(out + 8 * LANES * i, &slots[i].p);
        live[i] = slots[i].live;
    }
    return wrong;
}

MACHINE_END
