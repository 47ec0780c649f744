/* secp256k1's two moduli as the host's rules need them (SEC 2 v2.0 section 2.4.1). */
#ifndef VL_SCHEME_SECP256K1_H
#define VL_SCHEME_SECP256K1_H

#include "ops.h"

/* Field prime p = 2^256 - 2^32 - 977. */
static const vl_u256 secp256k1_p = {{0xfffffffefffffc2f, 0xffffffffffffffff, 0xffffffffffffffff, 0xffffffffffffffff}};

/* Group order n; n < p < 2n, and 2^256 < 2n. */
static const vl_u256 secp256k1_n = {{0xbfd25e8cd0364141, 0xbaaedce6af48a03b, 0xfffffffffffffffe, 0xffffffffffffffff}};

/* (n - 1) / 2, the largest low s. */
static const vl_u256 secp256k1_n_half = {
    {0xdfe92f46681b20a0, 0x5d576e7357a4501d, 0xffffffffffffffff, 0x7fffffffffffffff}};

/* p - n: r + n is a field element exactly when r is below this. */
static const vl_u256 secp256k1_p_minus_n = {
    {0x402da1722fc9baee, 0x4551231950b75fc4, 0x0000000000000001, 0x0000000000000000}};

#endif
