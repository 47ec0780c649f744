/* P-256's base field, p = 2^256 - 2^224 + 2^192 + 2^96 - 1 (SEC 2 v2.0 section 2.4.2, FIPS 186-5), and the constants of its
 * curve y^2 = x^3 - 3 x + b. Words are 64 bits, limbs 52 bits, least significant first. Elements are in Montgomery's form:
 * a stands for a / R, R = 2^260. tests/test_field_bounds.py recomputes all. */
#ifndef VL_FIELD_P256_H
#define VL_FIELD_P256_H

/* A machine whose elements are plain numbers defines this as 0 before. */
#ifndef FE_MONTGOMERY
#define FE_MONTGOMERY 1
#endif

/* p and p + 1 in limbs */
#define FE_P0 0xFFFFFFFFFFFFFULL
#define FE_P1 0x00FFFFFFFFFFFULL
#define FE_P2 0ULL
#define FE_P3 0x0001000000000ULL
#define FE_P4 0xFFFFFFFF0000ULL
#define FE_P_PLUS_1_LESS_2_104 0 /* (SM2 has 1) */
#define FE_P_PLUS_1_SHIFT_1 44   /* limb 1 is 2^44, a shift; 0 where it is no power of 2 */
CONST u64 FE_P_PLUS_1[5] = {0, 1ULL << 44, 0, 1ULL << 36, 0xFFFFFFFF0000};

/* 2^256 = 2^224 - 2^192 - 2^96 + 1 mod p, on columns of words and of 128 bits */
#define FE_FOLD_SMALL(d, top) \
    ((d)[0] = w_add((d)[0], top), (d)[1] = w_sub((d)[1], w_shl(top, 44)), (d)[3] = w_sub((d)[3], w_shl(top, 36)), \
     (d)[4] = w_add((d)[4], w_shl(top, 16)))
#define FE_FOLD_WIDE(d, top) \
    ((d)[0] += (top), (d)[1] -= (u128)(top) << 44, (d)[3] -= (u128)(top) << 36, (d)[4] += (u128)(top) << 16)

/* R and R^2 mod p, and R^3 for inversions, as words */
CONST u64 FE_R[4] = {0x0000000000000010, 0xFFFFFFF000000000, 0xFFFFFFFFFFFFFFFF, 0x0000000FFFFFFFEF};
CONST u64 FE_R2[4] = {0x0000000000000300, 0xFFFFFBFFFFFFFF00, 0xFFFFFFFFFFFFFEFF, 0x000004FFFFFFFDFF};
CONST u64 FE_R3[4] = {0xFFFFD0000000A000, 0xFFFEDFFFFFFF7FFF, 0x00005FFFFFFFCFFF, 0x0001800000001000};

/* A multiple of p in ten columns, nine of them near 2^58: 2^58 sum_{k<9} 2^(52 k) + 2^48 2^468, less its residue mod p */
#define FE_BIAS_COLUMNS_OF_P \
    {0x3f0003fc403fc11, 0x3fff03fc004fc01, 0x3fbffff903ff7c4, 0x3f03def803ff7c4, 0x3ff0003fbf133c1, \
     0x400000000000000, 0x400000000000000, 0x400000000000000, 0x400000000000000, 0x001000000000000}

#define CURVE_A_IS_MINUS_3 1
#define CURVE_HALVES 1 /* no endomorphism */

/* b and 3 b, in the elements' form */
#if FE_MONTGOMERY
CONST u64 CURVE_B_FORM[4] = {0x89CDF6229C4BDDFD, 0xCF005CCA8843090D, 0x5A220ABF7212ED6A, 0xC30061DD48748341};
CONST u64 CURVE_3B_FORM[4] = {0x9D69E267D4E399F9, 0x6D01165D98C91B28, 0x0E66203E5638C840, 0x49012599D95D89C2};
#else
CONST u64 CURVE_B_FORM[4] = {0x3BCE3C3E27D2604B, 0x651D06B0CC53B0F6, 0xB3EBBD55769886BC, 0x5AC635D8AA3A93E7};
CONST u64 CURVE_3B_FORM[4] = {0xB36AB4BA777720E2, 0x2F57141164FB12E2, 0x1BC3380063C99435, 0x1052A18AFEAFBBB6};
#endif

/* G, SEC 2 section 2.4.2, as numbers */
CONST u64 CURVE_G[8] = {0xF4A13945D898C296, 0x77037D812DEB33A0, 0xF8BCE6E563A440F2, 0x6B17D1F2E12C4247,
                        0xCBB6406837BF51F5, 0x2BCE33576B315ECE, 0x8EE7EB4A7C0F9E16, 0x4FE342E2FE1A7F9B};

#endif
