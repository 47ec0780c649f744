/* Numbers modulo the order n of secp256k1's group, for its batch equation. */
#ifndef VL_SCHEME_SECP256K1_SCALAR_H
#define VL_SCHEME_SECP256K1_SCALAR_H

#include "ops.h"
#include "scheme/coefficients.h"

/* r = z k mod n, for any k. */
void vl_secp256k1_times_coefficient(vl_u256 *r, vl_coefficient z, const vl_u256 *k);

/* r = z[0] s[0] + .. + z[n - 1] s[n - 1] mod the order, for any s. */
void vl_secp256k1_products(vl_u256 *r, size_t n, const vl_coefficient *z, const vl_u256 *s);

#endif
