/* Multi-scalar sums on y^2 = x^3 + A x + B (kernels/msm/weierstrass.inc) on any machine, for tests/test_msm_weierstrass.py.
 * Few lists are summed at once, so that several rounds meet. */
#include "modinv.h"

#include "machine.h"

#ifdef MACHINE_TINY
#define CURVE_HALVES 1
#endif
#include "inverse.h"

#include "group/weierstrass.inc"
#include "group/weierstrass_complete.inc"
#include "scalar/windows.inc"
#include "slots.inc"
#if CURVE_HALVES == 2
#include "scalar/glv_secp256k1.inc"
#endif

#define MSM_WIDTH 8
#define MSM_TERMS 2048
#define MSM_RANGES 6
#define MSM_WINDOWS 64
#define MSM_BUCKETS 171
#define MSM_LISTS 4096
#define MSM_ENTRIES (32 * MSM_TERMS)
#define MSM_SLOTS (64 / LANES)
#define MSM_SPLIT 512
#include "msm/weierstrass.inc"

static msm_scratch scratch __attribute__((aligned(64)));

int native_lanes(void) { return LANES; }

void native_open(u32 width) { msm_open(&scratch, width); }

void native_add(const u64 *points, const u64 *scalars, u32 length, u32 n, u32 bits, u32 centred) {
    msm_add(&scratch, points, scalars, length, n, bits, centred);
}

/* totals: LANES times X, Y, Z, Z */
u32 native_sum(u64 *totals) { return msm_sum((u64(*)[MSM_TOTAL])totals, &scratch); }

#if LANES == 1
int native_join(u64 *point, const u64 *totals, u32 count, u32 doublings) {
    return msm_join(point, (const u64(*)[MSM_TOTAL])totals, count, doublings);
}
#endif

MACHINE_END
