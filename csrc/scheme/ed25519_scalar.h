/* Numbers modulo L = 2^252 + 27742317777372353535851937790883648493, the order of B (RFC 8032 section 5.1). */
#ifndef VL_SCHEME_ED25519_SCALAR_H
#define VL_SCHEME_ED25519_SCALAR_H

#include "ops.h"
#include "scheme/coefficients.h"

/* L */
extern const vl_u256 vl_ed25519_order;

/* On input: 32 bytes, little-endian. */
void u256_from_little_endian(vl_u256 *a, const uint8_t *bytes);

/* 1 and *s, or 0 if the 32 bytes, little-endian, are L or more (RFC 8032 section 5.1.7, step 1). */
int vl_ed25519_parse_scalar(vl_u256 *s, const uint8_t *bytes);

/* k = the 64 bytes, little-endian, mod L. */
void vl_ed25519_reduce(vl_u256 *k, const uint8_t *digest);

/* r = z k mod L. On input: k < 2^253. */
void vl_ed25519_times_coefficient(vl_u256 *r, vl_coefficient z, const vl_u256 *k);

/* r = -(z[0] s[0] + .. + z[n - 1] s[n - 1]) mod L. On input: s[i] < 2^253. */
void vl_ed25519_minus_products(vl_u256 *r, size_t n, const vl_coefficient *z, const vl_u256 *s);

#endif
