/* OpenSSL's libcrypto 1.1.1 or later: ec.h, ecdsa.h, evp.h. Their objects are opaque here. */
#include <dlfcn.h>
#include <string.h>

#include "peers.h"

typedef struct opaque opaque;

/* evp.h, obj_mac.h. */
enum { NID_SECP256K1 = 714, NID_P256 = 415, NID_SM2 = 1172, NID_ED25519 = 1087 };

static struct {
    opaque *(*group_new)(int);
    opaque *(*point_new)(const opaque *);
    void (*point_free)(opaque *);
    int (*oct2point)(const opaque *, opaque *, const uint8_t *, size_t, opaque *);
    size_t (*point2oct)(const opaque *, const opaque *, int, uint8_t *, size_t, opaque *);
    opaque *(*key_new)(void);
    void (*key_free)(opaque *);
    int (*key_set_group)(opaque *, const opaque *);
    int (*key_set_public)(opaque *, const opaque *);
    opaque *(*bin2bn)(const uint8_t *, int, opaque *);
    opaque *(*signature_new)(void);
    void (*signature_free)(opaque *);
    int (*signature_set)(opaque *, opaque *, opaque *);
    int (*do_verify)(const uint8_t *, int, const opaque *, opaque *);
    int (*verify)(int, const uint8_t *, int, const uint8_t *, int, opaque *);
    opaque *(*pkey_new)(void);
    void (*pkey_free)(opaque *);
    int (*pkey_set_ec)(opaque *, opaque *);
    int (*pkey_set_alias)(opaque *, int); /* 1.1.1 only */
    opaque *(*pkey_raw)(int, opaque *, const uint8_t *, size_t);
    opaque *(*context_new)(opaque *, opaque *);
    void (*context_free)(opaque *);
    int (*context_set_id)(opaque *, const void *, int);
    int (*verify_init)(opaque *);
    int (*pkey_verify)(opaque *, const uint8_t *, size_t, const uint8_t *, size_t);
    opaque *(*md_new)(void);
    void (*md_free)(opaque *);
    void (*md_set_context)(opaque *, opaque *);
    int (*digest_verify_init)(opaque *, opaque **, const opaque *, opaque *, opaque *);
    int (*digest_verify)(opaque *, const uint8_t *, size_t, const uint8_t *, size_t);
    const opaque *(*digest_by_name)(const char *);
    int (*digest)(const void *, size_t, uint8_t *, unsigned *, const opaque *, opaque *);
    void (*clear_errors)(void);
    opaque *group[3], *md[VL_HASH_COUNT];
} peer;

static int load(void) {
    static const char *const files[] = {"libcrypto.so.3", "libcrypto.so.1.1", "libcrypto.so", NULL};
    void *library = peer_library("VERILANE_LIBCRYPTO", files);
    if (!library) return fuzz_skip("no libcrypto (OpenSSL, or VERILANE_LIBCRYPTO=...)");
#define LOAD(member, name) \
    if (!(*(void **)&peer.member = dlsym(library, name))) return fuzz_skip("libcrypto lacks " name)
    LOAD(group_new, "EC_GROUP_new_by_curve_name");
    LOAD(point_new, "EC_POINT_new");
    LOAD(point_free, "EC_POINT_free");
    LOAD(oct2point, "EC_POINT_oct2point");
    LOAD(point2oct, "EC_POINT_point2oct");
    LOAD(key_new, "EC_KEY_new");
    LOAD(key_free, "EC_KEY_free");
    LOAD(key_set_group, "EC_KEY_set_group");
    LOAD(key_set_public, "EC_KEY_set_public_key");
    LOAD(bin2bn, "BN_bin2bn");
    LOAD(signature_new, "ECDSA_SIG_new");
    LOAD(signature_free, "ECDSA_SIG_free");
    LOAD(signature_set, "ECDSA_SIG_set0");
    LOAD(do_verify, "ECDSA_do_verify");
    LOAD(verify, "ECDSA_verify");
    LOAD(pkey_new, "EVP_PKEY_new");
    LOAD(pkey_free, "EVP_PKEY_free");
    LOAD(pkey_set_ec, "EVP_PKEY_set1_EC_KEY");
    LOAD(pkey_raw, "EVP_PKEY_new_raw_public_key");
    LOAD(context_new, "EVP_PKEY_CTX_new");
    LOAD(context_free, "EVP_PKEY_CTX_free");
    LOAD(context_set_id, "EVP_PKEY_CTX_set1_id");
    LOAD(verify_init, "EVP_PKEY_verify_init");
    LOAD(pkey_verify, "EVP_PKEY_verify");
    LOAD(md_new, "EVP_MD_CTX_new");
    LOAD(md_free, "EVP_MD_CTX_free");
    LOAD(md_set_context, "EVP_MD_CTX_set_pkey_ctx");
    LOAD(digest_verify_init, "EVP_DigestVerifyInit");
    LOAD(digest_verify, "EVP_DigestVerify");
    LOAD(digest_by_name, "EVP_get_digestbyname");
    LOAD(digest, "EVP_Digest");
    LOAD(clear_errors, "ERR_clear_error");
#undef LOAD
    opaque *(*fetch)(opaque *, const char *, const char *);
    *(void **)&fetch = dlsym(library, "EVP_MD_fetch");
    const char *const names[VL_HASH_COUNT] = {
        [VL_SHA256] = "SHA256", [VL_SHA512] = "SHA512",        [VL_SHA3_256] = "SHA3-256",
        [VL_SM3] = "SM3",       [VL_KECCAK256] = "KECCAK-256",
    };
    for (int hash = 0; hash < VL_HASH_COUNT; hash++) {
        if (!names[hash]) continue;
        peer.md[hash] = fetch ? fetch(NULL, names[hash], NULL) : (opaque *)(uintptr_t)peer.digest_by_name(names[hash]);
    }
    peer.group[VL_SECP256K1_ECDSA] = peer.group_new(NID_SECP256K1);
    peer.group[VL_P256_ECDSA] = peer.group_new(NID_P256);
    peer.group[VL_SM2] = peer.group_new(NID_SM2);
    return 1;
}

