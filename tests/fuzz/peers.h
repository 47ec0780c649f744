/* OpenSSL and libsecp256k1, loaded, not linked. Where one is missing, one line says so and its functions return PEER_MISSING.
 *
 * VERILANE_LIBCRYPTO and VERILANE_LIBSECP256K1 name other files than the system's; run.py finds coincurve's. */
#ifndef FUZZ_PEERS_H
#define FUZZ_PEERS_H

#include "fuzz.h"

enum { PEER_MISSING = -1, PEER_NO = 0, PEER_YES = 1 };

/* The file that the environment's variable names, or else the first of these names (NULL ends them) that there is; or NULL. */
void *peer_library(const char *variable, const char *const *names);

/* ---- OpenSSL ---- */

/* point = x || y of a SEC 1 encoding (33 bytes, or 65 that may be hybrid) on the curve of a scheme. */
int openssl_point(uint8_t point[64], int scheme, const uint8_t *key, size_t size);

/* Of a point x || y; r || s; 32 bytes. */
int openssl_ecdsa(int scheme, const uint8_t point[64], const uint8_t signature[64], const uint8_t digest[32]);
/* The same of whatever bytes, which must be strict DER. */
int openssl_ecdsa_der(int scheme, const uint8_t point[64], vl_bytes signature, const uint8_t digest[32]);

int openssl_ed25519(const uint8_t key[32], const uint8_t signature[64], vl_bytes message);

/* id.data NULL: the message is the digest, of 32 bytes. */
int openssl_sm2(const uint8_t point[64], vl_bytes der, vl_bytes message, vl_bytes id);

/* hash: an enum vl_hash. Some versions know no Keccak-256, and none has BLAKE2b-256 by name. */
int openssl_digest(uint8_t *digest, int hash, vl_bytes message);

/* ---- libsecp256k1 ---- */

int secp256k1_point(uint8_t point[64], const uint8_t *key, size_t size);
/* compact = r || s of strict DER. PEER_YES too where r or s is out of range: then both are zero. */
int secp256k1_der(uint8_t compact[64], vl_bytes der);
int secp256k1_ecdsa(const uint8_t point[64], const uint8_t signature[64], const uint8_t digest[32]);
/* signature: r || s || id. */
int secp256k1_recover(uint8_t point[64], const uint8_t signature[65], const uint8_t digest[32]);
/* key: whether x is one at all. */
int secp256k1_xonly(const uint8_t key[32]);
int secp256k1_schnorr(const uint8_t key[32], const uint8_t signature[64], vl_bytes message);

#endif
