/* SM2 signatures, block by block, with the primitives of one instruction set: the steps of GB/T 32918.2-2016 section 7.1
 * in its order, from bytes to verdicts. */
#ifndef VL_SCHEME_SM2_H
#define VL_SCHEME_SM2_H

#include "hash/hash.h"
#include "ops.h"
#include "scratch.h"
#include "binding.h"

/* What all blocks of a call share. */
typedef struct {
    const vl_column *keys; /* NULL: those that VL_FISCO's signatures hold */
    const vl_column *signatures, *messages;
    const vl_column *user_ids; /* NULL: messages are digests e */
    int one_user_id;           /* user_ids holds one item, for all */
    int encoding;              /* VL_COMPACT, VL_DER or VL_FISCO */
    const vl_curve_ops *ops;
    const vl_hash_plan *hashing; /* SM3 */
} vl_sm2_input;

static inline vl_bytes vl_sm2_user_id(const vl_sm2_input *input, size_t index) {
    return column_item(input->user_ids, input->one_user_id ? 0 : index);
}

/* On input: columns readable for n items; encoding known; vl_sm2_prepare() was called.
 * On output: verdicts[0..n) are decided. */
void vl_sm2_blocks(uint8_t *verdicts, size_t n, const vl_sm2_input *input, const vl_scratch *scratch);

/* The same up to the sum: verdicts of items with a fault; of the others, which stay VL_UNDECIDED, the rows of terms. */
void vl_sm2_terms_blocks(uint8_t *verdicts, const vl_terms *terms, size_t n, const vl_sm2_input *input,
                         const vl_scratch *scratch);

#endif
