/* secp256k1's kernels: see weierstrass_kernels.inc. */
#include "lang.h"

#define WAYS 1
#define FE_MONTGOMERY 0
#define LIMBS_32

#include "field/secp256k1.h"
#include "field/fold_secp256k1.inc"
#include "field/fe_8x32.inc"
#include "field/field.h"
#include "field/root_secp256k1.inc"
#include "scalar/secp256k1.h"
#include "scalar/glv_secp256k1.inc"

#include "weierstrass_kernels.inc"
