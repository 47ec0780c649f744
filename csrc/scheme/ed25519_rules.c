#include "scheme/ed25519_rules.h"

#include "scheme/ed25519_scalar.h"
#include "scheme/u256.h"

static const vl_ed25519_rule_row rules[] = {
    /* ZIP 215, "Specification": any encoding that decodes, cofactored equation */
    [VL_ED25519_ZIP215] = {.cofactored = 1},
    /* RFC 8032 section 5.1.7 with the decoding of section 5.1.3, and the equation that its step 3 calls sufficient */
    [VL_ED25519_RFC8032] = {.canonical_key = 1, .canonical_r = 1},
    /* OpenSSL's ossl_ed25519_verify and Go's crypto/ed25519 */
    [VL_ED25519_OPENSSL] = {.cofactored = 0},
    /* ed25519-dalek's verify_strict */
    [VL_ED25519_STRICT] = {.large_order_key = 1, .large_order_r = 1},
};

const vl_ed25519_rule_row *vl_ed25519_rule_of(int rule) {
    return rule >= 0 && (size_t)rule < sizeof rules / sizeof rules[0] ? &rules[rule] : NULL;
}

/* p = 2^255 - 19 */
static const vl_u256 prime = {{0xffffffffffffffed, 0xffffffffffffffff, 0xffffffffffffffff, 0x7fffffffffffffff}};
static const vl_u256 minus_1 = {{0xffffffffffffffec, 0xffffffffffffffff, 0xffffffffffffffff, 0x7fffffffffffffff}};
static const vl_u256 zero = {{0, 0, 0, 0}}, one = {{1, 0, 0, 0}};

/* y of the four points of order 8 (roots of d y^4 + 2 y^2 - 1): this one and its negative */
static const vl_u256 order_8[2] = {
    {{0xb027b2c28f95e826, 0xf098eff289f4c345, 0x3933c6d305acdfd5, 0x05fc536d880238b1}},
    {{0x4fd84d3d706a17c7, 0x0f67100d760b3cba, 0xc6cc392cfa53202a, 0x7a03ac9277fdc74e}},
};

void vl_ed25519_parse(vl_ed25519_encoding *e, const uint8_t *bytes) {
    u256_from_little_endian(&e->y, bytes);
    e->odd = (uint8_t)(e->y.w[3] >> 63);
    e->y.w[3] &= UINT64_MAX >> 1;
}

int vl_ed25519_is_encoding_of(const vl_ed25519_encoding *e, const vl_point *p) {
    return u256_equal(&e->y, &p->y) && e->odd == (p->x.w[0] & 1);
}

/* x = 0 exactly for y = 1 and y = -1. */
int vl_ed25519_is_canonical(const vl_ed25519_encoding *e) {
    if (!u256_less(&e->y, &prime)) return 0;
    return !(e->odd && (u256_equal(&e->y, &one) || u256_equal(&e->y, &minus_1)));
}

static vl_u256 y_mod_p(const vl_ed25519_encoding *e) {
    vl_u256 y = e->y;
    if (!u256_less(&y, &prime)) u256_sub(&y, &y, &prime);
    return y;
}

int vl_ed25519_decodes_to(const vl_ed25519_encoding *e, const vl_point *p) {
    vl_u256 y = y_mod_p(e);
    return u256_equal(&y, &p->y) && (e->odd == (p->x.w[0] & 1) || u256_is_zero(&p->x)) && vl_ed25519_on_curve(p);
}

/* (0, 1), (0, -1), (+-sqrt(-1), 0), (.., +-order_8) */
int vl_ed25519_is_small_order(const vl_ed25519_encoding *e) {
    vl_u256 y = y_mod_p(e);
    return u256_equal(&y, &zero) || u256_equal(&y, &one) || u256_equal(&y, &minus_1) || u256_equal(&y, &order_8[0]) ||
           u256_equal(&y, &order_8[1]);
}
