/* The C ABI's BIP-340 call: arguments are checked here, items in schnorr_block.c. */
#include <string.h>

#include "dispatch.h"
#include "scheme/column.h"
#include "scheme/schnorr_block.h"
#include "scheme/schnorr_equation.h"

int vl_secp256k1_schnorr_verify(uint8_t *verdicts, size_t n, const vl_column *keys, const vl_column *signatures,
                                const vl_column *messages, unsigned flags, const uint8_t *seed, int isa, void *scratch,
                                size_t scratch_size) {
    vl_scratch pieces;
    vl_hash_plan hashing;
    if (n && verdicts == NULL) return VL_ERROR_ARGUMENT;
    if (n) memset(verdicts, VL_UNDECIDED, n);
    if (flags & ~(unsigned)(VL_PREPARED_KEYS | VL_EQUATION_ALWAYS)) return VL_ERROR_ARGUMENT;
    if (n && !(column_is_readable(keys, n) && column_is_readable(signatures, n) && column_is_readable(messages, n))) {
        return VL_ERROR_ARGUMENT;
    }
    int error = vl_scratch_cut(&pieces, scratch, scratch_size);
    if (error != VL_SUCCESS) return error;
    const vl_curve_ops *ops = vl_dispatch_curve(&vl_curve_secp256k1, isa, n, &pieces, &error);
    if (error == VL_SUCCESS) error = vl_hash_choose(&hashing, VL_SHA256, isa);
    if (error != VL_SUCCESS) return error;
    vl_schnorr_input input = {keys, signatures, messages, ops, &hashing, flags & VL_PREPARED_KEYS, seed, 1};
    if (!(flags & VL_EQUATION_ALWAYS)) input.equation_from = vl_schnorr_equation_from(ops);
    vl_secp256k1_schnorr_blocks(verdicts, n, &input, &pieces);
    return VL_SUCCESS;
}
