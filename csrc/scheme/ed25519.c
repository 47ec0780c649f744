/* The C ABI's Ed25519 call: arguments are checked here, items in ed25519_block.c. */
#include <string.h>

#include "dispatch.h"
#include "scheme/column.h"
#include "scheme/ed25519_block.h"
#include "scheme/ed25519_equation.h"

int vl_ed25519_verify(uint8_t *verdicts, size_t n, const vl_column *keys, const vl_column *signatures,
                      const vl_column *messages, int rule, unsigned flags, const uint8_t *seed, int isa, void *scratch,
                      size_t scratch_size) {
    if (n && verdicts == NULL) return VL_ERROR_ARGUMENT;
    if (n) memset(verdicts, VL_UNDECIDED, n);
    vl_hash_plan hashing;
    vl_ed25519_input input = {keys, signatures, messages, vl_ed25519_rule_of(rule), &hashing, seed, 1};
    if (input.rule == NULL || flags & ~(unsigned)VL_EQUATION_ALWAYS) return VL_ERROR_ARGUMENT;
    if (n && !(column_is_readable(keys, n) && column_is_readable(signatures, n) && column_is_readable(messages, n))) {
        return VL_ERROR_ARGUMENT;
    }
    vl_scratch pieces;
    int error = vl_scratch_cut(&pieces, scratch, scratch_size);
    if (error != VL_SUCCESS) return error;
    const vl_edwards_ops *ops = vl_dispatch_ed25519(isa, n, &pieces, &error);
    if (error == VL_SUCCESS) error = vl_hash_choose(&hashing, VL_SHA512, isa);
    if (error != VL_SUCCESS) return error;
    if (!(flags & VL_EQUATION_ALWAYS)) input.equation_from = vl_ed25519_equation_from(ops);
    vl_ed25519_verify_blocks(verdicts, n, &input, ops, &pieces);
    return VL_SUCCESS;
}
