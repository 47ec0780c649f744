/* secp256k1's base field, p = 2^256 - 2^32 - 977 (SEC 2 v2.0 section 2.4.1), and the constants of its curve
 * y^2 = x^3 + 7, as 64-bit words; every machine converts them to its own limbs. */
#ifndef VL_FIELD_SECP256K1_H
#define VL_FIELD_SECP256K1_H

#ifndef FE_MONTGOMERY
#define FE_MONTGOMERY 0
#endif
#define FE_FOLD 0x1000003D1ULL /* 2^256 mod p */

/* p in 52-bit limbs */
#define FE_P0 0xFFFFEFFFFFC2FULL
#define FE_P1 0xFFFFFFFFFFFFFULL
#define FE_P2 0xFFFFFFFFFFFFFULL
#define FE_P3 0xFFFFFFFFFFFFFULL
#define FE_P4 0xFFFFFFFFFFFFULL

/* d += top 2^256 mod p, for top < 2^18 */
#define FE_FOLD_SMALL(d, top) ((d)[0] = w_add((d)[0], w_mul_small(top, FE_FOLD)))

/* A multiple of p in ten columns, nine of them near 2^58: 2^58 sum_{k<9} 2^(52 k) + 2^48 2^468, less its residue mod p
 * (tests/test_field_bounds.py checks it). */
#define FE_BIAS_COLUMNS_OF_P \
    {0x3ff81dfff07b1f0, 0x3fffbffffefbbc0, 0x3fffbfffff0bbc0, 0x3fffbfffff0bbc0, 0x3fffbfffff0bbc0, \
     0x400000000000000, 0x400000000000000, 0x400000000000000, 0x400000000000000, 0x001000000000000}

#define CURVE_A_IS_MINUS_3 0
#define CURVE_HALVES 2 /* scalars split in two: scalar/glv_secp256k1.inc */

/* b and 3 b */
CONST u64 CURVE_B_FORM[4] = {7, 0, 0, 0};
CONST u64 CURVE_3B_FORM[4] = {21, 0, 0, 0};

/* G, SEC 2 section 2.4.1 */
#define CURVE_G_X 0x59F2815B16F81798, 0x029BFCDB2DCE28D9, 0x55A06295CE870B07, 0x79BE667EF9DCBBAC
#define CURVE_G_Y 0x9C47D08FFB10D4B8, 0xFD17B448A6855419, 0x5DA4FBFC0E1108A8, 0x483ADA7726A3C465
CONST u64 CURVE_G[8] = {CURVE_G_X, CURVE_G_Y};

/* beta^3 = 1: (x, y) -> (beta x, y) multiplies by lambda (scalar/glv.inc) */
CONST u64 CURVE_BETA[4] = {0xC1396C28719501EE, 0x9CF0497512F58995, 0x6E64479EAC3434E9, 0x7AE96A2B657C0710};

#endif
