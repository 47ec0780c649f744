/* The scalar row of P-256: as isa_scalar.c. */
#include <pthread.h>

#include "fixed_base.h"
#include "lang.h"
#include "ops.h"

#if defined(__GNUC__) && !defined(__clang__)
/* gcc 12 vectorizes the five-limb loops into code that is 8 % slower. */
#pragma GCC optimize("no-tree-vectorize")
#endif

#define WAYS 1
#define GROUPS 64

#include "field/p256.h"
#include "field/fe_5x52_int128.inc"
#include "field/field.h"
#include "scalar/p256.h"
#include "scalar/sc_4x64.inc"

#define VL_INSTANCE vl_p256_scalar
#include "p256_instance.inc"

#include "curve_scalar.inc"
