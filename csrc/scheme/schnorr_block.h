/* BIP-340 Schnorr signatures over secp256k1, block by block, with the primitives of one instruction set: the standard's
 * steps in the standard's order, from bytes to verdicts. */
#ifndef VL_SCHEME_SCHNORR_BLOCK_H
#define VL_SCHEME_SCHNORR_BLOCK_H

#include "hash/hash.h"
#include "ops.h"
#include "scratch.h"
#include "binding.h"

/* What all blocks of a call share. */
typedef struct {
    const vl_column *keys, *signatures, *messages;
    const vl_curve_ops *ops;
    const vl_hash_plan *hashing; /* SHA-256 */
    unsigned flags;              /* VL_PREPARED_KEYS */
    const uint8_t *seed;  /* of the coefficients of batch equations (scheme/coefficients.h), or NULL: no equations */
    size_t equation_from; /* fewest items of a block to be tried in one equation, at least 1 */
} vl_schnorr_input;

/* On input: columns readable for n items; vl_secp256k1_prepare() was called.
 * On output: verdicts[0..n) are decided. */
void vl_secp256k1_schnorr_blocks(uint8_t *verdicts, size_t n, const vl_schnorr_input *input, const vl_scratch *scratch);

/* The same up to the sum: verdicts of items with a fault; of the others, which stay VL_UNDECIDED, the rows of terms. */
void vl_secp256k1_schnorr_terms_blocks(uint8_t *verdicts, const vl_terms *terms, size_t n,
                                       const vl_schnorr_input *input, const vl_scratch *scratch);

#endif
