#include "lang.h"
#include "word_u32x1.h"

#include "hash/sm3.inc"

#include "hash/as_sm3.inc"

#include "hash/device.inc"
