/* ECDSA signatures: bytes to (r, s), range and policy. */
#ifndef VL_SCHEME_SIGNATURE_H
#define VL_SCHEME_SIGNATURE_H

#include "ops.h"
#include "scheme/column.h"
#include "scheme/curve.h"

/* Both return 1, or 0 when the signature is VL_BAD_SIGNATURE.
 * On output: 1 <= r, s < n; s <= n/2 if flags hold VL_LOW_S. */

/* encoding: VL_COMPACT, VL_DER or VL_DER_LAX. */
int vl_parse_signature(vl_u256 *r, vl_u256 *s, vl_bytes signature, int encoding, unsigned flags, const vl_curve *curve);

/* r || s || id. On output also the compressed R: x = r or r + n, below p, and the parity of its y. */
int vl_parse_recoverable(vl_u256 *r, vl_u256 *s, vl_u256 *x, uint8_t *odd, vl_bytes signature, unsigned flags,
                         const vl_curve *curve);

/* e = the digest as an integer, reduced mod n (SEC 1 v2.0 section 4.1.4 step 3). 0 when it is not 32 bytes long. */
int vl_parse_digest(vl_u256 *e, vl_bytes digest, const vl_curve *curve);

#endif
