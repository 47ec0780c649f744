/* The C ABI's BIP-340 call: arguments are checked here, items in schnorr_block.c. */
#include <string.h>

#include "dispatch.h"
#include "scheme/column.h"
#include "scheme/point_block.h"
#include "scheme/schnorr_block.h"
#include "scheme/schnorr_equation.h"

/* Everything but seed, and flags that are the caller's own: verifies, or stops at the terms if they are asked for. */
static int run(uint8_t *verdicts, const vl_terms *terms, size_t n, vl_schnorr_input *input, int equation_always,
               int isa, void *scratch, size_t scratch_size) {
    vl_scratch pieces;
    vl_hash_plan hashing;
    if (n && verdicts == NULL) return VL_ERROR_ARGUMENT;
    if (n) memset(verdicts, VL_UNDECIDED, n);
    if (input->flags & ~(unsigned)VL_PREPARED_KEYS) return VL_ERROR_ARGUMENT;
    if (n && !(column_is_readable(input->keys, n) && column_is_readable(input->signatures, n) &&
               column_is_readable(input->messages, n))) {
        return VL_ERROR_ARGUMENT;
    }
    int error = vl_scratch_cut(&pieces, scratch, scratch_size);
    if (error != VL_SUCCESS) return error;
    input->ops = vl_dispatch_curve(&vl_curve_secp256k1, isa, n, &pieces, &error);
    if (error == VL_SUCCESS) error = vl_hash_choose(&hashing, VL_SHA256, isa);
    if (error != VL_SUCCESS) return error;
    input->hashing = &hashing;
    input->equation_from = equation_always ? 1 : vl_schnorr_equation_from(input->ops);
    if (terms) vl_secp256k1_schnorr_terms_blocks(verdicts, terms, n, input, &pieces);
    else vl_secp256k1_schnorr_blocks(verdicts, n, input, &pieces);
    return VL_SUCCESS;
}

int vl_secp256k1_schnorr_verify(uint8_t *verdicts, size_t n, const vl_column *keys, const vl_column *signatures,
                                const vl_column *messages, unsigned flags, const uint8_t *seed, int isa, void *scratch,
                                size_t scratch_size) {
    const unsigned own = flags & ~(unsigned)VL_EQUATION_ALWAYS;
    vl_schnorr_input input = {keys, signatures, messages, NULL, NULL, own, seed, 1};
    return run(verdicts, NULL, n, &input, own != flags, isa, scratch, scratch_size);
}

int vl_secp256k1_schnorr_terms(uint8_t *verdicts, const vl_terms *terms, size_t n, const vl_column *keys,
                               const vl_column *signatures, const vl_column *messages, unsigned flags, int isa,
                               void *scratch, size_t scratch_size) {
    vl_schnorr_input input = {keys, signatures, messages, NULL, NULL, flags, NULL, 1};
    if (n && !vl_terms_are_there(terms)) return VL_ERROR_ARGUMENT;
    return run(verdicts, terms, n, &input, 0, isa, scratch, scratch_size);
}
