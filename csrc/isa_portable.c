/* The portable row: 32-bit integers, one lane: the machine that GPUs compile, as plain C. It needs no 128-bit product for
 * its field; scalars and inversions, which never leave the host, are the scalar row's. */
#include "fixed_base.h"
#include "lang.h"
#include "ops.h"

#if defined(__GNUC__) && !defined(__clang__)
/* gcc 12 loses sight of arrays of one element that a loop fills (slots_finish). */
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

#define LIMBS_32
#define WAYS 1
#define GROUPS 64

#include "field/secp256k1.h"
#include "field/fold_secp256k1.inc"
#include "field/fe_8x32.inc"
#include "field/field.h"
#include "scalar/secp256k1.h"
#include "scalar/sc_4x64.inc"

#define VL_INSTANCE vl_secp256k1_portable
#include "secp256k1_instance.inc"
