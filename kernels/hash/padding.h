/* How a hash ends a message: `mark` right after it, zeros up to the end of a block, there its length in bits as eight
 * big-endian bytes if `length` says so, and `seal` xored to the last byte. */
#ifndef VL_HASH_PADDING_H
#define VL_HASH_PADDING_H

typedef struct {
    u32 block; /* bytes that one compression takes */
    u32 tail;  /* bytes that follow the message at least */
    u8 mark, seal;
    int length;
} vl_padding;

/* FIPS 180-4 section 5.1.1 and GB/T 32905-2016 section 5.2; FIPS 180-4 section 5.1.2 (16 bytes of length, of which no
 * message in memory needs the first eight); the Keccak team's submission (rate 1088); FIPS 202 section B.2; RFC 7693
 * section 3.3 (zeros only; what ends is told by a counter). */
CONST vl_padding vl_padding_sha256 = {64, 1 + 8, 0x80, 0, 1};
CONST vl_padding vl_padding_sha512 = {128, 1 + 16, 0x80, 0, 1};
CONST vl_padding vl_padding_keccak256 = {136, 1, 0x01, 0x80, 0};
CONST vl_padding vl_padding_sha3_256 = {136, 1, 0x06, 0x80, 0};
CONST vl_padding vl_padding_blake2b = {128, 0, 0, 0, 0};

#endif
