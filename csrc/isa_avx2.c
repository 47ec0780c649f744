/* The avx2 row: 4 signature lanes by multiply-add of doubles (AVX2, FMA). Reached only through dispatch.c, which asks
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
#define GROUPS 16

#include "field/secp256k1.h"
#include "field/fe_5x52_madd.inc"
#include "field/field.h"
#include "scalar/secp256k1.h"
#include "scalar/sc_5x52.inc"

#define VL_INSTANCE vl_secp256k1_avx2
#include "secp256k1_instance.inc"

VL_TARGET_END

#else
typedef int vl_isa_avx2_is_x86_only; /* ISO C wants a declaration */
#endif
