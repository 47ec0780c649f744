/* Known answers. A set of primitives that gets one wrong must not be used. */
#ifndef VL_SELFTEST_H
#define VL_SELFTEST_H

#include "hash/hash.h"
#include "ops.h"
#include "scratch.h"

/* All return 1 if every answer is right, else 0. About a millisecond; the curve's prepare() comes first.
 * sha256: what BIP-340's challenges are hashed with. */
int vl_selftest_secp256k1(const vl_curve_ops *ops, const vl_hash_ops *sha256, const vl_scratch *scratch);
int vl_selftest_p256(const vl_curve_ops *ops, const vl_scratch *scratch);
/* sm3: what messages are hashed with. */
int vl_selftest_sm2(const vl_curve_ops *ops, const vl_hash_ops *sm3, const vl_scratch *scratch);
int vl_selftest_hash(const vl_hash_ops *ops, int hash);

/* The same; vl_ed25519_prepare() comes first. */
int vl_selftest_ed25519(const vl_edwards_ops *ops, const vl_hash_ops *sha512, const vl_scratch *scratch);

#endif
