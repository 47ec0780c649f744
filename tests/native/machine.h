/* One field machine, chosen by the compiler's command line (-DMACHINE_8X32 and so on), for the files beside this one.
 * They end with MACHINE_END. The field is secp256k1's, or with -DCURVE_P256 P-256's, -DCURVE_SM2 SM2's; -DTINY_MINUS_3 gives the tiny curves
 * a = -3.
 *
 * With -DVERIFY a broken bound is counted and named instead of ending the process, so that a test can ask about it. */
#include <string.h>

#if defined(MACHINE_8X32)
#define PRODUCT_CALLS /* compiled in a tenth of the time */
#if defined(__GNUC__) && !defined(__clang__)
/* gcc 12 loses sight of arrays that a loop fills (slots_finish). */
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#endif
#include "lang.h"

static int broken_count;
static const char *broken_text = "";

#ifdef VERIFY
#undef VERIFY_CHECK
#define VERIFY_CHECK(condition) \
    do { \
        if (!(condition)) broken_count++, broken_text = __FILE__ ": " #condition; \
    } while (0)
#endif

/* The bounds broken since the last call. */
int native_broken(const char **text) {
    int count = broken_count;
    *text = broken_text;
    broken_count = 0;
    broken_text = "";
    return count;
}

#define WAYS 2
#define MACHINE_END

#if defined(MACHINE_8X32)
#define FE_MONTGOMERY 0
#endif

#if defined(MACHINE_TINY)
/* Any small field and curve, chosen at run time. */
static u32 tiny_p = 13;
static u64 tiny_b[4], tiny_3b[4];
void native_tiny(u32 p, u32 b) { tiny_p = p, tiny_b[0] = b, tiny_3b[0] = 3 * b; }
#define FE_TINY_P tiny_p
#define FE_MONTGOMERY 0
#define CURVE_B_FORM tiny_b
#define CURVE_3B_FORM tiny_3b
#ifdef TINY_MINUS_3
#define CURVE_A_IS_MINUS_3 1
#else
#define CURVE_A_IS_MINUS_3 0
#endif
#include "field/fe_tiny.inc"
#elif defined(MACHINE_5X51_INT128) || defined(MACHINE_5X51_EMULATED) || defined(MACHINE_5X51_MADD)
#include "field/ed25519.h"
#elif defined(CURVE_25519)
#include "field/ed25519.h"
#elif defined(CURVE_SM2)
#include "field/sm2.h"
#include "scalar/sm2.h"
#define MODULUS_P VL_SM2_P
#define MODULUS_N VL_SM2_N
#elif defined(CURVE_P256)
#include "field/p256.h"
#include "scalar/p256.h"
#define MODULUS_P VL_P256_P
#define MODULUS_N VL_P256_N
#else
#include "field/secp256k1.h"
#include "scalar/secp256k1.h"
#define MODULUS_P VL_SECP256K1_P
#define MODULUS_N VL_SECP256K1_N
#endif

#if defined(MACHINE_8X32)
#if defined(CURVE_25519)
#include "field/fold_25519.inc"
#elif defined(CURVE_SM2)
#include "field/fold_sm2.inc"
#elif defined(CURVE_P256)
#include "field/fold_p256.inc"
#else
#include "field/fold_secp256k1.inc"
#endif
#include "field/fe_8x32.inc"
#elif defined(MACHINE_5X52_INT128)
#include "field/fe_5x52_int128.inc"
#elif defined(MACHINE_5X52_EMULATED)
#define MACHINE_LANES
#include "word_emulated.h"
#include "field/fe_5x52_madd.inc"
#elif defined(MACHINE_5X52_MADD)
#define MACHINE_LANES
#include <immintrin.h>
#include "target.h"
#undef MACHINE_END
#define MACHINE_END VL_TARGET_END
VL_TARGET_BEGIN("avx512f,avx512bw,avx512dq,avx512vl,avx512ifma,avx512vbmi2,bmi2")
#include "word_u64x8.h"
#include "field/fe_5x52_madd.inc"
#elif defined(MACHINE_5X52_AVX2)
#define MACHINE_LANES
#include <immintrin.h>
#include "target.h"
#undef MACHINE_END
#define MACHINE_END VL_TARGET_END
VL_TARGET_BEGIN("avx2,fma,bmi2")
#include "word_u64x4.h"
#include "field/fe_5x52_madd.inc"
#elif defined(MACHINE_5X51_INT128)
#include "field/fe_5x51_int128.inc"
#elif defined(MACHINE_5X51_EMULATED)
#define MACHINE_LANES
#include "word_emulated.h"
#include "field/fe_5x51_madd.inc"
#elif defined(MACHINE_5X51_MADD)
#define MACHINE_LANES
#include <immintrin.h>
#include "target.h"
#undef MACHINE_END
#define MACHINE_END VL_TARGET_END
VL_TARGET_BEGIN("avx512f,avx512bw,avx512dq,avx512vl,avx512ifma,avx512vbmi2,bmi2")
#include "word_u64x8.h"
#include "field/fe_5x51_madd.inc"
#endif

#include "field/field.h"
