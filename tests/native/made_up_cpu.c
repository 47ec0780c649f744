/* csrc/cpu.c on a machine that the test makes up: CPUID's leaves 0, 1 and 7, and XCR0. */
#include <cpuid.h>
#include <stdint.h>

typedef struct {
    uint32_t highest; /* leaf */
    uint32_t eax[8], ebx[8], ecx[8], edx[8];
    uint32_t xcr0;
    int asked_xcr0; /* how often */
} machine;

static machine now;

static int fake_cpuid(uint32_t leaf, uint32_t subleaf, uint32_t *eax, uint32_t *ebx, uint32_t *ecx, uint32_t *edx) {
    if (leaf > now.highest || leaf > 7 || subleaf) return 0;
    *eax = now.eax[leaf];
    *ebx = now.ebx[leaf];
    *ecx = now.ecx[leaf];
    *edx = now.edx[leaf];
    return 1;
}

#define __get_cpuid(leaf, a, b, c, d) fake_cpuid(leaf, 0, a, b, c, d)
#define __get_cpuid_count(leaf, subleaf, a, b, c, d) fake_cpuid(leaf, subleaf, a, b, c, d)
#define XGETBV(low, high, which) ((low) = now.xcr0, (high) = (which), now.asked_xcr0++)

#include "cpu.c"

/* What each of the `sets` lacks on a machine, and how often XCR0 was asked for. leaves: eax, ebx, ecx, edx of leaves 0, 1, 7. */
int native_missing(const char **missing, int sets, uint32_t highest, const uint32_t leaves[12], uint32_t xcr0);
int native_missing(const char **missing, int sets, uint32_t highest, const uint32_t leaves[12], uint32_t xcr0) {
    const int numbers[3] = {0, 1, 7};
    now = (machine){.highest = highest, .xcr0 = xcr0};
    for (int i = 0; i < 3; i++) {
        now.eax[numbers[i]] = leaves[4 * i];
        now.ebx[numbers[i]] = leaves[4 * i + 1];
        now.ecx[numbers[i]] = leaves[4 * i + 2];
        now.edx[numbers[i]] = leaves[4 * i + 3];
    }
    const uint32_t found = detect();
    for (int set = 0; set < sets; set++) missing[set] = first_missing((enum vl_cpu_set)set, found, 0);
    return now.asked_xcr0;
}

/* Whether the machine of the last call runs 512-bit instructions in halves. */
int native_halves_512(void);
int native_halves_512(void) { return (detect() & HALVES_512) != 0; }
