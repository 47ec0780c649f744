/* Ed25519 as RFC 8032 section 5.1 writes it, bit by bit, and the four rules as flags: what fast code is compared with. */
#ifndef FUZZ_PLAIN_ED25519_H
#define FUZZ_PLAIN_ED25519_H

#include "fuzz.h"

/* By enum vl_ed25519_rule. */
enum { PLAIN_RULES = 4 };

/* SHA-512(R || A || M) as received; 64 bytes. */
typedef void (*plain_sha512)(uint8_t digest[64], const uint8_t r[32], const uint8_t a[32], vl_bytes message);

/* verdicts = what each rule says of an item. */
void plain_ed25519(uint8_t verdicts[PLAIN_RULES], const fuzz_item *item, plain_sha512 sha512);

/* Whether a key decodes. */
int plain_ed25519_decodes(const uint8_t key[32]);

#endif
