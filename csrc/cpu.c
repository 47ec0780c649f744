#include "cpu.h"

#include <stddef.h>

#if defined(__x86_64__)

#include <cpuid.h>
#include <stdatomic.h>
#include <stdint.h>

/* One bit of CPUID (Intel SDM volume 2, instruction CPUID; subleaf 0). */
typedef struct {
    enum vl_cpu_set needed_by;
    uint32_t leaf;
    char output; /* 'b' or 'c': ebx or ecx */
    int bit;
    const char *missing;
} cpu_feature;

static const cpu_feature cpu_features[] = {
    {VL_CPU_SHA_NI, 1, 'c', 9, "CPU lacks SSSE3"},
    {VL_CPU_SHA_NI, 1, 'c', 19, "CPU lacks SSE4.1"},
    {VL_CPU_SHA_NI, 7, 'b', 29, "CPU lacks the SHA extensions"},
    {VL_CPU_AVX2, 7, 'b', 5, "CPU lacks AVX2"},
    {VL_CPU_AVX2, 7, 'b', 8, "CPU lacks BMI2"},
    {VL_CPU_AVX2, 1, 'c', 12, "CPU lacks FMA"},
    {VL_CPU_AVX512, 7, 'b', 5, "CPU lacks AVX2"},
    {VL_CPU_AVX512, 7, 'b', 8, "CPU lacks BMI2"},
    {VL_CPU_AVX512, 7, 'b', 16, "CPU lacks AVX512F"},
    {VL_CPU_AVX512, 7, 'b', 30, "CPU lacks AVX512BW"},
    {VL_CPU_AVX512, 7, 'b', 17, "CPU lacks AVX512DQ"},
    {VL_CPU_AVX512, 7, 'b', 31, "CPU lacks AVX512VL"},
    {VL_CPU_AVX512, 7, 'b', 21, "CPU lacks AVX512_IFMA"},
    {VL_CPU_AVX512, 7, 'c', 6, "CPU lacks AVX512_VBMI2"},
};

enum { FEATURES = sizeof cpu_features / sizeof cpu_features[0] };

/* The cached answer: bit i for cpu_features[i], and four more. */
enum {
    OS_SAVES_YMM = 1 << FEATURES,
    OS_SAVES_ZMM = 2 << FEATURES,
    HALVES_512 = 4 << FEATURES,
    DETECTED = 8 << FEATURES
};

/* XCR0 bits 1, 2, 5, 6, 7: XMM, upper YMM, opmask, upper ZMM 0-15, ZMM 16-31 (Intel SDM volume 1, section 13.3).
 * xgetbv itself exists only where CPUID.1:ECX.OSXSAVE[27] is set. */
#define YMM_STATE 0x06u
#define ZMM_STATE 0xe6u

static int os_saves(uint32_t state) {
    uint32_t eax, ebx, ecx, edx;
    if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx) || !(ecx >> 27 & 1)) return 0;
    __asm__ volatile("xgetbv" : "=a"(eax), "=d"(edx) : "c"(0));
    return (eax & state) == state;
}

static int has(const cpu_feature *feature) {
    uint32_t eax, ebx, ecx, edx;
    if (!__get_cpuid_count(feature->leaf, 0, &eax, &ebx, &ecx, &edx)) return 0;
    return (feature->output == 'b' ? ebx : ecx) >> feature->bit & 1;
}

/* AuthenticAMD; family 15 + 10 (AMD APM volume 3, CPUID functions 0 and 1). */
static int is_amd_family_19h(void) {
    uint32_t eax, ebx, ecx, edx;
    if (!__get_cpuid(0, &eax, &ebx, &ecx, &edx) || ebx != 0x68747541 || edx != 0x69746e65 || ecx != 0x444d4163)
        return 0;
    return __get_cpuid(1, &eax, &ebx, &ecx, &edx) && (eax >> 8 & 0xf) == 0xf && (eax >> 20 & 0xff) == 0xa;
}

static uint32_t detect(void) {
    uint32_t found = DETECTED;
    if (is_amd_family_19h()) found |= HALVES_512;
    if (os_saves(YMM_STATE)) found |= OS_SAVES_YMM;
    if (os_saves(ZMM_STATE)) found |= OS_SAVES_ZMM;
    for (int i = 0; i < FEATURES; i++) found |= (uint32_t)has(&cpu_features[i]) << i;
    return found;
}

/* Every thread finds the same answer, so a race only repeats the work: relaxed order is enough. */
static uint32_t detected(void) {
    static _Atomic uint32_t cached;
    uint32_t found = atomic_load_explicit(&cached, memory_order_relaxed);
    if (found == 0) {
        found = detect();
        atomic_store_explicit(&cached, found, memory_order_relaxed);
    }
    return found;
}

const char *vl_cpu_missing(enum vl_cpu_set set) {
    if (set == VL_CPU_BASE) return NULL;
    uint32_t found = detected();
    for (int i = 0; i < FEATURES; i++) {
        if (cpu_features[i].needed_by == set && !(found >> i & 1)) return cpu_features[i].missing;
    }
    if (set == VL_CPU_AVX2 && !(found & OS_SAVES_YMM)) return "operating system does not save AVX registers";
    if (set == VL_CPU_AVX512 && !(found & OS_SAVES_ZMM)) return "operating system does not save AVX-512 registers";
    return NULL;
}

int vl_cpu_halves_512(void) { return (detected() & HALVES_512) != 0; }

#else

int vl_cpu_halves_512(void) { return 0; }

const char *vl_cpu_missing(enum vl_cpu_set set) { return set == VL_CPU_BASE ? NULL : "not an x86-64 CPU"; }

#endif
