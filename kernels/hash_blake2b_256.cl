#include "lang.h"
#include "word_u64x1_bits.h"

#include "hash/blake2b.inc"

#include "hash/as_blake2b_256.inc"

#include "hash/device.inc"
