/* What x86-64 CPUs are asked: CPUID (Intel SDM volume 2; subleaf 0), and XCR0, where the operating system says which
 * registers it saves (volume 1, section 13.3). */
#ifndef VL_CPU_X86_64_H
#define VL_CPU_X86_64_H

#include <cpuid.h>
#include <stdint.h>

#include "cpu_feature.h"

/* As a compiler that is told of no XSAVE takes it. */
#ifndef XGETBV
#define XGETBV(low, high, which) __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(which))
#endif

enum { LEAF_1_ECX, LEAF_7_EBX, LEAF_7_ECX, XCR0, CPU_WORDS };

/* XCR0 bits 1, 2, 5, 6, 7: XMM, upper YMM, opmask, upper ZMM 0-15, ZMM 16-31 */
#define YMM_STATE 0x06u
#define ZMM_STATE 0xe6u
#define NO_YMM "operating system does not save AVX registers"
#define NO_ZMM "operating system does not save AVX-512 registers"

static const cpu_feature cpu_features[] = {
    CPU_FEATURE(VL_CPU_SHA_NI, "SSSE3", "CPU lacks SSSE3", LEAF_1_ECX, 1u << 9),
    CPU_FEATURE(VL_CPU_SHA_NI, "SSE4.1", "CPU lacks SSE4.1", LEAF_1_ECX, 1u << 19),
    CPU_FEATURE(VL_CPU_SHA_NI, "SHA", "CPU lacks the SHA extensions", LEAF_7_EBX, 1u << 29),
    CPU_FEATURE(VL_CPU_AVX2, "AVX2", "CPU lacks AVX2", LEAF_7_EBX, 1u << 5),
    CPU_FEATURE(VL_CPU_AVX2, "BMI2", "CPU lacks BMI2", LEAF_7_EBX, 1u << 8),
    CPU_FEATURE(VL_CPU_AVX2, "FMA", "CPU lacks FMA", LEAF_1_ECX, 1u << 12),
    CPU_FEATURE(VL_CPU_AVX2, "YMM", NO_YMM, XCR0, YMM_STATE),
    CPU_FEATURE(VL_CPU_AVX512, "AVX2", "CPU lacks AVX2", LEAF_7_EBX, 1u << 5),
    CPU_FEATURE(VL_CPU_AVX512, "BMI2", "CPU lacks BMI2", LEAF_7_EBX, 1u << 8),
    CPU_FEATURE(VL_CPU_AVX512, "AVX512F", "CPU lacks AVX512F", LEAF_7_EBX, 1u << 16),
    CPU_FEATURE(VL_CPU_AVX512, "AVX512BW", "CPU lacks AVX512BW", LEAF_7_EBX, 1u << 30),
    CPU_FEATURE(VL_CPU_AVX512, "AVX512DQ", "CPU lacks AVX512DQ", LEAF_7_EBX, 1u << 17),
    CPU_FEATURE(VL_CPU_AVX512, "AVX512VL", "CPU lacks AVX512VL", LEAF_7_EBX, 1u << 31),
    CPU_FEATURE(VL_CPU_AVX512, "AVX512_IFMA", "CPU lacks AVX512_IFMA", LEAF_7_EBX, 1u << 21),
    CPU_FEATURE(VL_CPU_AVX512, "AVX512_VBMI2", "CPU lacks AVX512_VBMI2", LEAF_7_ECX, 1u << 6),
    CPU_FEATURE(VL_CPU_AVX512, "ZMM", NO_ZMM, XCR0, ZMM_STATE),
};

/* xgetbv itself exists only where CPUID.1:ECX.OSXSAVE[27] is set. A leaf that the CPU doesn't know stays 0. */
static void cpu_ask(uint32_t words[CPU_WORDS]) {
    uint32_t eax, ebx, ecx, edx;
    for (int i = 0; i < CPU_WORDS; i++) words[i] = 0;
    if (__get_cpuid(1, &eax, &ebx, &ecx, &edx)) {
        words[LEAF_1_ECX] = ecx;
        if (ecx >> 27 & 1) XGETBV(words[XCR0], edx, 0);
    }
    if (__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx)) {
        words[LEAF_7_EBX] = ebx;
        words[LEAF_7_ECX] = ecx;
    }
}

/* AuthenticAMD; family 15 + 10 (AMD APM volume 3, CPUID functions 0 and 1). */
static int is_amd_family_19h(void) {
    uint32_t eax, ebx, ecx, edx;
    if (!__get_cpuid(0, &eax, &ebx, &ecx, &edx) || ebx != 0x68747541 || edx != 0x69746e65 || ecx != 0x444d4163)
        return 0;
    return __get_cpuid(1, &eax, &ebx, &ecx, &edx) && (eax >> 8 & 0xf) == 0xf && (eax >> 20 & 0xff) == 0xa;
}

static int cpu_halves_512(void) { return is_amd_family_19h(); }

#endif
