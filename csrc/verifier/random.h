/* Random bytes of the operating system. */
#ifndef VL_VERIFIER_RANDOM_H
#define VL_VERIFIER_RANDOM_H

#include <stddef.h>

/* Fills `size` <= 256 bytes that nobody can foresee. Returns 0 if the system gives none. */
int vl_random(void *bytes, size_t size);

#endif
