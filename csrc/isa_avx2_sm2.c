/* The avx2 row of SM2: as isa_avx2.c. */
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

#include "field/sm2.h"
#include "field/fe_5x52_madd.inc"
#include "field/field.h"
#include "scalar/sm2.h"
#include "scalar/sc_5x52.inc"

#define VL_INSTANCE vl_sm2_avx2
#include "sm2_instance.inc"

VL_TARGET_END

#else
typedef int vl_isa_avx2_sm2_is_x86_only; /* ISO C wants a declaration */
#endif
