/* Ed25519's points: encodings decoded many at a time, and keys prepared for many uses. */
#ifndef VL_SCHEME_ED25519_KEYS_H
#define VL_SCHEME_ED25519_KEYS_H

#include "ops.h"
#include "scheme/ed25519_rules.h"
#include "scratch.h"
#include "verilane.h"

/* Points to be decoded, packed for one call of decompress. */
typedef struct {
    size_t count;
    uint16_t item[VL_EDWARDS_BLOCK]; /* whose it is */
    vl_u256 y[VL_EDWARDS_BLOCK];
    uint8_t odd[VL_EDWARDS_BLOCK], ok[VL_EDWARDS_BLOCK];
    vl_point point[VL_EDWARDS_BLOCK];
} vl_ed25519_encoded;

static inline void vl_ed25519_add_encoded(vl_ed25519_encoded *c, size_t item, const vl_ed25519_encoding *e) {
    c->item[c->count] = (uint16_t)item;
    c->y[c->count] = e->y;
    c->odd[c->count++] = e->odd;
}

/* Decodes them; ok also says that the result is the encoded point, by the host's own check. */
void vl_ed25519_decode(vl_ed25519_encoded *c, const vl_edwards_ops *ops, void *scratch);

/* Whether a row holds a key; (0, 0) is no point. */
int vl_ed25519_is_prepared(const vl_ed25519_prepared *key);

/* On input: rows are zero, the column is readable for n items. On output: so are the rows of those that are no keys,
 * VL_BAD_KEY; the others are VL_OK. */
void vl_ed25519_prepare_rows(vl_ed25519_prepared *rows, uint8_t *verdicts, size_t n, const vl_column *keys,
                             const vl_edwards_ops *ops, const vl_scratch *scratch);

#endif
