/* Columns of signed sums of 32-bit words, for the primes that are folded by additions. */
#ifndef VL_FIELD_COLUMNS_8X32_H
#define VL_FIELD_COLUMNS_8X32_H

/* r + top 2^256 = sum (t[i] + x[i]) 2^(32 i) over i < 8; returns top. On input: |x[i]| < 2^36. */
FN_INLINE i64 columns_carry(u32 r[8], const u32 t[16], const i64 x[8]) {
    i64 carry = 0;
    UNROLL for (int i = 0; i < 8; i++) {
        carry += t[i] + x[i];
        r[i] = (u32)carry;
        carry >>= 32;
    }
    return carry;
}

#endif
