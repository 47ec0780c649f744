/* Who does the work: one table of instruction sets, and the choice among them. */
#ifndef VL_DISPATCH_H
#define VL_DISPATCH_H

#include "hash/sha256.h"
#include "ops.h"
#include "scratch.h"
#include "verilane.h"

/* The primitives of `isa` for a call over n items, or NULL and *error:
 *   VL_ERROR_ISA       no such ISA, or this machine lacks it;
 *   VL_ERROR_SELFTEST  its known answers came out wrong, now or before.
 * VL_ISA_AUTO takes the fastest row that works. A row without a column of its own does that work as scalar does.
 * The first use of a row runs its self-test. Thread-safe, and never blocks: threads that come first at once each run
 * it, on their own memory. */
const vl_curve_ops *vl_dispatch_secp256k1(int isa, size_t n, const vl_scratch *scratch, int *error);
const vl_sha256_ops *vl_dispatch_sha256(int isa, size_t n, int *error);

#endif
