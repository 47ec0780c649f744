/* A file beside this one (-DBOUNDS_OF='"field.c"') for tests/test_bounds.py, which never compiles this: interval_machine.py runs
 * the preprocessed text on bounds. Lanes don't matter there, so a word has one. */
#include "lang.h"

#undef VERIFY_CHECK
#define VERIFY_CHECK(condition) verify_check(condition, #condition)

/* word_emulated.h with one lane: word_u64x1.h, and what only csrc/word_u64x8.h has. */
#define VL_WORD_EMULATED_H
#include "word_u64x1.h"
#define LOW_52_BITS(x) ((x) & (~(u64)0 >> 12))
#define PRODUCT_52(a, b) ((unsigned __int128)LOW_52_BITS(a) * LOW_52_BITS(b))
FN_INLINE word w_madd_lo(word c, word a, word b) { return c + LOW_52_BITS((u64)PRODUCT_52(a, b)); }
FN_INLINE word w_madd_hi(word c, word a, word b) { return c + (u64)(PRODUCT_52(a, b) >> 52); }
#if defined(MACHINE_5X52_EMULATED) || defined(MACHINE_5X51_EMULATED)
#define w_mul_small(a, b) w_madd_lo(w_zero(), a, w_set1(b))
#endif
FN_INLINE word w_choose(word m, word a, word b) { return (m & a) | (~m & b); }

#include BOUNDS_OF
