/* The shared inversion of a machine's lanes, for the tests of points. Included after modinv.h and the machine. */
#ifdef MACHINE_TINY
static void invert_one(u64 r[4], const u64 a[4]) {
    u64 x = 1;
    while (x < tiny_p && a[0] * x % tiny_p != 1) x++;
    r[0] = x, r[1] = r[2] = r[3] = 0;
}
#else
#define invert_one(r, a) vl_modinv(r, a, &MODULUS_P)
#endif

#define LANE_ELEMENT fe
#define LANE_NAME(name) fe_##name
#define LANE_INVERT_ONE(r, a) invert_one(r, a)
#if FE_MONTGOMERY
#define LANE_R3 FE_R3
#endif
#include "lane_inverse.inc"
