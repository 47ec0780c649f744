/* ECDSA signatures in DER: SEQUENCE { INTEGER r, INTEGER s }, read strictly or as Bitcoin's history needs it. */
#ifndef VL_SCHEME_DER_H
#define VL_SCHEME_DER_H

#include "ops.h"
#include "scheme/column.h"

/* Both return 1, or 0 if the bytes are not such an encoding or r or s is 2^256 or more.
 * On output: r and s are any 256-bit integers; their range is the caller's to check. */

/* BIP 66, "DER encoding reference", on a signature without its sighash byte: minimal lengths, no negative number, no
 * needless leading zero, nothing before or after. */
int vl_der_strict(vl_u256 *r, vl_u256 *s, vl_bytes signature);

/* What Bitcoin Core's ecdsa_signature_parse_der_lax accepts, and with the same r and s: the sequence's length is
 * skipped, lengths may be long, numbers padded with zeros, a number with its top bit set is positive, bytes after s
 * are ignored. */
int vl_der_lax(vl_u256 *r, vl_u256 *s, vl_bytes signature);

#endif
