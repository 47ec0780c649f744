/* The C ABI's Ed25519 calls: arguments are checked here, items in ed25519_block.c and ed25519_prepare.c. */
#include <string.h>

#include "dispatch.h"
#include "scheme/column.h"
#include "scheme/ed25519_block.h"
#include "scheme/ed25519_equation.h"
#include "scheme/ed25519_keys.h"
#include "scheme/point_block.h"

/* Rows of vl_ed25519_prepare_keys are where they may be read. */
static int prepared_are_readable(const vl_column *keys, size_t n) {
    const size_t size = sizeof(vl_ed25519_prepared);
    if (keys == NULL || keys->data == NULL || (uintptr_t)keys->data % _Alignof(vl_ed25519_prepared)) return 0;
    if (keys->offsets == NULL) return keys->width == size && column_stride(keys) == size;
    for (size_t i = 0; i < n; i++)
        if (keys->offsets[i] < 0 || (uint64_t)keys->offsets[i] % size) return 0;
    return 1;
}

static int keys_are_readable(const vl_column *keys, size_t n, unsigned flags) {
    return flags & VL_PREPARED_KEYS ? prepared_are_readable(keys, n) : column_is_readable(keys, n);
}

/* Verifies, or stops at the terms if they are asked for. */
static int run(uint8_t *verdicts, const vl_terms *terms, size_t n, vl_ed25519_input *input, unsigned flags, int isa,
               void *scratch, size_t scratch_size) {
    vl_hash_plan hashing;
    if (n && verdicts == NULL) return VL_ERROR_ARGUMENT;
    if (n) memset(verdicts, VL_UNDECIDED, n);
    if (input->rule == NULL || flags & ~(unsigned)(VL_EQUATION_ALWAYS | VL_PREPARED_KEYS)) return VL_ERROR_ARGUMENT;
    if (n && !(keys_are_readable(input->keys, n, flags) && column_is_readable(input->signatures, n) &&
               column_is_readable(input->messages, n))) {
        return VL_ERROR_ARGUMENT;
    }
    if (n && flags & VL_PREPARED_KEYS) input->prepared = (const void *)input->keys->data;
    vl_scratch pieces;
    int error = vl_scratch_cut(&pieces, scratch, scratch_size);
    if (error != VL_SUCCESS) return error;
    const vl_edwards_ops *ops = vl_dispatch_ed25519(isa, n, &pieces, &error);
    if (error == VL_SUCCESS) error = vl_hash_choose(&hashing, VL_SHA512, isa);
    if (error != VL_SUCCESS) return error;
    input->hashing = &hashing;
    if (!(flags & VL_EQUATION_ALWAYS)) input->equation_from = vl_ed25519_equation_from(ops, input->prepared != NULL);
    if (terms) vl_ed25519_terms_blocks(verdicts, terms, n, input, ops, &pieces);
    else vl_ed25519_verify_blocks(verdicts, n, input, ops, &pieces);
    return VL_SUCCESS;
}

int vl_ed25519_verify(uint8_t *verdicts, size_t n, const vl_column *keys, const vl_column *signatures,
                      const vl_column *messages, int rule, unsigned flags, const uint8_t *seed, int isa, void *scratch,
                      size_t scratch_size) {
    vl_ed25519_input input = {keys, signatures, messages, NULL, vl_ed25519_rule_of(rule), NULL, seed, 1};
    return run(verdicts, NULL, n, &input, flags, isa, scratch, scratch_size);
}

int vl_ed25519_terms(uint8_t *verdicts, const vl_terms *terms, size_t n, const vl_column *keys,
                     const vl_column *signatures, const vl_column *messages, int rule, unsigned flags, int isa,
                     void *scratch, size_t scratch_size) {
    vl_ed25519_input input = {keys, signatures, messages, NULL, vl_ed25519_rule_of(rule), NULL, NULL, 1};
    if ((n && !vl_terms_are_there(terms)) || flags & VL_EQUATION_ALWAYS) return VL_ERROR_ARGUMENT;
    return run(verdicts, terms, n, &input, flags, isa, scratch, scratch_size);
}

size_t vl_ed25519_prepared_size(void) { return sizeof(vl_ed25519_prepared); }

int vl_ed25519_prepare_keys(uint8_t *rows, uint8_t *verdicts, size_t n, const vl_column *keys, int isa, void *scratch,
                            size_t scratch_size) {
    if (n && (rows == NULL || verdicts == NULL || (uintptr_t)rows % _Alignof(vl_ed25519_prepared)))
        return VL_ERROR_ARGUMENT;
    if (n) memset(verdicts, VL_UNDECIDED, n);
    if (n) memset(rows, 0, n * sizeof(vl_ed25519_prepared));
    if (n && !column_is_readable(keys, n)) return VL_ERROR_ARGUMENT;
    vl_scratch pieces;
    int error = vl_scratch_cut(&pieces, scratch, scratch_size);
    if (error != VL_SUCCESS) return error;
    const vl_edwards_ops *ops = vl_dispatch_ed25519(isa, n, &pieces, &error);
    if (error == VL_SUCCESS) vl_ed25519_prepare_rows((void *)rows, verdicts, n, keys, ops, &pieces);
    return error;
}
