/* One thing that a set of instructions needs, as the tables of cpu_x86_64.h and cpu_arm64.h list them. */
#ifndef VL_CPU_FEATURE_H
#define VL_CPU_FEATURE_H

#include <stdint.h>

#include "cpu.h"

typedef struct {
    enum vl_cpu_set needed_by;
    const char *name;
    const char *missing;      /* what people are told where the machine lacks it */
    const char *switched_off; /* and where they did without it on purpose */
    int word;                 /* the machine's answer that tells */
    uint32_t bits;            /* all of which have to be set in it */
} cpu_feature;

#define CPU_FEATURE(needed_by, name, missing, word, bits) \
    {needed_by, name, missing, name " is switched off", word, bits}

#endif
