/* A curve's GPU kernels as plain C, one thread after the other: -DENTRY_SECP256K1 and so on, for tests/curve_machines.py. */
#define PRODUCT_CALLS /* compiled in a tenth of the time */
#include "lang.h"

static u32 lane_id;
#define LANE_ID() lane_id

#if defined(ENTRY_SECP256K1)
#include "secp256k1.cl"
#elif defined(ENTRY_P256)
#include "p256.cl"
#elif defined(ENTRY_SM2)
#include "sm2.cl"
#elif defined(ENTRY_ED25519)
#include "ed25519.cl"
#endif

/* native_<kernel>(n, ..): all threads of a kernel over n items, and one that has none. */
#define THREADS(kernel, parameters, arguments) \
    void native_##kernel parameters { \
        for (lane_id = 0; lane_id <= n; lane_id++) kernel arguments; \
    }

THREADS(invert, (u32 n, u32 *inverse, const u32 *z, u32 stride, u32 at, u32 items), (inverse, z, stride, at, items, n))
THREADS(recode, (u32 n, u32 *digits, const u32 *u, const u32 *v), (digits, u, v, n))
#if defined(ENTRY_ED25519)
THREADS(multiples, (u32 n, u32 *table, const u32 *a), (table, a, n))
THREADS(windows, (u32 n, u32 *sum, const u32 *digits, const u32 *table), (sum, digits, table, n))
THREADS(base, (u32 n, u32 *sum, const u32 *digits, const u32 *fixed_base), (sum, digits, fixed_base, n))
THREADS(affine, (u32 n, u32 *r, const u32 *sum, const u32 *inverse), (r, sum, inverse, n))
#else
THREADS(multiples, (u32 n, u32 *table, u32 *z, const u32 *q), (table, z, q, n))
THREADS(table, (u32 n, u32 *entries, u32 *z), (entries, z, n))
THREADS(windows, (u32 n, u32 *sum, const u32 *digits, const u32 *table, const u32 *z), (sum, digits, table, z, n))
THREADS(base, (u32 n, u32 *sum, const u32 *digits, const u32 *fixed_base), (sum, digits, fixed_base, n))
THREADS(affine, (u32 n, u32 *r, u8 *exceptional, const u32 *sum, const u32 *inverse), (r, exceptional, sum, inverse, n))
#endif
THREADS(decompress, (u32 n, u32 *out, u8 *ok, const u32 *in, const u8 *odd), (out, ok, in, odd, n))
