/* Who does the work: one table of instruction sets, and the choice among them. */
#ifndef VL_DISPATCH_H
#define VL_DISPATCH_H

#include "hash/hash.h"
#include "ops.h"
#include "scheme/curve.h"
#include "scratch.h"
#include "verilane.h"

/* The primitives of `isa` for a call over n items, or NULL and *error:
 *   VL_ERROR_ISA       no such ISA, or this machine lacks it;
 *   VL_ERROR_SELFTEST  its known answers came out wrong, now or before.
 * VL_ISA_AUTO takes the fastest row that works. A row without a column of its own does that work as scalar does.
 * The first use of a row runs its self-test. Thread-safe without a lock: threads that come first at once each run
 * it, on their own memory. */
const vl_curve_ops *vl_dispatch_curve(const vl_curve *curve, int isa, size_t n, const vl_scratch *scratch, int *error);
const vl_edwards_ops *vl_dispatch_ed25519(int isa, size_t n, const vl_scratch *scratch, int *error);

/* The same for a hash (0 <= hash < VL_HASH_COUNT); *from = from how many messages on this row is the one to take. */
const vl_hash_ops *vl_dispatch_hash(int hash, int isa, size_t n, size_t *from, int *error);

#endif
