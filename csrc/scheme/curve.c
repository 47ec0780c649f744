#include "scheme/curve.h"

/* SEC 2 v2.0 section 2.4.1: p = 2^256 - 2^32 - 977. */
const vl_curve vl_curve_secp256k1 = {
    .p = {{0xfffffffefffffc2f, 0xffffffffffffffff, 0xffffffffffffffff, 0xffffffffffffffff}},
    .n = {{0xbfd25e8cd0364141, 0xbaaedce6af48a03b, 0xfffffffffffffffe, 0xffffffffffffffff}},
    .n_half = {{0xdfe92f46681b20a0, 0x5d576e7357a4501d, 0xffffffffffffffff, 0x7fffffffffffffff}},
    .p_minus_n = {{0x402da1722fc9baee, 0x4551231950b75fc4, 0x0000000000000001, 0x0000000000000000}},
    .double_mul_exact = vl_secp256k1_double_mul_exact,
    .on_curve = vl_secp256k1_on_curve,
    .prepare = vl_secp256k1_prepare,
};

/* SEC 2 v2.0 section 2.4.2, FIPS 186-5: p = 2^256 - 2^224 + 2^192 + 2^96 - 1. */
const vl_curve vl_curve_p256 = {
    .p = {{0xffffffffffffffff, 0x00000000ffffffff, 0x0000000000000000, 0xffffffff00000001}},
    .n = {{0xf3b9cac2fc632551, 0xbce6faada7179e84, 0xffffffffffffffff, 0xffffffff00000000}},
    .n_half = {{0x79dce5617e3192a8, 0xde737d56d38bcf42, 0x7fffffffffffffff, 0x7fffffff80000000}},
    .p_minus_n = {{0x0c46353d039cdaae, 0x4319055358e8617b, 0x0000000000000000, 0x0000000000000000}},
    .double_mul_exact = vl_p256_double_mul_exact,
    .on_curve = vl_p256_on_curve,
    .prepare = vl_p256_prepare,
};

/* GB/T 32918.5-2017: p = 2^256 - 2^224 - 2^96 + 2^64 - 1. */
const vl_curve vl_curve_sm2 = {
    .p = {{0xffffffffffffffff, 0xffffffff00000000, 0xffffffffffffffff, 0xfffffffeffffffff}},
    .n = {{0x53bbf40939d54123, 0x7203df6b21c6052b, 0xffffffffffffffff, 0xfffffffeffffffff}},
    .n_half = {{0xa9ddfa049ceaa091, 0xb901efb590e30295, 0xffffffffffffffff, 0x7fffffff7fffffff}},
    .p_minus_n = {{0xac440bf6c62abedc, 0x8dfc2093de39fad5, 0x0000000000000000, 0x0000000000000000}},
    .double_mul_exact = vl_sm2_double_mul_exact,
    .on_curve = vl_sm2_on_curve,
    .prepare = vl_sm2_prepare,
};
