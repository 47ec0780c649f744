/* Lanes: one for each scheme under each of its rules. Items of one lane may share a batch. */
#ifndef VL_VERIFIER_LANES_H
#define VL_VERIFIER_LANES_H

#include <stddef.h>
#include <stdint.h>

#include "verilane_verifier.h"

/* What a batch is made of; enum so that arrays have this size. */
enum { VL_LANES = 85 };

/* The columns of an item, in the order in which they are hashed. */
enum { VL_KEYS, VL_SIGNATURES, VL_MESSAGES, VL_USER_IDS, VL_COLUMNS };

/* The lane of a request; keyless: no keys are given. -1 if there is none: a scheme, option or flag that is unknown. */
int vl_lane_of(const vl_request *request, int keyless);

/* Whether one bad item makes a batch of this lane cost more. */
int vl_lane_has_equation(int lane);

/* verdicts of n items. seed: 32 bytes as the equations want them, or NULL. Returns VL_SUCCESS or an error of verilane.h. */
int vl_lane_verify(uint8_t *verdicts, size_t n, int lane, const vl_column columns[VL_COLUMNS], const uint8_t *seed,
                   int isa, void *scratch, size_t scratch_size);

#endif
