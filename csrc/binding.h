/* What the Python package asks of C beside verilane.h. It is no part of the ABI: libverilane does not export it, and it
 * changes without notice. verilane.h's conventions hold.
 *
 * The text between the VL_CDEF marks is also what cffi reads: declarations only, no preprocessor.
 */
#ifndef VL_BINDING_H
#define VL_BINDING_H

#include "verilane_verifier.h"

/* VL_CDEF_BEGIN */

/* ---- The CPU ---- */

/* Name i of what instruction sets ask for: "AVX2", "SHA" ...; NULL past the last one. One may come more than once. */
const char *vl_cpu_feature(int number);

/* From now on this process does without it, as on a machine that lacks it. VL_ERROR_ARGUMENT for another name. */
int vl_cpu_without(const char *name);

/* ---- Signatures whose points are computed elsewhere ----
 *
 * A device that need not be trusted gets u, v and Q of many items and gives back R = u G + v Q (Ed25519: R = u B - v Q, v as
 * an integer). What R is compared with, the target, it never gets. */

/* Rows of each item: numbers of four little-endian 64-bit words; points are x and y, eight words. A target's four words mean
 * something to vl_judge only. */
typedef struct {
    uint64_t *u, *v, *q, *targets;
} vl_terms;

/* As the verify functions up to the sum: verdicts of items with a fault; the others stay VL_UNDECIDED, and get their rows. */
int vl_secp256k1_ecdsa_terms(uint8_t *verdicts, const vl_terms *terms, size_t n, const vl_column *keys,
                             const vl_column *signatures, const vl_column *digests, int encoding, unsigned flags,
                             int isa, void *scratch, size_t scratch_size);
/* R, of which the signature has x, takes the place of Q: what a device gives back is the key, (s R - e G) / r. There is nothing
 * to compare it with: targets are r. */
int vl_secp256k1_recover_terms(uint8_t *verdicts, const vl_terms *terms, size_t n, const vl_column *signatures,
                               const vl_column *digests, unsigned flags, int isa, void *scratch, size_t scratch_size);
int vl_p256_ecdsa_terms(uint8_t *verdicts, const vl_terms *terms, size_t n, const vl_column *keys,
                        const vl_column *signatures, const vl_column *digests, int encoding, unsigned flags, int isa,
                        void *scratch, size_t scratch_size);
int vl_secp256k1_schnorr_terms(uint8_t *verdicts, const vl_terms *terms, size_t n, const vl_column *keys,
                               const vl_column *signatures, const vl_column *messages, unsigned flags, int isa,
                               void *scratch, size_t scratch_size);
int vl_ed25519_terms(uint8_t *verdicts, const vl_terms *terms, size_t n, const vl_column *keys,
                     const vl_column *signatures, const vl_column *messages, int rule, unsigned flags, int isa,
                     void *scratch, size_t scratch_size);
int vl_sm2_terms(uint8_t *verdicts, const vl_terms *terms, size_t n, const vl_column *keys, const vl_column *signatures,
                 const vl_column *messages, const vl_column *user_ids, int one_user_id, int encoding, int isa,
                 void *scratch, size_t scratch_size);

/* verdicts: VL_OK where R, which may be any words, meets its target; else VL_UNDECIDED: only the CPU may refuse an item. */
int vl_judge(uint8_t *verdicts, size_t n, const uint64_t *r, const uint64_t *targets, int scheme, int isa,
             void *scratch, size_t scratch_size);

/* The targets that points would meet: x(R), not reduced, whatever y; Ed25519: the encoding of R. */
int vl_targets(uint64_t *targets, size_t n, const uint64_t *r, int scheme);

/* The CPU's own R. infinite[i]: 1 if it is the point at infinity, and the row is zero. VL_ERROR_ARGUMENT also for u or v that
 * is not below the group order (Ed25519: 2^253), or a Q that is not on the curve. */
int vl_double_mul(uint64_t *r, uint8_t *infinite, size_t n, const uint64_t *u, const uint64_t *v, const uint64_t *q,
                  int scheme, int isa, void *scratch, size_t scratch_size);

/* *hold = whether R = u G + v Q for all n items, by one random sum over each 1024 of them: a wrong R passes with probability
 * 2^-128 as long as it was given before the seed (32 random bytes, secret) was drawn. Ed25519: 8 R = 8 (u B - v Q). R may be any
 * words. VL_ERROR_ARGUMENT for P-256 and SM2, whose sums the CPU does not have. On input: u, v, Q as above. */
int vl_sums_hold(int *hold, size_t n, const uint64_t *r, const uint64_t *u, const uint64_t *v, const uint64_t *q,
                 int scheme, const uint8_t *seed, int isa, void *scratch, size_t scratch_size);

/* What a device was asked of late: the last 2^20 targets. `recent`: vl_recent_size() bytes, zero at first, used by one call at
 * a time; key: VL_RECENT_KEY random bytes, secret, always the same for it.
 * unfit[i] = 1 if item i must not be asked: an item that was entered before, or comes before it, has this target with other
 * u, v or Q (another scheme counts as other ones; two that differ are taken for the same with probability 2^-63). Or two
 * different x(R) would meet the target, which is one in 2^127; or it is a point of small order, which is no honest R. The others
 * are entered; if `always`, all are. */
