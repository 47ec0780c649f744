/* Signatures of ECDSA as bytes, before anything is computed: every encoding and rule, against a plain text and libsecp256k1. */
#ifndef FUZZ_ENCODINGS_H
#define FUZZ_ENCODINGS_H

#include "fuzz.h"
#include "scheme/curve.h"

/* 1 <= r, s < n, and s <= n - s where flags ask for low s. */
int may_be_verified(vl_u256 r, vl_u256 s, unsigned flags, const vl_curve *curve);

/* The signature's bytes, taken as strict DER, lax DER and r || s, on both curves. */
void check_signature_forms(const fuzz_bytes *signature);

#endif
