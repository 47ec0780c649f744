/* Which curve a scheme is on. */
#ifndef VL_OFFLOAD_CURVES_H
#define VL_OFFLOAD_CURVES_H

#include "binding.h"
#include "dispatch.h"
#include "scheme/curve.h"
#include "scheme/ed25519_rules.h"

static inline int vl_offload_is_scheme(int scheme) { return scheme >= VL_SECP256K1_ECDSA && scheme <= VL_ED25519; }

/* Not for Ed25519. */
static inline const vl_curve *vl_offload_curve(int scheme) {
    return scheme == VL_P256_ECDSA ? &vl_curve_p256 : scheme == VL_SM2 ? &vl_curve_sm2 : &vl_curve_secp256k1;
}

/* The primitives of a scheme's curve: one of the two is NULL. */
typedef struct {
    const vl_curve_ops *curve;
    const vl_edwards_ops *edwards;
} vl_offload_ops;

static inline int vl_offload_dispatch(vl_offload_ops *ops, int scheme, int isa, size_t n, const vl_scratch *scratch) {
    int error = VL_SUCCESS;
    *ops = (vl_offload_ops){NULL, NULL};
    if (!vl_offload_is_scheme(scheme)) return VL_ERROR_ARGUMENT;
    if (scheme == VL_ED25519) ops->edwards = vl_dispatch_ed25519(isa, n, scratch, &error);
    else ops->curve = vl_dispatch_curve(vl_offload_curve(scheme), isa, n, scratch, &error);
    return error;
}

#endif
