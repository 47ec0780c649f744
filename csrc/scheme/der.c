#include "scheme/der.h"

#include <string.h>

#include "scheme/u256.h"

enum { TAG_INTEGER = 0x02, TAG_SEQUENCE = 0x30, LONG_LENGTH = 0x80 };

/* What has not been read yet. Every function below checks `left.length` before it reads, and takes what it has read
 * off the front. */
static int take_byte(vl_bytes *left, uint8_t *byte) {
    if (left->length == 0) return 0;
    *byte = left->data[0];
    left->data++;
    left->length--;
    return 1;
}

static int take_tag(vl_bytes *left, uint8_t tag) {
    uint8_t byte;
    return take_byte(left, &byte) && byte == tag;
}

static int take_bytes(vl_bytes *left, vl_bytes *taken, size_t length) {
    if (length > left->length) return 0;
    *taken = (vl_bytes){left->data, length};
    if (length) left->data += length;
    left->length -= length;
    return 1;
}

/* The contents of an INTEGER, taken as unsigned; 0 when it does not fit into 256 bits. */
static int integer_value(vl_u256 *a, vl_bytes contents) {
    while (contents.length && contents.data[0] == 0) {
        contents.data++;
        contents.length--;
    }
    if (contents.length > 32) return 0;
    uint8_t bytes[32] = {0};
    if (contents.length) memcpy(bytes + 32 - contents.length, contents.data, contents.length);
    u256_from_bytes(a, bytes);
    return 1;
}

/* ---- Strict ---- */

/* BIP 66: not empty, not negative, and a leading zero only before a byte whose top bit is set. */
static int is_minimal(vl_bytes contents) {
    if (contents.length == 0 || (contents.data[0] & 0x80)) return 0;
    return contents.length == 1 || contents.data[0] != 0 || (contents.data[1] & 0x80);
}

static int take_strict_integer(vl_bytes *left, vl_u256 *a) {
    uint8_t length;
    vl_bytes contents;
    return take_tag(left, TAG_INTEGER) && take_byte(left, &length) && take_bytes(left, &contents, length) &&
           is_minimal(contents) && integer_value(a, contents);
}

/* A length byte of 80 hex and more, which would begin a long form, exceeds what is left of 72 bytes: refused. */
int vl_der_strict(vl_u256 *r, vl_u256 *s, vl_bytes signature) {
    if (signature.length < 8 || signature.length > 72) return 0;
    uint8_t length;
    return take_tag(&signature, TAG_SEQUENCE) && take_byte(&signature, &length) && length == signature.length &&
           take_strict_integer(&signature, r) && take_strict_integer(&signature, s) && signature.length == 0;
}

/* ---- Lax ---- */

/* A length in short or long form. In the long form leading zeros are free, and a value of 2^24 or more is refused. */
static int take_lax_length(vl_bytes *left, size_t *length) {
    uint8_t first;
    vl_bytes digits;
    if (!take_byte(left, &first)) return 0;
    *length = first;
    if (!(first & LONG_LENGTH)) return 1;
    if (!take_bytes(left, &digits, first - LONG_LENGTH)) return 0;
    *length = 0;
    for (size_t i = 0; i < digits.length; i++) {
        if (*length >> 16) return 0;
        *length = *length << 8 | digits.data[i];
    }
    return 1;
}

static int take_lax_integer(vl_bytes *left, vl_bytes *contents) {
    size_t length;
    return take_tag(left, TAG_INTEGER) && take_lax_length(left, &length) && take_bytes(left, contents, length);
}

/* The sequence's own length: its bytes must be there, but what they say does not matter. */
static int skip_sequence_length(vl_bytes *left) {
    uint8_t first;
    vl_bytes digits;
    if (!take_byte(left, &first)) return 0;
    return !(first & LONG_LENGTH) || take_bytes(left, &digits, first - LONG_LENGTH);
}

/* Core makes a signature whose r or s is n or more all zero, so that no message matches it; refusing it here gives the
 * same answer. */
int vl_der_lax(vl_u256 *r, vl_u256 *s, vl_bytes signature) {
    vl_bytes contents_r, contents_s;
    return take_tag(&signature, TAG_SEQUENCE) && skip_sequence_length(&signature) &&
           take_lax_integer(&signature, &contents_r) && take_lax_integer(&signature, &contents_s) &&
           integer_value(r, contents_r) && integer_value(s, contents_s);
}
