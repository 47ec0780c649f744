/* SM2's kernels: see weierstrass_kernels.inc. */
#include "lang.h"

#define WAYS 1
#define FE_MONTGOMERY 0
#define LIMBS_32

#include "field/sm2.h"
#include "field/fold_sm2.inc"
#include "field/fe_8x32.inc"
#include "field/field.h"
#include "field/root_sm2.inc"
#include "scalar/sm2.h"

#include "weierstrass_kernels.inc"
