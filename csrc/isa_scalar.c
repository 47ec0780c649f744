/* The scalar row: 64-bit integers with a 128-bit product, one lane. Works on every 64-bit machine, and holds what there is
 * one of: the table of G, the exact path and the host's own check of keys. */
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

#include "field/secp256k1.h"
#include "field/fe_5x52_int128.inc"
#include "field/field.h"
#include "scalar/secp256k1.h"
#include "scalar/sc_4x64.inc"

#define VL_INSTANCE vl_secp256k1_scalar
#include "secp256k1_instance.inc"

#include "curve_scalar.inc"
