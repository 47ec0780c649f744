/* Multi-word integers for scalar recoding, least significant word first: 64-bit words where the compiler has a 128-bit
 * product, else (OpenCL, CUDA, or -DLIMBS_32) 32-bit words. Constants are written once, as 64-bit halves, by W64. */
#ifndef VL_SCALAR_LIMBS_H
#define VL_SCALAR_LIMBS_H

#if defined(__SIZEOF_INT128__) && !defined(LIMBS_32) && !defined(__CUDACC__) && !defined(__OPENCL_VERSION__)
typedef u64 limb;
typedef unsigned __int128 limb2;
#define LIMB_BITS 64
#define W64(x) (x)
#else
typedef u32 limb;
typedef u64 limb2;
#define LIMB_BITS 32
#define W64(x) (u32)(x), (u32)((u64)(x) >> 32)
#endif
#define LIMBS(bits) ((bits) / LIMB_BITS)

/* r[0..nr) = a b mod 2^(LIMB_BITS nr) for a constant b */
FN_INLINE void limbs_mul(limb *r, int nr, const limb *a, int na, CONST_ARG limb *b, int nb) {
    for (int i = 0; i < nr; i++) r[i] = 0;
    NO_UNROLL for (int i = 0; i < na; i++) {
        limb carry = 0;
        NO_UNROLL for (int j = 0; j < nb && i + j < nr; j++) {
            limb2 x = (limb2)a[i] * b[j] + r[i + j] + carry;
            r[i + j] = (limb)x;
            carry = (limb)(x >> LIMB_BITS);
        }
        if (i + nb < nr) r[i + nb] = carry;
    }
}

/* r += a mod 2^(LIMB_BITS n) */
FN_INLINE void limbs_add(limb *r, const limb *a, int n) {
    limb carry = 0;
    for (int i = 0; i < n; i++) {
        limb2 x = (limb2)r[i] + a[i] + carry;
        r[i] = (limb)x;
        carry = (limb)(x >> LIMB_BITS);
    }
}

/* r -= a mod 2^(LIMB_BITS n) */
FN_INLINE void limbs_sub(limb *r, const limb *a, int n) {
    limb borrow = 0;
    for (int i = 0; i < n; i++) {
        limb2 x = (limb2)r[i] - a[i] - borrow;
        r[i] = (limb)x;
        borrow = (limb)(x >> LIMB_BITS) & 1;
    }
}

/* 64-bit words <-> limbs */
FN_INLINE void limbs_from_words(limb *r, const u64 *words, int n64) {
    for (int i = 0; i < n64; i++)
        for (int j = 0; j < LIMBS(64); j++) r[i * LIMBS(64) + j] = (limb)(words[i] >> (j * 32));
}

FN_INLINE u64 limbs_word(const limb *a, int i) {
    u64 word = a[i * LIMBS(64)];
    for (int j = 1; j < LIMBS(64); j++) word |= (u64)a[i * LIMBS(64) + j] << (j * 32);
    return word;
}

#endif
