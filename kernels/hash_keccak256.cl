#include "lang.h"
#include "word_u64x1_bits.h"

#include "hash/keccak.inc"

#include "hash/as_keccak256.inc"

#include "hash/device.inc"
