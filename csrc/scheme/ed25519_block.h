/* Ed25519, block by block, with the primitives of one instruction set: from bytes to verdicts. */
#ifndef VL_SCHEME_ED25519_BLOCK_H
#define VL_SCHEME_ED25519_BLOCK_H

#include "hash/hash.h"
#include "ops.h"
#include "scheme/ed25519_rules.h"
#include "scratch.h"
#include "binding.h"

/* What all blocks of a call share. */
typedef struct {
    const vl_column *keys, *signatures, *messages;
    const vl_ed25519_prepared *prepared; /* NULL, or what keys are: item i is prepared[keys->offsets[i] / its size] */
    const vl_ed25519_rule_row *rule;
    const vl_hash_plan *hashing; /* SHA-512 */
    const uint8_t *seed;  /* of the coefficients of batch equations (scheme/coefficients.h), or NULL: no equations */
    size_t equation_from; /* fewest items of a block to be tried in one equation, at least 1 */
} vl_ed25519_input;

/* On input: columns readable for n items; vl_ed25519_prepare() was called. On output: verdicts[0..n) are decided. */
void vl_ed25519_verify_blocks(uint8_t *verdicts, size_t n, const vl_ed25519_input *input, const vl_edwards_ops *ops,
                              const vl_scratch *scratch);

/* The same up to the sum: verdicts of items with a fault; of the others, which stay VL_UNDECIDED, the rows of terms. */
void vl_ed25519_terms_blocks(uint8_t *verdicts, const vl_terms *terms, size_t n, const vl_ed25519_input *input,
                             const vl_edwards_ops *ops, const vl_scratch *scratch);

#endif