static int there(void) {
    static int known = PEER_MISSING;
    if (known == PEER_MISSING) known = load();
    if (known) peer.clear_errors();
    return known;
}

int openssl_point(uint8_t point[64], int scheme, const uint8_t *key, size_t size) {
    uint8_t bytes[65];
    if (!there() || !peer.group[scheme]) return PEER_MISSING;
    opaque *parsed = peer.point_new(peer.group[scheme]);
    int good = size > 1 && peer.oct2point(peer.group[scheme], parsed, key, size, NULL) == 1;
    if (good) good = peer.point2oct(peer.group[scheme], parsed, 4, bytes, 65, NULL) == 65;
    if (good) memcpy(point, bytes + 1, 64);
    peer.point_free(parsed);
    return good;
}

/* NULL if the point is none. */
static opaque *key_of(int scheme, const uint8_t point[64]) {
    uint8_t bytes[65] = {4};
    memcpy(bytes + 1, point, 64);
    opaque *parsed = peer.point_new(peer.group[scheme]), *key = peer.key_new();
    const int good = peer.key_set_group(key, peer.group[scheme]) == 1 &&
                     peer.oct2point(peer.group[scheme], parsed, bytes, 65, NULL) == 1 &&
                     peer.key_set_public(key, parsed) == 1;
    peer.point_free(parsed);
    if (good) return key;
    peer.key_free(key);
    return NULL;
}

int openssl_ecdsa(int scheme, const uint8_t point[64], const uint8_t signature[64], const uint8_t digest[32]) {
    if (!there() || !peer.group[scheme]) return PEER_MISSING;
    opaque *key = key_of(scheme, point), *parsed = peer.signature_new();
    peer.signature_set(parsed, peer.bin2bn(signature, 32, NULL), peer.bin2bn(signature + 32, 32, NULL));
    const int good = key && peer.do_verify(digest, 32, parsed, key) == 1;
    peer.signature_free(parsed);
    peer.key_free(key);
    return good;
}

int openssl_ecdsa_der(int scheme, const uint8_t point[64], vl_bytes signature, const uint8_t digest[32]) {
    if (!there() || !peer.group[scheme]) return PEER_MISSING;
    opaque *key = key_of(scheme, point);
    const int good = key && peer.verify(0, digest, 32, signature.data, (int)signature.length, key) == 1;
    peer.key_free(key);
    return good;
}

int openssl_ed25519(const uint8_t key[32], const uint8_t signature[64], vl_bytes message) {
    if (!there()) return PEER_MISSING;
    opaque *pkey = peer.pkey_raw(NID_ED25519, NULL, key, 32), *md = peer.md_new();
    const int good = pkey && peer.digest_verify_init(md, NULL, NULL, NULL, pkey) == 1 &&
                     peer.digest_verify(md, signature, 64, message.data, message.length) == 1;
    peer.md_free(md);
    peer.pkey_free(pkey);
    return good;
}

static int sm2_digest(opaque *pkey, vl_bytes der, vl_bytes digest) {
    opaque *context = peer.context_new(pkey, NULL);
    const int good = peer.verify_init(context) == 1 &&
                     peer.pkey_verify(context, der.data, der.length, digest.data, digest.length) == 1;
    peer.context_free(context);
    return good;
}

static int sm2_message(opaque *pkey, vl_bytes der, vl_bytes message, vl_bytes id) {
    opaque *context = peer.context_new(pkey, NULL), *md = peer.md_new();
    int good = peer.context_set_id(context, id.data, (int)id.length) == 1;
    peer.md_set_context(md, context);
    good = good && peer.digest_verify_init(md, NULL, peer.md[VL_SM3], NULL, pkey) == 1;
    good = good && peer.digest_verify(md, der.data, der.length, message.data, message.length) == 1;
    peer.md_free(md);
    peer.context_free(context);
    return good;
}

int openssl_sm2(const uint8_t point[64], vl_bytes der, vl_bytes message, vl_bytes id) {
    if (!there() || !peer.group[VL_SM2] || !peer.md[VL_SM3]) return PEER_MISSING;
    opaque *key = key_of(VL_SM2, point), *pkey = peer.pkey_new();
    int good = key && peer.pkey_set_ec(pkey, key) == 1;
    if (good) good = id.data ? sm2_message(pkey, der, message, id) : sm2_digest(pkey, der, message);
    peer.pkey_free(pkey);
    peer.key_free(key);
    return good;
}

int openssl_digest(uint8_t *digest, int hash, vl_bytes message) {
    if (!there()) return PEER_MISSING;
    const int once = hash == VL_SHA256D ? VL_SHA256 : hash;
    if (!peer.md[once]) return PEER_MISSING;
    FUZZ_CHECK(peer.digest(message.data, message.length, digest, NULL, peer.md[once], NULL) == 1);
    if (hash == VL_SHA256D) FUZZ_CHECK(peer.digest(digest, 32, digest, NULL, peer.md[once], NULL) == 1);
    return PEER_YES;
}
