"""ECDSA signatures as DER: BIP 66's strict rule, and the lax rule that Bitcoin applied before it.

Both give (r, s) as integers of any size, or None when the bytes are no signature at all; the range
[1, n - 1] is the scheme's business.
"""


def encode_integer(value: int) -> bytes:
    body = value.to_bytes(value.bit_length() // 8 + 1, "big")
    return bytes([2, len(body)]) + body


def encode(r: int, s: int) -> bytes:
    """The one DER encoding of SEQUENCE { r INTEGER, s INTEGER } (both below 2^256)."""
    body = encode_integer(r) + encode_integer(s)
    return bytes([0x30, len(body)]) + body


def parse_strict(sig: bytes) -> tuple[int, int] | None:
    """BIP 66, IsValidSignatureEncoding, line by line. The sighash byte that ends the BIP's
    signatures is not here, so every length is one less than in its text.
    """
    # Minimum and maximum size constraints.
    if len(sig) < 8 or len(sig) > 72:
        return None
    # A signature is of type 0x30 (compound).
    if sig[0] != 0x30:
        return None
    # Make sure the length covers the entire signature.
    if sig[1] != len(sig) - 2:
        return None
    # Extract the length of the R element, and make sure the length of the S element is still inside
    # the signature.
    len_r = sig[3]
    if 5 + len_r >= len(sig):
        return None
    # Extract the length of the S element, and verify that the lengths match the total.
    len_s = sig[5 + len_r]
    if len_r + len_s + 6 != len(sig):
        return None
    for tag, start, length in ((2, 4, len_r), (4 + len_r, 6 + len_r, len_s)):
        # Check whether the element is an integer.
        if sig[tag] != 0x02:
            return None
        # Zero-length integers are not allowed.
        if length == 0:
            return None
        # Negative numbers are not allowed.
        if sig[start] & 0x80:
            return None
        # Null bytes at the start are not allowed, unless the number would otherwise be interpreted
        # as negative.
        if length > 1 and sig[start] == 0x00 and not sig[start + 1] & 0x80:
            return None
    return int.from_bytes(sig[4 : 4 + len_r], "big"), int.from_bytes(sig[6 + len_r :], "big")


def _lax_length(sig: bytes, pos: int) -> tuple[int, int] | None:
    """A length at pos: (length, next pos). Leading zero bytes of the long form are skipped; lengths
    of 2^24 bytes and more count as unreadable.
    """
    if pos >= len(sig):
        return None
    first, pos = sig[pos], pos + 1
    if first < 0x80:
        return first, pos
    octets = sig[pos : pos + first - 0x80]
    if len(octets) < first - 0x80:
        return None
    if len(octets.lstrip(b"\0")) >= 4:
        return None
    return int.from_bytes(octets, "big"), pos + len(octets)


def _lax_integer(sig: bytes, pos: int) -> tuple[int, int] | None:
    """An INTEGER at pos, read as unsigned: (value, next pos). Padding and a missing sign byte are
    forgiven.
    """
    if sig[pos : pos + 1] != b"\x02":
        return None
    length = _lax_length(sig, pos + 1)
    if length is None or length[0] > len(sig) - length[1]:
        return None
    size, start = length
    return int.from_bytes(sig[start : start + size], "big"), start + size


def parse_lax(sig: bytes) -> tuple[int, int] | None:
    """What Bitcoin Core's ecdsa_signature_parse_der_lax is documented to forgive: the sequence's
    length is skipped and not compared with anything, integers may be padded, "negative" or empty
    (zero), lengths may be in long form, bytes after s are ignored. (Where Core gets a value too
    large it stores (0, 0), which never verifies: here the range check refuses it.)
    """
    if sig[:1] != b"\x30" or len(sig) < 2:
        return None
    pos = 2
    if sig[1] & 0x80:
        pos += sig[1] - 0x80  # the bytes of a long length, or none at all for BER's indefinite form
        if pos > len(sig):
            return None
    r = _lax_integer(sig, pos)
    if r is None:
        return None
    s = _lax_integer(sig, r[1])
    return None if s is None else (r[0], s[0])
