/* What an SM2 signature signs: e = SM3(ZA || M), with ZA = SM3(ENTL || ID || a || b || xG || yG || xA || yA)
 * (GB/T 32918.2-2016 sections 5.5 and 7.1, B3 and B4). */
#ifndef VL_SCHEME_SM2_DIGEST_H
#define VL_SCHEME_SM2_DIGEST_H

#include "scheme/sm2.h"

/* ENTL is the length of ID in bits, in two bytes: up to 65,535. */
#define VL_SM2_USER_ID_MOST ((size_t)8191)

/* So many ZA are hashed at a time: whole lanes of every instruction set. */
#define VL_SM2_ZA_GROUP 64

/* What a group is hashed from, beside IDs: ENTL, and a || b || xG || yG || xA || yA. */
typedef struct {
    uint8_t entl[VL_SM2_ZA_GROUP][2];
    uint8_t points[VL_SM2_ZA_GROUP][192];
} vl_sm2_za_group;

/* Entries with the same key and ID have the same ZA, hashed once. */
typedef struct {
    size_t distinct;           /* how many ZA there are */
    uint16_t za_of[VL_BLOCK];  /* entry -> its row of za */
    uint16_t holder[VL_BLOCK]; /* row of za -> the first entry that has it */
    uint16_t last[VL_BLOCK];   /* the last entry of this hash of key and ID; VL_BLOCK: none */
    uint8_t za[VL_BLOCK][32];
    union {
        vl_sm2_za_group group;
        uint8_t digests[VL_BLOCK][32]; /* e */
    };
    vl_hash_scratch hashing;
} vl_sm2_digest_scratch;

/* scratch->digests[k] = e of entry k, which is item first + item[k] and has the key q[k].
 * On input: n <= VL_BLOCK; no ID is longer than VL_SM2_USER_ID_MOST. */
void vl_sm2_digests(size_t n, const vl_point *q, const uint16_t *item, const vl_sm2_input *input, size_t first,
                    vl_sm2_digest_scratch *scratch);

#endif
