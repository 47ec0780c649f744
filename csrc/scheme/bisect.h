/* Batch equations: many items are valid if a sum over them vanishes, each item times its secret random coefficient
 * (scheme/coefficients.h). Where the sum does not vanish, bad items are looked for within bounds of work. */
#ifndef VL_SCHEME_BISECT_H
#define VL_SCHEME_BISECT_H

#include "ops.h"

/* What stands on an equation's one side. */
typedef struct {
    vl_point point; /* means nothing if infinite */
    int infinite;   /* never on an Edwards curve */
} vl_sum;

/* What a scheme says of its equation. */
typedef struct {
    /* Whether it holds for the items from .. to - 1, from < to; *sum = their sum. */
    int (*holds)(vl_sum *sum, const void *equation, size_t from, size_t to);
    int (*vanishes)(const vl_sum *sum);
    void (*subtract)(vl_sum *r, const vl_sum *a, const vl_sum *b); /* r = a - b */
} vl_equation_kind;

/* An equation over n items, and the other way to decide them. */
typedef struct {
    const vl_equation_kind *kind;
    const void *equation;
    size_t n;
    uint64_t random; /* a number that nobody can foresee */
    /* Decides the items from .. to - 1 one by one, whatever the equation says; returns how many are not valid. */
    size_t (*one_by_one)(void *block, size_t from, size_t to);
    void *block;
} vl_batch;

/* good[i] = 1 for items that are shown to be valid by the equation, 0 for others; of those one_by_one may have decided some.
 * Returns 0 if the equation was of no use: too many items are bad. Work: sums over 2 n items at most. */
int vl_batch_decide(uint8_t *good, const vl_batch *batch);

/* Halves and halves again: good[i] = 1 for items of a part for which the equation holds, others are left as they are. On input:
 * it does not hold for all n, sum is theirs. Work: sums over n items at most. */
void vl_batch_halve(uint8_t *good, const vl_batch *batch, const vl_sum *sum);

#endif
