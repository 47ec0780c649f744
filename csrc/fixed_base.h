/* The tables of multiples of each curve's G (kernels/fixed_base.inc), shared by every instruction set. */
#ifndef VL_FIXED_BASE_H
#define VL_FIXED_BASE_H

#include <stdint.h>

/* Built at the first call (some milliseconds, 1.5 MB each); thread-safe. */
const uint64_t *vl_secp256k1_fixed_base(void);
const uint64_t *vl_p256_fixed_base(void);
const uint64_t *vl_sm2_fixed_base(void);

/* The same of edwards25519's B (kernels/fixed_base_edwards.inc, 3.1 MB). */
const uint64_t *vl_ed25519_fixed_base(void);

#endif
