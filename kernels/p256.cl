/* P-256's kernels: see weierstrass_kernels.inc. */
#include "lang.h"

#define WAYS 1
#define FE_MONTGOMERY 0
#define LIMBS_32

#include "field/p256.h"
#include "field/fold_p256.inc"
#include "field/fe_8x32.inc"
#include "field/field.h"
#include "field/root_p256.inc"
#include "scalar/p256.h"

#include "weierstrass_kernels.inc"
