#define _GNU_SOURCE
#include "verifier/random.h"

#include <unistd.h>
#if defined(__APPLE__)
#include <sys/random.h>
#endif

int vl_random(void *bytes, size_t size) { return getentropy(bytes, size) == 0; }
