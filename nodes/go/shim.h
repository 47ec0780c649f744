/* The C ABI for cgo: columns are made here, on C's stack, since a struct in Go's memory may not point to Go's memory. Every
 * pointer that comes in is to memory without pointers, and is used within the call only. */
#include <verilane.h>

typedef const uint8_t *bytes;
typedef const int64_t *ends;

#define RAGGED(name) {name, name##_ends, 0, 0}
#define SIGNED bytes keys, ends keys_ends, bytes signatures, ends signatures_ends, bytes messages, ends messages_ends
#define COLUMNS \
    const vl_column k = RAGGED(keys), s = RAGGED(signatures), m = RAGGED(messages)

enum { GO_SECP256K1, GO_P256 };

static inline int go_ecdsa(uint8_t *verdicts, size_t n, int curve, SIGNED, int encoding, unsigned flags, void *scratch,
                           size_t size) {
    COLUMNS;
    return curve == GO_P256 ? vl_p256_ecdsa_verify(verdicts, n, &k, &s, &m, encoding, flags, VL_ISA_AUTO, scratch, size)
                            : vl_secp256k1_ecdsa_verify(verdicts, n, &k, &s, &m, encoding, flags, VL_ISA_AUTO, scratch,
                                                        size);
}

static inline int go_recover(uint8_t *keys64, uint8_t *verdicts, size_t n, bytes signatures, ends signatures_ends,
                             bytes messages, ends messages_ends, unsigned flags, void *scratch, size_t size) {
    const vl_column s = RAGGED(signatures), m = RAGGED(messages);
    return vl_secp256k1_ecdsa_recover(keys64, verdicts, n, &s, &m, flags, VL_ISA_AUTO, scratch, size);
}

static inline int go_schnorr(uint8_t *verdicts, size_t n, SIGNED, bytes seed, void *scratch, size_t size) {
    COLUMNS;
    return vl_secp256k1_schnorr_verify(verdicts, n, &k, &s, &m, 0, seed, VL_ISA_AUTO, scratch, size);
}

static inline int go_ed25519(uint8_t *verdicts, size_t n, SIGNED, int rule, bytes seed, void *scratch, size_t size) {
    COLUMNS;
    return vl_ed25519_verify(verdicts, n, &k, &s, &m, rule, 0, seed, VL_ISA_AUTO, scratch, size);
}

static inline int go_sm2(uint8_t *verdicts, size_t n, SIGNED, bytes id, size_t id_length, int encoding, void *scratch,
                         size_t size) {
    COLUMNS;
    const vl_column ids = {id, NULL, id_length, 0};
    return vl_sm2_verify(verdicts, n, &k, &s, &m, &ids, 1, encoding, VL_ISA_AUTO, scratch, size);
}

static inline int go_digest(uint8_t *digests, size_t n, bytes messages, ends messages_ends, int hash, void *scratch,
                            size_t size) {
    const vl_column m = RAGGED(messages);
    return vl_digest(digests, n, &m, hash, VL_ISA_AUTO, scratch, size);
}

static inline int go_merkle_root(uint8_t *root, int *mutated, size_t n, bytes leaves, ends leaves_ends, uint64_t limit,
                                 int tree, int hash, void *scratch, size_t size) {
    const vl_column l = RAGGED(leaves);
    return vl_merkle_root_of_leaves(root, mutated, n, &l, limit, tree, hash, VL_ISA_AUTO, scratch, size);
}

static inline int go_trie_root(uint8_t *root, uint64_t *nodes, size_t n, bytes items, ends items_ends, void *scratch,
                               size_t size) {
    const vl_column column = RAGGED(items);
    const int64_t starts[2] = {0, (int64_t)n};
    int error = vl_trie_leaves(nodes, n, &column, 0, 1, starts, VL_ISA_AUTO, scratch, size);
    return error ? error : vl_trie_roots(root, 1, nodes, starts, VL_ISA_AUTO, scratch, size);
}
