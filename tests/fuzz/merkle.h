#ifndef FUZZ_MERKLE_H
#define FUZZ_MERKLE_H

#include "fuzz.h"

/* Roots, subtrees and proofs of a tree that the bytes describe, of any kind. */
void check_merkle(const uint8_t *data, size_t size);

#endif
