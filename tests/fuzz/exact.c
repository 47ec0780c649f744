#include "exact.h"

void exact_begin(exact_item *one, const fuzz_item *item) {
    for (int p = 0; p < FUZZ_PARTS; p++)
        one->column[p] = (vl_column){.data = item->part[p].data, .width = item->part[p].size};
    one->terms = (vl_terms){one->u.w, one->v.w, one->q.x.w, one->target.w};
    one->verdict = VL_UNDECIDED;
}

int exact_verdict(const exact_item *one, int scheme, const vl_curve *curve) {
    uint8_t verdict;
    vl_point r;
    if (one->verdict != VL_UNDECIDED) return one->verdict;
    if (!curve->double_mul_exact(&r, &one->u, &one->v, &one->q)) return VL_MISMATCH;
    FUZZ_CHECK(!vl_judge(&verdict, 1, r.x.w, one->target.w, scheme, VL_ISA_SCALAR, fuzz_scratch, fuzz_scratch_size));
    return verdict == VL_OK ? VL_OK : VL_MISMATCH;
}
