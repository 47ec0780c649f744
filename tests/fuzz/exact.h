/* The exact path alone, for one item: u, v and Q as the library says, R = u G + v Q by complete formulas, judged. */
#ifndef FUZZ_EXACT_H
#define FUZZ_EXACT_H

#include "binding.h"
#include "fuzz.h"
#include "scheme/curve.h"

/* What a scheme's vl_..._terms takes and fills for one item. */
typedef struct {
    vl_column column[FUZZ_PARTS];
    vl_terms terms; /* where the next four are */
    vl_u256 u, v, target;
    vl_point q;
    uint8_t verdict;
} exact_item;

void exact_begin(exact_item *one, const fuzz_item *item);
/* The verdict; once the terms are filled. */
int exact_verdict(const exact_item *one, int scheme, const vl_curve *curve);

#endif
