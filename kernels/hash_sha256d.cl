#include "lang.h"
#include "word_u32x1.h"

#include "hash/sha256.inc"

#include "hash/as_sha256d.inc"

#include "hash/device.inc"