enum { VL_RECENT_KEY = 416 };
size_t vl_recent_size(void);
int vl_recent_enter(uint8_t *unfit, size_t n, const uint64_t *targets, const uint64_t *u, const uint64_t *v,
                    const uint64_t *q, int scheme, int always, void *recent, const uint8_t *key);

/* ---- Batches of a verifier that are verified elsewhere ----
 *
 * Somebody with a device waits until enough items of one lane (a scheme under its rules) wait in one class, and lends them:
 * they count as begun, and are the caller's copy. What the cache knows is settled at once. Votes (VL_CONSENSUS) are never
 * lent, nor items of sources that are apart. Every loan has to be taken back, from which moment on it is gone, and the
 * verifier stays until then. The workers go on meanwhile: no caller waits for a loan but those whose items are in it. */

typedef struct vl_loan vl_loan;
typedef struct {
    int32_t priority, lane;
    uint64_t items; /* that wait */
} vl_offer;

/* How many lanes there are; the lane of a request, from 0, or VL_ERROR_ARGUMENT. keyless: no keys are given. */
int vl_verifier_lanes(void);
int vl_verifier_lane(const vl_request *request, int keyless);

/* *offer = the most urgent class and the lane of it where least[lane] items wait or more (0: none of this lane); waits
 * timeout_us for it (0: not at all, < 0: for ever). VL_ERROR_TIMEOUT; VL_ERROR_CLOSED when the verifier closes, and such
 * a lane is not left. least: as many as there are lanes, which nobody changes meanwhile. */
int vl_verifier_await(vl_verifier *verifier, vl_offer *offer, const uint64_t *least, int64_t timeout_us);

/* *loan = what waits of an offer's lane in its class, `most` items at most; NULL where fewer than `least` wait, and where the
 * cache knew them all. VL_ERROR_CLOSED, VL_ERROR_MEMORY: nothing was taken. */
int vl_verifier_lend(vl_verifier *verifier, vl_loan **loan, const vl_offer *offer, uint64_t least, uint64_t most);

/* Returns how many items there are; columns = keys, signatures, messages and user IDs, which live as long as the loan. */
size_t vl_loan_columns(const vl_loan *loan, vl_column columns[4]);

/* The items get their verdicts; or this error (< 0), and verdicts is not looked at. If the verifier was closed without
 * draining they have VL_ERROR_CLOSED already, and nothing happens to them. */
int vl_verifier_take_back(vl_verifier *verifier, vl_loan *loan, const uint8_t *verdicts, int error);

/* ---- What light clients' proofs are read and hashed with ---- */

/* Copies slice i, data[starts[i]] and on, to out[places[i]] and on, lengths[i] bytes. VL_ERROR_ARGUMENT where one leads
 * beyond the sizes of data or out. */
int vl_copy_slices(uint8_t *out, size_t out_size, const int64_t *places, size_t n, const uint8_t *data, size_t size,
                   const int64_t *starts, const int64_t *lengths);

/* Reads the fields of n protobuf messages, data[starts[i]] up to data[ends[i]], whose field numbers are below 16.
 * fields = 5 columns of `capacity`: message, field number, value (of bytes: their length), where its bytes start and end;
 * *n_fields of them, message by message. capacity: half of all bytes is enough. types: for each of 256 tags the wire type,
 * 0 or 2, or -1 if there is none. good[i] = 0, and no fields, for a message that has another tag, ends within a field, or
 * has a varint that is longer than it need be or than 64 bits. */
int vl_wire_fields(size_t *n_fields, uint64_t *fields, size_t capacity, uint8_t *good, size_t n, const uint8_t *data,
                   size_t size, const int64_t *starts, const int64_t *ends, const int8_t *types);

/* Visits the nodes of n partial Merkle trees (BIP 37) over totals[i] transactions, 1 to 2^32 - 1: those with good[i] = 1.
 * hashes[i]: the place of the first of n_hashes[i] hashes of 32 bytes, which are not read; flags[i]: of n_flags[i] bytes in
 * data. nodes = 7 columns of `capacity`: the tree, the node's height and number on its level, the rows of its left and
 * right child (-1 for none), the place of its hash (-1 where it is made of its children), its flag; *n_nodes of them,
 * tree by tree, depth first. capacity: for each tree its flags, or 33 (n_hashes[i] + 1) if that is less. good[i] is set to 0, and
 * there are no nodes, where hashes or flags are missing or left over. */
int vl_partial_trees(size_t *n_nodes, int64_t *nodes, size_t capacity, uint8_t *good, size_t n, const uint8_t *data,
                     size_t size, const int64_t *totals, const int64_t *n_hashes, const int64_t *hashes,
                     const int64_t *n_flags, const int64_t *flags);

/* VL_CDEF_END */

#endif
