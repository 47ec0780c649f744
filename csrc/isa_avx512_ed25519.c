/* The avx512 row's edwards25519: 8 lanes by 52-bit multiply-add (AVX-512 IFMA). Reached only through dispatch.c, which asks
 * the CPU first. */
#if defined(__x86_64__)

#include <immintrin.h>

#include "modinv.h"
#include "ops.h"
#include "target.h"

VL_TARGET_BEGIN("avx512f,avx512bw,avx512dq,avx512vl,avx512ifma,avx512vbmi2,bmi2")

#include "lang.h"
#include "word_u64x8.h"

#define WAYS 2
#define WAYS_ROOT 2
#define GROUPS 64

#include "field/ed25519.h"
#include "field/fe_5x51_madd.inc"

#define VL_INSTANCE vl_ed25519_avx512
#include "ed25519_instance.inc"

VL_TARGET_END

#else
typedef int vl_isa_avx512_ed25519_is_x86_only; /* ISO C wants a declaration */
#endif
