/* The avx512 row of P-256: as isa_avx512.c. */
#if defined(__x86_64__)

#include <immintrin.h>

#include "modinv.h"
#include "ops.h"
#include "target.h"

VL_TARGET_BEGIN("avx512f,avx512bw,avx512dq,avx512vl,avx512ifma,avx512vbmi2,bmi2")

#include "lang.h"
#include "word_u64x8.h"

#define WAYS 2
#define GROUPS 8

#include "field/p256.h"
#include "field/fe_5x52_madd.inc"
#include "field/field.h"
#include "scalar/p256.h"
#include "scalar/sc_5x52.inc"

#define VL_INSTANCE vl_p256_avx512
#include "p256_instance.inc"

VL_TARGET_END

#else
typedef int vl_isa_avx512_p256_is_x86_only; /* ISO C wants a declaration */
#endif
