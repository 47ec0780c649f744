/* What reduces the sixteen words of a product (kernels/field/fold_*.inc), on words of any kind, for
 * tests/test_field_8x32.py. */
#include "machine.h"

#if CARRY_CHAINS
/* clang-format off */
static void fold(u32 r[8], const u32 *t) {
    CHAINS_BEGIN2(t, t + 8)
    MOV(t0, a0) MOV(t1, a1) MOV(t2, a2) MOV(t3, a3) MOV(t4, a4) MOV(t5, a5) MOV(t6, a6) MOV(t7, a7)
    MOV(t8, b0) MOV(t9, b1) MOV(t10, b2) MOV(t11, b3) MOV(t12, b4) MOV(t13, b5) MOV(t14, b6) MOV(t15, b7)
    FOLD_PRODUCT
    CHAINS_END2(r, t, t + 8)
}
/* clang-format on */
#else
static void fold(u32 r[8], const u32 *t) {
    fe a;
    fe_fold(&a, fold_product(a.l, t));
    memcpy(r, a.l, sizeof a);
}
#endif

/* n products of 16 words each, reduced to 8. */
void native_fold(u32 *out, size_t n, const u32 *t) {
    for (size_t i = 0; i < n; i++) fold(out + 8 * i, t + 16 * i);
}

MACHINE_END
