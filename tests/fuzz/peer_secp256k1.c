/* libsecp256k1: https://github.com/bitcoin-core/secp256k1, include/secp256k1*.h. */
#include <dlfcn.h>
#include <string.h>

#include "peers.h"

/* coincurve's library is a module for Python, too: what it would ask of Python's data must be there to load it. No function of
 * Python's is ever called. */
__attribute__((visibility("default"))) char _Py_NoneStruct[64];

/* Its objects are opaque, of these sizes. */
typedef struct {
    uint8_t data[64];
} object;
typedef struct {
    uint8_t data[65];
} recoverable;

static struct {
    void *context;
    void *(*context_create)(unsigned);
    int (*ec_pubkey_parse)(const void *, object *, const uint8_t *, size_t);
    int (*ec_pubkey_serialize)(const void *, uint8_t *, size_t *, const object *, unsigned);
    int (*signature_parse_der)(const void *, object *, const uint8_t *, size_t);
    int (*signature_parse_compact)(const void *, object *, const uint8_t *);
    int (*signature_serialize_compact)(const void *, uint8_t *, const object *);
    int (*signature_normalize)(const void *, object *, const object *);
    int (*ecdsa_verify)(const void *, const object *, const uint8_t *, const object *);
    int (*recoverable_parse)(const void *, recoverable *, const uint8_t *, int);
    int (*ecdsa_recover)(const void *, object *, const recoverable *, const uint8_t *);
    int (*xonly_parse)(const void *, object *, const uint8_t *);
    int (*schnorrsig_verify)(const void *, const uint8_t *, const uint8_t *, size_t, const object *);
} peer;

enum { CONTEXT_NONE = 1, UNCOMPRESSED = 2 };

static int load(void) {
    static const char *const names[] = {"libsecp256k1.so.6", "libsecp256k1.so.5", "libsecp256k1.so.2",
                                        "libsecp256k1.so.1", NULL};
    void *library = peer_library("VERILANE_LIBSECP256K1", names);
    if (!library) return fuzz_skip("no libsecp256k1 (coincurve, or VERILANE_LIBSECP256K1=...)");
#define LOAD(member, name) \
    if (!(*(void **)&peer.member = dlsym(library, "secp256k1_" name))) return fuzz_skip("libsecp256k1 lacks " name)
    LOAD(context_create, "context_create");
    LOAD(ec_pubkey_parse, "ec_pubkey_parse");
    LOAD(ec_pubkey_serialize, "ec_pubkey_serialize");
    LOAD(signature_parse_der, "ecdsa_signature_parse_der");
    LOAD(signature_parse_compact, "ecdsa_signature_parse_compact");
    LOAD(signature_serialize_compact, "ecdsa_signature_serialize_compact");
    LOAD(signature_normalize, "ecdsa_signature_normalize");
    LOAD(ecdsa_verify, "ecdsa_verify");
    LOAD(recoverable_parse, "ecdsa_recoverable_signature_parse_compact");
    LOAD(ecdsa_recover, "ecdsa_recover");
    LOAD(xonly_parse, "xonly_pubkey_parse");
    LOAD(schnorrsig_verify, "schnorrsig_verify");
#undef LOAD
    peer.context = peer.context_create(CONTEXT_NONE);
    return peer.context != NULL;
}

static int there(void) {
    static int known = PEER_MISSING;
    if (known == PEER_MISSING) known = load();
    return known;
}

static void serialize(uint8_t point[64], const object *key) {
    uint8_t bytes[65];
    size_t size = sizeof bytes;
    FUZZ_CHECK(peer.ec_pubkey_serialize(peer.context, bytes, &size, key, UNCOMPRESSED) && size == 65);
    memcpy(point, bytes + 1, 64);
}

int secp256k1_point(uint8_t point[64], const uint8_t *key, size_t size) {
    object parsed;
    if (!there()) return PEER_MISSING;
    if (!peer.ec_pubkey_parse(peer.context, &parsed, key, size)) return PEER_NO;
    serialize(point, &parsed);
    return PEER_YES;
}

int secp256k1_der(uint8_t compact[64], vl_bytes der) {
    object parsed;
    if (!there()) return PEER_MISSING;
    if (!der.length || !peer.signature_parse_der(peer.context, &parsed, der.data, der.length)) return PEER_NO;
    FUZZ_CHECK(peer.signature_serialize_compact(peer.context, compact, &parsed));
    return PEER_YES;
}

int secp256k1_ecdsa(const uint8_t point[64], const uint8_t signature[64], const uint8_t digest[32]) {
    object key, parsed;
    uint8_t encoded[65] = {4};
    if (!there()) return PEER_MISSING;
    memcpy(encoded + 1, point, 64);
    if (!peer.ec_pubkey_parse(peer.context, &key, encoded, 65)) return PEER_NO;
    if (!peer.signature_parse_compact(peer.context, &parsed, signature)) return PEER_NO;
    peer.signature_normalize(peer.context, &parsed, &parsed); /* it takes low s only */
    return peer.ecdsa_verify(peer.context, &parsed, digest, &key);
}

int secp256k1_recover(uint8_t point[64], const uint8_t signature[65], const uint8_t digest[32]) {
    object key;
    recoverable parsed;
    if (!there()) return PEER_MISSING;
    if (signature[64] > 3 || !peer.recoverable_parse(peer.context, &parsed, signature, signature[64])) return PEER_NO;
    if (!peer.ecdsa_recover(peer.context, &key, &parsed, digest)) return PEER_NO;
    serialize(point, &key);
    return PEER_YES;
}

int secp256k1_xonly(const uint8_t key[32]) {
    object parsed;
    if (!there()) return PEER_MISSING;
    return peer.xonly_parse(peer.context, &parsed, key);
}

int secp256k1_schnorr(const uint8_t key[32], const uint8_t signature[64], vl_bytes message) {
    object parsed;
    if (!there()) return PEER_MISSING;
    if (!peer.xonly_parse(peer.context, &parsed, key)) return PEER_NO;
    return peer.schnorrsig_verify(peer.context, signature, message.data, message.length, &parsed);
}
