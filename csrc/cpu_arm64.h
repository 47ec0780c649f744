/* What arm64 machines are asked: user programs can't ask the CPU, so the operating system tells what it has. */
#ifndef VL_CPU_ARM64_H
#define VL_CPU_ARM64_H

#include <stdint.h>

#if defined(__linux__)
#include <sys/auxv.h>
#elif defined(__APPLE__)
#include <stddef.h>
#include <sys/sysctl.h>
#include <sys/types.h>
#endif

#include "cpu_feature.h"

enum { HAS, CPU_WORDS };

/* Bit 6 of AT_HWCAP is HWCAP_SHA2: sha256h, sha256h2, sha256su0, sha256su1 (Linux, Documentation/arch/arm64/elf_hwcaps). */
#define HAS_SHA2 (1u << 6)

static const cpu_feature cpu_features[] = {
    CPU_FEATURE(VL_CPU_ARM64_SHA2, "SHA2", "CPU lacks the SHA-2 instructions", HAS, HAS_SHA2),
};

static void cpu_ask(uint32_t words[CPU_WORDS]) {
    words[HAS] = 0;
#if defined(__linux__)
    words[HAS] = (uint32_t)getauxval(AT_HWCAP);
#elif defined(__APPLE__)
    int32_t has = 0;
    size_t size = sizeof has;
    if (sysctlbyname("hw.optional.arm.FEAT_SHA256", &has, &size, NULL, 0) == 0 && has) words[HAS] = HAS_SHA2;
#endif
#if defined(__ARM_FEATURE_SHA2)
    words[HAS] |= HAS_SHA2; /* the compiler was told so, for every file: as Apple's is */
#endif
}

static int cpu_halves_512(void) { return 0; }

#endif
