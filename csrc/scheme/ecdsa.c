/* The C ABI's ECDSA calls: arguments are checked here, items in ecdsa_block.c. */
#include <string.h>

#include "dispatch.h"
#include "scheme/column.h"
#include "scheme/ecdsa_block.h"
#include "scheme/point_block.h"

static int is_encoding(int encoding) { return encoding == VL_COMPACT || encoding == VL_DER || encoding == VL_DER_LAX; }

/* Everything but the columns: cuts the scratch and finds the primitives, or says what is wrong. */
static int prepare(vl_scratch *pieces, const vl_curve_ops **ops, const vl_curve *curve, size_t n, int isa,
                   void *scratch, size_t scratch_size) {
    int error = vl_scratch_cut(pieces, scratch, scratch_size);
    if (error == VL_SUCCESS) *ops = vl_dispatch_curve(curve, isa, n, pieces, &error);
    return error;
}

/* Verifies, or stops at the terms if they are asked for. */
static int verify(uint8_t *verdicts, const vl_terms *terms, size_t n, const vl_ecdsa_input *input, int isa,
                  void *scratch, size_t scratch_size) {
    if (n && verdicts == NULL) return VL_ERROR_ARGUMENT;
    if (n) memset(verdicts, VL_UNDECIDED, n);
    if (!is_encoding(input->encoding) || (input->flags & ~(unsigned)(VL_LOW_S | VL_KEY_FORMS))) {
        return VL_ERROR_ARGUMENT;
    }
    if (n && !(column_is_readable(input->keys, n) && column_is_readable(input->signatures, n) &&
               column_is_readable(input->digests, n))) {
        return VL_ERROR_ARGUMENT;
    }
    vl_scratch pieces;
    const vl_curve_ops *ops;
    int error = prepare(&pieces, &ops, input->curve, n, isa, scratch, scratch_size);
    if (error != VL_SUCCESS) return error;
    if (terms) vl_ecdsa_terms_blocks(verdicts, terms, n, input, ops, &pieces);
    else vl_ecdsa_verify_blocks(verdicts, n, input, ops, &pieces);
    return VL_SUCCESS;
}

int vl_secp256k1_ecdsa_verify(uint8_t *verdicts, size_t n, const vl_column *keys, const vl_column *signatures,
                              const vl_column *digests, int encoding, unsigned flags, int isa, void *scratch,
                              size_t scratch_size) {
    vl_ecdsa_input input = {&vl_curve_secp256k1, keys, signatures, digests, encoding, flags};
    return verify(verdicts, NULL, n, &input, isa, scratch, scratch_size);
}

int vl_p256_ecdsa_verify(uint8_t *verdicts, size_t n, const vl_column *keys, const vl_column *signatures,
                         const vl_column *digests, int encoding, unsigned flags, int isa, void *scratch,
                         size_t scratch_size) {
    vl_ecdsa_input input = {&vl_curve_p256, keys, signatures, digests, encoding, flags};
    return verify(verdicts, NULL, n, &input, isa, scratch, scratch_size);
}

int vl_secp256k1_ecdsa_terms(uint8_t *verdicts, const vl_terms *terms, size_t n, const vl_column *keys,
                             const vl_column *signatures, const vl_column *digests, int encoding, unsigned flags,
                             int isa, void *scratch, size_t scratch_size) {
    vl_ecdsa_input input = {&vl_curve_secp256k1, keys, signatures, digests, encoding, flags};
    if (n && !vl_terms_are_there(terms)) return VL_ERROR_ARGUMENT;
    return verify(verdicts, terms, n, &input, isa, scratch, scratch_size);
}

int vl_p256_ecdsa_terms(uint8_t *verdicts, const vl_terms *terms, size_t n, const vl_column *keys,
                        const vl_column *signatures, const vl_column *digests, int encoding, unsigned flags, int isa,
                        void *scratch, size_t scratch_size) {
    vl_ecdsa_input input = {&vl_curve_p256, keys, signatures, digests, encoding, flags};
    if (n && !vl_terms_are_there(terms)) return VL_ERROR_ARGUMENT;
    return verify(verdicts, terms, n, &input, isa, scratch, scratch_size);
}

/* Recovers, or stops at the terms if they are asked for. */
static int recover(uint8_t *keys64, uint8_t *verdicts, const vl_terms *terms, size_t n, const vl_ecdsa_input *input,
                   int isa, void *scratch, size_t scratch_size) {
    if (n && verdicts == NULL) return VL_ERROR_ARGUMENT;
    if (n) memset(verdicts, VL_UNDECIDED, n);
    if (n && keys64) memset(keys64, 0, 64 * n);
    if (input->flags & ~(unsigned)(VL_LOW_S | VL_PARITY_IDS)) return VL_ERROR_ARGUMENT;
    if (n && !(column_is_readable(input->signatures, n) && column_is_readable(input->digests, n))) {
        return VL_ERROR_ARGUMENT;
    }
    vl_scratch pieces;
    const vl_curve_ops *ops;
    int error = prepare(&pieces, &ops, input->curve, n, isa, scratch, scratch_size);
    if (error != VL_SUCCESS) return error;
    if (terms) vl_ecdsa_recover_terms_blocks(verdicts, terms, n, input, ops, &pieces);
    else vl_ecdsa_recover_blocks(keys64, verdicts, n, input, ops, &pieces);
    return VL_SUCCESS;
}

int vl_secp256k1_ecdsa_recover(uint8_t *keys64, uint8_t *verdicts, size_t n, const vl_column *signatures,
                               const vl_column *digests, unsigned flags, int isa, void *scratch, size_t scratch_size) {
    vl_ecdsa_input input = {&vl_curve_secp256k1, NULL, signatures, digests, VL_COMPACT, flags};
    if (n && keys64 == NULL) return VL_ERROR_ARGUMENT;
    return recover(keys64, verdicts, NULL, n, &input, isa, scratch, scratch_size);
}

int vl_secp256k1_recover_terms(uint8_t *verdicts, const vl_terms *terms, size_t n, const vl_column *signatures,
                               const vl_column *digests, unsigned flags, int isa, void *scratch, size_t scratch_size) {
    vl_ecdsa_input input = {&vl_curve_secp256k1, NULL, signatures, digests, VL_COMPACT, flags};
    if (n && !vl_terms_are_there(terms)) return VL_ERROR_ARGUMENT;
    return recover(NULL, verdicts, terms, n, &input, isa, scratch, scratch_size);
}
