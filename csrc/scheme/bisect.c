#include "scheme/bisect.h"

#include <string.h>

/* Parts of so many items are not halved any more: the sum over one half costs as much as a lane for each of its items. */
enum { SMALLEST = 32 };

typedef struct {
    const vl_batch *batch;
    uint8_t *good;
    size_t work; /* items that may still be summed up */
} halving;

static void set_good(halving *h, size_t from, size_t to) { memset(h->good + from, 1, to - from); }

/* The equation does not hold for from .. to - 1. The sum over one half is what is left of `sum` after the other's. */
static void halve(halving *h, const vl_sum *sum, size_t from, size_t to) {
    const vl_equation_kind *kind = h->batch->kind;
    const size_t middle = from + (to - from) / 2;
    vl_sum left, right;
    if (to - from <= SMALLEST || h->work < middle - from) return;
    h->work -= middle - from;
    const int left_holds = kind->holds(&left, h->batch->equation, from, middle);
    kind->subtract(&right, sum, &left);
    if (left_holds) set_good(h, from, middle);
    else halve(h, &left, from, middle);
    if (kind->vanishes(&right)) set_good(h, middle, to);
    else halve(h, &right, middle, to);
}

void vl_batch_halve(uint8_t *good, const vl_batch *batch, const vl_sum *sum) {
    halving h = {batch, good, batch->n};
    halve(&h, sum, 0, batch->n);
}

/* Before parts are searched for bad items, some are looked at: where many are bad, searching costs more than it saves. They
 * are neighbours, at a place that nobody can foresee. */
enum { PROBE = 32, PROBE_MANY = 4 };

static int many_are_bad(const vl_batch *batch) {
    if (batch->n < 4 * PROBE) return 0;
    const size_t from = batch->random % (batch->n - PROBE + 1);
    return batch->one_by_one(batch->block, from, from + PROBE) >= PROBE_MANY;
}

int vl_batch_decide(uint8_t *good, const vl_batch *batch) {
    vl_sum sum;
    const int holds = batch->kind->holds(&sum, batch->equation, 0, batch->n);
    memset(good, holds, batch->n);
    if (holds) return 1;
    if (many_are_bad(batch)) return 0;
    vl_batch_halve(good, batch, &sum);
    return 1;
}
