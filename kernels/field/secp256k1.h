/* secp256k1's base field, p = 2^256 - 2^32 - 977 (SEC 2 v2.0 section 2.4.1), and the constants of its curve
 * y^2 = x^3 + 7, as 64-bit words; every machine converts them to its own limbs. */
#ifndef VL_FIELD_SECP256K1_H
#define VL_FIELD_SECP256K1_H

#define FE_FOLD 0x1000003D1ULL /* 2^256 mod p */
#define CURVE_B 7

/* G, SEC 2 section 2.4.1 */
CONST u64 CURVE_G[8] = {0x59F2815B16F81798, 0x029BFCDB2DCE28D9, 0x55A06295CE870B07, 0x79BE667EF9DCBBAC,
                        0x9C47D08FFB10D4B8, 0xFD17B448A6855419, 0x5DA4FBFC0E1108A8, 0x483ADA7726A3C465};

/* beta^3 = 1: (x, y) -> (beta x, y) multiplies by lambda (scalar/glv.inc) */
CONST u64 CURVE_BETA[4] = {0xC1396C28719501EE, 0x9CF0497512F58995, 0x6E64479EAC3434E9, 0x7AE96A2B657C0710};

#endif
