/* ECDSA, block by block, with the primitives of one instruction set: the standard's steps in the
 * standard's order, from bytes to verdicts. */
#ifndef VL_SCHEME_ECDSA_BLOCK_H
#define VL_SCHEME_ECDSA_BLOCK_H

#include "ops.h"
#include "scheme/curve.h"
#include "scratch.h"
#include "binding.h"

/* What all blocks of a call share. keys is NULL and encoding unused when keys are recovered. */
typedef struct {
    const vl_curve *curve;
    const vl_column *keys, *signatures, *digests;
    int encoding;
    unsigned flags;
} vl_ecdsa_input;

/* On input: columns readable for n items; encoding and flags known; curve->prepare() was called, and ops are the curve's.
 * On output: verdicts[0..n) are decided. */
void vl_ecdsa_verify_blocks(uint8_t *verdicts, size_t n, const vl_ecdsa_input *input, const vl_curve_ops *ops,
                            const vl_scratch *scratch);

/* The same up to the sum: verdicts of items with a fault; of the others, which stay VL_UNDECIDED, the rows of terms. */
void vl_ecdsa_terms_blocks(uint8_t *verdicts, const vl_terms *terms, size_t n, const vl_ecdsa_input *input,
                           const vl_curve_ops *ops, const vl_scratch *scratch);

/* On input: as for verifying, and keys64 (64 n bytes) is zero. On output: also keys64, where the verdict is VL_OK. */
void vl_ecdsa_recover_blocks(uint8_t *keys64, uint8_t *verdicts, size_t n, const vl_ecdsa_input *input,
                             const vl_curve_ops *ops, const vl_scratch *scratch);

/* The same up to the sum, as vl_ecdsa_terms_blocks: rows of terms hold R in place of the key. */
void vl_ecdsa_recover_terms_blocks(uint8_t *verdicts, const vl_terms *terms, size_t n, const vl_ecdsa_input *input,
                                   const vl_curve_ops *ops, const vl_scratch *scratch);

#endif
