/* A machine of which nothing is known: it has no set but the base. */
#ifndef VL_CPU_OTHER_H
#define VL_CPU_OTHER_H

#include <stddef.h>
#include <stdint.h>

#include "cpu_feature.h"

enum { NOTHING, CPU_WORDS };

/* C wants one element. Nobody needs it. */
static const cpu_feature cpu_features[] = {{VL_CPU_BASE, NULL, NULL, NULL, NOTHING, 0}};

static void cpu_ask(uint32_t words[CPU_WORDS]) { words[NOTHING] = 0; }

static int cpu_halves_512(void) { return 0; }

#endif
