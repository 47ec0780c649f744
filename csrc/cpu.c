#include "cpu.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "binding.h"

#if defined(__x86_64__)
#include "cpu_x86_64.h"
#elif defined(__aarch64__)
#include "cpu_arm64.h"
#else
#include "cpu_other.h"
#endif

enum { FEATURES = sizeof cpu_features / sizeof cpu_features[0] };

/* The cached answer: bit i for cpu_features[i], and two more. */
enum { HALVES_512 = 1 << FEATURES, DETECTED = 2 << FEATURES };

static uint32_t detect(void) {
    uint32_t words[CPU_WORDS], found = DETECTED;
    cpu_ask(words);
    if (cpu_halves_512()) found |= HALVES_512;
    for (int i = 0; i < FEATURES; i++) {
        const cpu_feature *feature = &cpu_features[i];
        if ((words[feature->word] & feature->bits) == feature->bits) found |= (uint32_t)1 << i;
    }
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

/* Bit i: cpu_features[i] is not to be used. */
static _Atomic uint32_t switched_off;

static const char *first_missing(enum vl_cpu_set set, uint32_t found, uint32_t off) {
    if (set == VL_CPU_BASE) return NULL;
    int known = 0;
    for (int i = 0; i < FEATURES; i++) {
        if (cpu_features[i].needed_by != set) continue;
        known = 1;
        if (!(found >> i & 1)) return cpu_features[i].missing;
        if (off >> i & 1) return cpu_features[i].switched_off;
    }
    if (known) return NULL;
    return set == VL_CPU_ARM64_SHA2 ? "not an arm64 CPU" : "not an x86-64 CPU";
}

const char *vl_cpu_missing(enum vl_cpu_set set) {
    return first_missing(set, detected(), atomic_load_explicit(&switched_off, memory_order_relaxed));
}

int vl_cpu_halves_512(void) { return (detected() & HALVES_512) != 0; }

const char *vl_cpu_feature(int number) { return number >= 0 && number < FEATURES ? cpu_features[number].name : NULL; }

int vl_cpu_without(const char *name) {
    uint32_t off = 0;
    for (int i = 0; name && i < FEATURES; i++) {
        if (cpu_features[i].name && strcmp(cpu_features[i].name, name) == 0) off |= (uint32_t)1 << i;
    }
    atomic_fetch_or_explicit(&switched_off, off, memory_order_relaxed);
    return off ? VL_SUCCESS : VL_ERROR_ARGUMENT;
}
