#include "lang.h"
#include "word_u64x1_bits.h"

#include "hash/keccak.inc"

#include "hash/as_sha3_256.inc"

#include "hash/device.inc"
