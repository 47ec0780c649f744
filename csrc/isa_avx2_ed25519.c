/* The avx2 row's edwards25519: 4 lanes by multiply-add of doubles (AVX2, FMA). Reached only through dispatch.c, which asks
 * the CPU first. */
#if defined(__x86_64__)

#include <immintrin.h>

#include "modinv.h"
#include "ops.h"
#include "target.h"

VL_TARGET_BEGIN("avx2,fma,bmi2")

#include "lang.h"
#include "word_u64x4.h"

#define WAYS 2
#define WAYS_ROOT 2
#define GROUPS 64

#include "field/ed25519.h"
#include "field/fe_5x51_madd.inc"

#define VL_INSTANCE vl_ed25519_avx2
#include "ed25519_instance.inc"

VL_TARGET_END

#else
typedef int vl_isa_avx2_ed25519_is_x86_only; /* ISO C wants a declaration */
#endif
