/* Which instructions this machine has, asked of the CPU and of the operating system. */
#ifndef VL_CPU_H
#define VL_CPU_H

/* What a row of the dispatch table may ask for. */
enum vl_cpu_set {
    VL_CPU_BASE,      /* nothing beyond the target's baseline */
    VL_CPU_SHA_NI,    /* SHA, SSSE3, SSE4.1 */
    VL_CPU_AVX2,      /* AVX2, BMI2, FMA, and their registers saved by the operating system */
    VL_CPU_AVX512,    /* AVX512 F BW DQ VL IFMA VBMI2, AVX2, BMI2, and their registers saved by the operating system */
    VL_CPU_ARM64_SHA2 /* SHA-256 of the Armv8 Cryptographic Extension */
};

/* NULL if this machine has the whole set, else the first thing that is missing, for people. Cheap after the first
 * call. */
const char *vl_cpu_missing(enum vl_cpu_set set);

/* Whether 512-bit instructions run in two halves, one after the other (AMD family 19h: Zen 4). They are worth having there,
 * but not against an instruction made for the purpose. */
int vl_cpu_halves_512(void);

/* vl_cpu_without() and vl_cpu_feature() are declared in binding.h. */

#endif
