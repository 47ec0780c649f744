#include "verifier/lanes.h"

/* Lanes are numbered scheme by scheme. ECDSA: 12 encoding + 4 key form + flags. SM2: 2 encoding + whether messages are
 * digests, then the two of FISCO's without keys. */
enum {
    SECP256K1_ECDSA = 0,
    ECDSA_LANES = 36,
    P256_ECDSA = SECP256K1_ECDSA + ECDSA_LANES,
    SCHNORR = P256_ECDSA + ECDSA_LANES,
    ED25519 = SCHNORR + 1,
    ED25519_LANES = 4,
    SM2 = ED25519 + ED25519_LANES,
    SM2_KEYLESS = SM2 + 6,
    END = SM2_KEYLESS + 2
};

_Static_assert((int)END == (int)VL_LANES, "every lane has its lists");
_Static_assert((VL_LOW_S | VL_HYBRID_KEYS) == 3 && VL_DER_LAX == 2, "twelve lanes for each of three encodings");
_Static_assert(VL_ED25519_STRICT == ED25519_LANES - 1, "a lane for each rule");

static const uint32_t key_forms[] = {0, VL_SEC1_KEYS, VL_COMPRESSED_KEYS};
static const int sm2_encodings[] = {VL_COMPACT, VL_DER, VL_FISCO};

static int ecdsa_lane(int first, const vl_request *request) {
    const uint32_t flags = request->flags, two = VL_LOW_S | VL_HYBRID_KEYS;
    if (request->option < VL_COMPACT || request->option > VL_DER_LAX) return -1;
    if (flags & ~(two | VL_SEC1_KEYS | VL_COMPRESSED_KEYS)) return -1;
    const int form = flags & VL_COMPRESSED_KEYS ? 2 : flags & VL_SEC1_KEYS ? 1 : 0;
    return first + 12 * request->option + 4 * form + (int)(flags & two);
}

static int sm2_lane(const vl_request *request, int keyless) {
    const int digests = request->user_id == NULL;
    if (request->flags) return -1;
    if (keyless) return request->option == VL_FISCO ? SM2_KEYLESS + digests : -1;
    for (int i = 0; i < 3; i++)
        if (sm2_encodings[i] == request->option) return SM2 + 2 * i + digests;
    return -1;
}

int vl_lane_of(const vl_request *request, int keyless) {
    if (request->scheme == VL_SM2) return sm2_lane(request, keyless);
    if (keyless || request->user_id) return -1;
    switch (request->scheme) {
    case VL_SECP256K1_ECDSA:
        return ecdsa_lane(SECP256K1_ECDSA, request);
    case VL_P256_ECDSA:
        return ecdsa_lane(P256_ECDSA, request);
    case VL_SECP256K1_SCHNORR:
        return request->option || request->flags ? -1 : SCHNORR;
    case VL_ED25519:
        if (request->option < 0 || request->option >= ED25519_LANES || request->flags) return -1;
        return ED25519 + request->option;
    }
    return -1;
}

int vl_lane_has_equation(int lane) { return lane == SCHNORR || lane == ED25519 + VL_ED25519_ZIP215; }

int vl_lane_verify(uint8_t *verdicts, size_t n, int lane, const vl_column columns[VL_COLUMNS], const uint8_t *seed,
                   int isa, void *scratch, size_t scratch_size) {
    const vl_column *keys = columns + VL_KEYS, *signatures = columns + VL_SIGNATURES, *messages = columns + VL_MESSAGES,
                    *user_ids = columns + VL_USER_IDS;
    if (lane < SCHNORR) {
        const int of_scheme = lane % ECDSA_LANES, encoding = of_scheme / 12;
        const unsigned flags = (unsigned)(of_scheme % 4) | key_forms[of_scheme / 4 % 3];
        return (lane < P256_ECDSA ? vl_secp256k1_ecdsa_verify : vl_p256_ecdsa_verify)(
            verdicts, n, keys, signatures, messages, encoding, flags, isa, scratch, scratch_size);
    }
    if (lane == SCHNORR)
        return vl_secp256k1_schnorr_verify(verdicts, n, keys, signatures, messages, 0, seed, isa, scratch,
                                           scratch_size);
    if (lane < SM2)
        return vl_ed25519_verify(verdicts, n, keys, signatures, messages, lane - ED25519, 0, seed, isa, scratch,
                                 scratch_size);
    const int keyless = lane >= SM2_KEYLESS, digests = (lane - SM2) % 2;
    const int encoding = keyless ? VL_FISCO : sm2_encodings[(lane - SM2) / 2];
    return vl_sm2_verify(verdicts, n, keyless ? NULL : keys, signatures, messages, digests ? NULL : user_ids, 0,
                         encoding, isa, scratch, scratch_size);
}
