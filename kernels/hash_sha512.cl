#include "lang.h"
#include "word_u64x1_bits.h"

#include "hash/sha512.inc"

#include "hash/as_sha512.inc"

#include "hash/device.inc"
