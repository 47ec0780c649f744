/* Public keys: bytes to coordinates (SEC 1 v2.0 section 2.3.4). */
#ifndef VL_SCHEME_KEYS_H
#define VL_SCHEME_KEYS_H

#include "ops.h"
#include "scheme/column.h"
#include "scheme/curve.h"

/* How keys of ECDSA may be written. */
#define VL_KEY_FORMS (VL_HYBRID_KEYS | VL_SEC1_KEYS | VL_COMPRESSED_KEYS)

/* How much of a point is known. */
typedef enum {
    VL_POINT_NONE = 0, /* no point: the item is faulty */
    VL_POINT_X = 1,    /* x and the parity of y; there may be no such point */
    VL_POINT_XY = 2    /* x and y; they may not be on the curve */
} vl_point_form;

/* On output: the coordinates that the form names are below p; *odd is the parity of y (VL_POINT_X only).
 * flags: VL_HYBRID_KEYS also admits 06 || x || y (y even) and 07 || x || y (y odd); VL_SEC1_KEYS does not admit x || y
 * without a byte before, VL_COMPRESSED_KEYS nothing but 33 bytes. */
vl_point_form vl_parse_key(vl_point *q, uint8_t *odd, vl_bytes key, unsigned flags, const vl_curve *curve);

/* BIP-340's keys: 32 bytes, x, with y even; or x || y with y even where flags hold VL_PREPARED_KEYS. */
vl_point_form vl_secp256k1_parse_xonly_key(vl_point *q, uint8_t *odd, vl_bytes key, unsigned flags);

#endif
