/* SM2's base field, p = 2^256 - 2^224 - 2^96 + 2^64 - 1, and the constants of its curve y^2 = x^3 - 3 x + b (GB/T 32918.5-2017:
 * sm2p256v1). As field/p256.h: words of 64 bits, limbs of 52, elements in Montgomery's form with R = 2^260.
 * tests/test_field_bounds.py recomputes all. */
#ifndef VL_FIELD_SM2_H
#define VL_FIELD_SM2_H

/* A machine whose elements are plain numbers defines this as 0 before. */
#ifndef FE_MONTGOMERY
#define FE_MONTGOMERY 1
#endif

/* p and p + 1 + 2^104 in limbs */
#define FE_P0 0xFFFFFFFFFFFFFULL
#define FE_P1 0xFF00000000FFFULL
#define FE_P2 0xFFFFFFFFFFFFFULL
#define FE_P3 0xFFFFFFFFFFFFFULL
#define FE_P4 0xFFFFFFFEFFFFULL
CONST u64 FE_P_PLUS_1[5] = {0, (1ULL << 52) + (1ULL << 12) - (1ULL << 44), 0, 0, 0xFFFFFFFF0000};
#define FE_P_PLUS_1_LESS_2_104 1
#define FE_P_PLUS_1_SHIFT_1 0

/* 2^256 = 2^224 + 2^96 - 2^64 + 1 mod p, on columns of words and of 128 bits */
#define FE_FOLD_SMALL(d, top) \
    ((d)[0] = w_add((d)[0], top), (d)[1] = w_add((d)[1], w_sub(w_shl(top, 44), w_shl(top, 12))), \
     (d)[4] = w_add((d)[4], w_shl(top, 16)))
#define FE_FOLD_WIDE(d, top) \
    ((d)[0] += (top), (d)[1] += ((u128)(top) << 44) - ((u128)(top) << 12), (d)[4] += (u128)(top) << 16)

/* R and R^2 mod p, and R^3 for inversions, as words */
CONST u64 FE_R[4] = {0x0000000000000010, 0x0000000FFFFFFFF0, 0x0000000000000000, 0x0000001000000000};
CONST u64 FE_R2[4] = {0x0000020000000300, 0x000002FFFFFFFF00, 0x0000010000000100, 0x0000040000000200};
CONST u64 FE_R3[4] = {0x0001200000016000, 0x0000EFFFFFFF8000, 0x0000A0000000C000, 0x0001B00000009000};

/* A multiple of p in ten columns, nine of them near 2^58: 2^58 sum_{k<9} 2^(52 k) + 2^48 2^468, less its residue mod p */
#define FE_BIAS_COLUMNS_OF_P \
    {0x3fbff9fb7fbfb50, 0x3f504400044fb40, 0x3f7ffffaffbfbbc, 0x3fffdffbffffabc, 0x3ffb7fbfb3ffbbc, \
     0x400000000000000, 0x400000000000000, 0x400000000000000, 0x400000000000000, 0x001000000000000}

#define CURVE_A_IS_MINUS_3 1
#define CURVE_HALVES 1 /* no endomorphism */

/* b and 3 b, in the elements' form */
#if FE_MONTGOMERY
CONST u64 CURVE_B_FORM[4] = {0x0D230632BC0DD422, 0x1CF379B09B537AB7, 0x27981505EA51C3C7, 0x40FE188DA20E2C85};
CONST u64 CURVE_3B_FORM[4] = {0x2769129834297C66, 0x56DA6D11D1FA7025, 0x76C83F11BEF54B55, 0xC2FA49A8E62A858F};
#else
CONST u64 CURVE_B_FORM[4] = {0xDDBCBD414D940E93, 0xF39789F515AB8F92, 0x4D5A9E4BCF6509A7, 0x28E9FA9E9D9F5E34};
CONST u64 CURVE_3B_FORM[4] = {0x993637C3E8BC2BB9, 0xDAC69DDF4102AEB8, 0xE80FDAE36E2F1CF7, 0x7ABDEFDBD8DE1A9C};
#endif

/* G, as numbers */
CONST u64 CURVE_G[8] = {0x715A4589334C74C7, 0x8FE30BBFF2660BE1, 0x5F9904466A39C994, 0x32C4AE2C1F198119,
                        0x02DF32E52139F0A0, 0xD0A9877CC62A4740, 0x59BDCEE36B692153, 0xBC3736A2F4F6779C};

#endif
