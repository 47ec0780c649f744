/* What Ed25519 verifiers disagree about, as data. The equation is the same for all: S B = R + k A with
 * k = SHA-512(R || A || M) over the bytes as received, S < L. */
#ifndef VL_SCHEME_ED25519_RULES_H
#define VL_SCHEME_ED25519_RULES_H

#include "ops.h"
#include "verilane.h"

typedef struct {
    uint8_t canonical_key;   /* A's encoding must be the one that RFC 8032 section 5.1.2 gives */
    uint8_t canonical_r;     /* and so must R's */
    uint8_t large_order_key; /* A must not have order 1, 2, 4 or 8 */
    uint8_t large_order_r;
    uint8_t cofactored; /* 8 S B = 8 R + 8 k A is enough; otherwise R's bytes must be those of S B - k A */
} vl_ed25519_rule_row;

/* The row of a rule (enum vl_ed25519_rule), or NULL if there is no such rule. */
const vl_ed25519_rule_row *vl_ed25519_rule_of(int rule);

/* A point's encoding: y in 255 bits and the parity of x. */
typedef struct {
    vl_u256 y;
    uint8_t odd;
} vl_ed25519_encoding;

/* On input: 32 bytes, little-endian. */
void vl_ed25519_parse(vl_ed25519_encoding *e, const uint8_t *bytes);

/* An encoding in four words, and back. */
static inline vl_u256 vl_ed25519_target_of(const vl_ed25519_encoding *e) {
    vl_u256 target = e->y;
    target.w[3] |= (uint64_t)e->odd << 63;
    return target;
}
static inline vl_ed25519_encoding vl_ed25519_encoding_of_target(const vl_u256 *target) {
    vl_ed25519_encoding e = {*target, (uint8_t)(target->w[3] >> 63)};
    e.y.w[3] &= ~(uint64_t)0 >> 1;
    return e;
}

/* Whether p is an encoding of the point (x, y) = p, the canonical one. */
int vl_ed25519_is_encoding_of(const vl_ed25519_encoding *e, const vl_point *p);

/* Whether p is the point that e encodes, canonically or not, and on the curve: the host's own check of whoever decoded it. */
int vl_ed25519_decodes_to(const vl_ed25519_encoding *e, const vl_point *p);

/* y < p, and no sign on x = 0. Both say nothing about whether there is such a point. */
int vl_ed25519_is_canonical(const vl_ed25519_encoding *e);

/* Whether it encodes, canonically or not, one of the eight points whose order divides 8. */
int vl_ed25519_is_small_order(const vl_ed25519_encoding *e);

#endif
