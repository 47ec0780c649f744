/* The schemes' own code with challenges that the test chooses, for tests/test_schnorr_chosen.py. It is linked with the
 * extension itself: nothing here is a second build of anything but these functions. */
#include <string.h>

#include "dispatch.h"
#include "scheme/schnorr_block.h"

/* Of seed || counter: numbers that look like random ones (Steele, Lea, Flood, "Fast splittable pseudorandom number
 * generators", as SplitMix64). */
static void random_digest(uint8_t *digest, const uint8_t *seed, const uint8_t *counter) {
    uint64_t state, number;
    memcpy(&state, seed, 8);
    memcpy(&number, counter, 8);
    for (uint64_t k = 0; k < 4; k++) {
        uint64_t x = state + (4 * number + k + 1) * 0x9e3779b97f4a7c15;
        x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
        x = (x ^ x >> 27) * 0x94d049bb133111eb;
        x ^= x >> 31;
        memcpy(digest + 8 * k, &x, 8);
    }
}

/* In place of SHA-256: the digest of tag || head || message is the message, 32 bytes. Coefficients of equations come from
 * messages without a third part. */
static void itself(uint8_t *digests, size_t n, const vl_message *messages, const uint32_t *order) {
    for (size_t k = 0; k < n; k++) {
        size_t i = order ? order[k] : k;
        const vl_message *m = &messages[i];
        if (m->end[VL_PARTS - 1] == m->end[VL_PARTS - 2]) random_digest(digests + 32 * i, m->data[0], m->data[1]);
        else memcpy(digests + 32 * i, m->data[VL_PARTS - 1], 32);
    }
}

/* BIP-340's verification with int(challenges[i]) as the hash of item i; keys 32, signatures 64 bytes. seed: NULL, or 32
 * bytes for one equation over all. */
int chosen_schnorr(uint8_t *verdicts, size_t n, const uint8_t *keys, const uint8_t *signatures,
                   const uint8_t *challenges, const uint8_t *seed, int isa, void *scratch, size_t scratch_size) {
    const vl_hash_ops ops = {1, itself, {NULL}};
    const vl_hash_plan plan = {VL_SHA256, 32, 1, &vl_padding_sha256, &ops, &ops};
    const vl_column columns[3] = {{keys, NULL, 32, 0}, {signatures, NULL, 64, 0}, {challenges, NULL, 32, 0}};
    vl_scratch pieces;
    int error = vl_scratch_cut(&pieces, scratch, scratch_size);
    if (error != VL_SUCCESS) return error;
    const vl_curve_ops *curve = vl_dispatch_curve(&vl_curve_secp256k1, isa, n, &pieces, &error);
    if (error != VL_SUCCESS) return error;
    vl_schnorr_input input = {&columns[0], &columns[1], &columns[2], curve, &plan, 0, seed, 1};
    vl_secp256k1_schnorr_blocks(verdicts, n, &input, &pieces);
    return VL_SUCCESS;
}

/* r[i] = u[i] G + v[i] q[i] for n <= VL_BLOCK items in eight words; infinite[i] says that r[i] is infinity, exact[i] that
 * the exact path was asked. */
int chosen_sums(uint64_t *r, uint8_t *infinite, uint8_t *exact, size_t n, const uint64_t *u, const uint64_t *v,
                const uint64_t *q, int isa, void *scratch, size_t scratch_size) {
    vl_scratch pieces;
    int error = vl_scratch_cut(&pieces, scratch, scratch_size);
    if (error != VL_SUCCESS) return error;
    const vl_curve_ops *curve = vl_dispatch_curve(&vl_curve_secp256k1, isa, n, &pieces, &error);
    if (error != VL_SUCCESS) return error;
    vl_point *sums = (vl_point *)r;
    const vl_point *points = (const vl_point *)q;
    const vl_u256 *us = (const vl_u256 *)u, *vs = (const vl_u256 *)v;
    curve->double_mul(sums, exact, n, us, vs, points, pieces.primitive);
    for (size_t i = 0; i < n; i++) {
        infinite[i] = exact[i] && !vl_secp256k1_double_mul_exact(&sums[i], &us[i], &vs[i], &points[i]);
    }
    return VL_SUCCESS;
}
