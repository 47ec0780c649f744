#include "scheme/keys.h"

#include <string.h>

#include "scheme/u256.h"

static int parse_coordinate(vl_u256 *a, const uint8_t *bytes, const vl_curve *curve) {
    u256_from_bytes(a, bytes);
    return u256_less(a, &curve->p);
}

static vl_point_form parse_pair(vl_point *q, const uint8_t *bytes, const vl_curve *curve) {
    int both = parse_coordinate(&q->x, bytes, curve) && parse_coordinate(&q->y, bytes + 32, curve);
    return both ? VL_POINT_XY : VL_POINT_NONE;
}

/* 02 || x or 03 || x */
static vl_point_form parse_compressed(vl_point *q, uint8_t *odd, const uint8_t *key, const vl_curve *curve) {
    if (key[0] != 0x02 && key[0] != 0x03) return VL_POINT_NONE;
    *odd = key[0] & 1;
    return parse_coordinate(&q->x, key + 1, curve) ? VL_POINT_X : VL_POINT_NONE;
}

/* 04 || x || y, or hybrid: 06 or 07, whose low bit must be y's (ANSI X9.62 section 4.3.6) */
static vl_point_form parse_uncompressed(vl_point *q, const uint8_t *bytes, unsigned flags, const vl_curve *curve) {
    uint8_t key[65]; /* the caller may change its bytes while they are read: what is checked is what is used */
    memcpy(key, bytes, sizeof key);
    int hybrid = (flags & VL_HYBRID_KEYS) && (key[0] == 0x06 || key[0] == 0x07);
    if (key[0] != 0x04 && !hybrid) return VL_POINT_NONE;
    vl_point_form form = parse_pair(q, key + 1, curve);
    if (hybrid && (key[0] & 1) != (key[64] & 1)) return VL_POINT_NONE;
    return form;
}

vl_point_form vl_parse_key(vl_point *q, uint8_t *odd, vl_bytes key, unsigned flags, const vl_curve *curve) {
    if ((flags & VL_COMPRESSED_KEYS && key.length != 33) || (flags & VL_SEC1_KEYS && key.length == 64))
        return VL_POINT_NONE;
    switch (key.length) {
    case 33:
        return parse_compressed(q, odd, key.data, curve);
    case 64:
        return parse_pair(q, key.data, curve);
    case 65:
        return parse_uncompressed(q, key.data, flags, curve);
    default:
        return VL_POINT_NONE;
    }
}

vl_point_form vl_secp256k1_parse_xonly_key(vl_point *q, uint8_t *odd, vl_bytes key, unsigned flags) {
    *odd = 0;
    if (flags & VL_PREPARED_KEYS) {
        if (key.length != 64 || (key.data[63] & 1)) return VL_POINT_NONE;
        return parse_pair(q, key.data, &vl_curve_secp256k1);
    }
    return key.length == 32 && parse_coordinate(&q->x, key.data, &vl_curve_secp256k1) ? VL_POINT_X : VL_POINT_NONE;
}
