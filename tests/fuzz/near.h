/* What near-valid signatures over curves of prime order are made of: points of known logarithm, keys in every form, numbers
 * beside the edges of their ranges, DER with faults. */
#ifndef FUZZ_NEAR_H
#define FUZZ_NEAR_H

#include "fuzz.h"
#include "number.h"
#include "scheme/curve.h"

/* k and k G = (x, y), big-endian; made by generate.py. */
typedef struct {
    uint8_t k[32], x[32], y[32];
} known_point;

typedef struct {
    const vl_curve *curve;
    const known_point *point;
    size_t n;
} known_curve;

/* By enum vl_scheme: secp256k1, P-256, SM2. */
extern const known_curve known_curves[3];

const known_point *known_pick(const known_curve *known, fuzz_random *random);

/* Any integer below m, small, large and plain ones. */
vl_u256 near_scalar(vl_u256 m, fuzz_random *random);

/* The key of a point, compressed, uncompressed, raw or hybrid; now and then with the other parity, or with p added to x. */
void near_key(fuzz_bytes *key, const known_point *point, const vl_curve *curve, fuzz_random *random);

/* Other key, same bytes: another form, -Q, x + p, another prefix. */
void near_other_key(fuzz_bytes *key, const vl_curve *curve, fuzz_random *random);

/* x changed into m - x, x + m, x - 1, x + 1 mod 2^256, or an edge of [0, m]. */
vl_u256 near_number(vl_u256 x, vl_u256 m, fuzz_random *random);

/* r || s. */
void near_compact(fuzz_bytes *signature, vl_u256 r, vl_u256 s);
/* As DER: most of the time as it must be, else with one fault. */
void near_der(fuzz_bytes *signature, vl_u256 r, vl_u256 s, fuzz_random *random);

/* r and s of either; 0 if there are none. */
int near_read(vl_u256 *r, vl_u256 *s, const fuzz_bytes *signature, int der);

#endif
