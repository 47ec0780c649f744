"""The verifier's cache: only what is valid, under its own rules, in bounds."""

from verifier_items import mismatching, valid
from verilane import Verdict
from verilane.verifier import Item, Rules, Verifier

OK, MISMATCH = Verdict.OK, Verdict.MISMATCH
VOTE = valid("ed25519", 1)[0]


# ---- The cache ----


def hits(verifier: Verifier, item: Item) -> int:
    before = verifier.stats()["cache_hits"]
    verifier.verify(item)
    return int(verifier.stats()["cache_hits"] - before)


def test_only_valid_items_are_remembered() -> None:
    good, bad = VOTE, mismatching(VOTE)
    with Verifier(threads=1) as verifier:
        assert [hits(verifier, good) for _ in range(3)] == [0, 1, 1]
        assert [hits(verifier, bad) for _ in range(3)] == [0, 0, 0]
        assert verifier.verify(bad) == MISMATCH
        assert verifier.stats()["cache_items"] == 1


def test_rules_and_schemes_are_part_of_the_key() -> None:
    """The same bytes under another rule, encoding, scheme or ID are another item."""
    ecdsa, digest = valid("secp256k1.ecdsa", 1)[0], valid(Rules("sm2", digests=True), 1)[0]
    with Verifier(threads=1) as verifier:
        for item, others in [
            (VOTE, [Rules("ed25519", rule=rule) for rule in ("rfc8032", "openssl", "strict")]),
            (VOTE, [Rules("secp256k1.schnorr")]),
            (
                ecdsa,
                [Rules("secp256k1.ecdsa", low_s=True), Rules("secp256k1.ecdsa", hybrid_keys=True)],
            ),
            (ecdsa, [Rules("p256.ecdsa"), Rules("secp256k1.ecdsa", encoding="der-lax")]),
            (digest, [Rules("sm2"), Rules("sm2", user_id=b"x"), Rules("sm2", user_id=b"")]),
        ]:
            verifier.verify(item)
            assert hits(verifier, item) == 1
            for rules in others:
                assert hits(verifier, item._replace(rules=rules)) == 0


def test_every_byte_is_part_of_the_key() -> None:
    """Bytes that move from one part to the next make another item, too."""
    _, key, signature, message = VOTE
    assert message
    with Verifier(threads=1) as verifier:
        assert verifier.verify(VOTE) == OK
        for part in range(3):
            parts = [key, signature, message]
            for i in range(len(parts[part])):
                changed = bytearray(parts[part])
                changed[i] ^= 0x10
                other = [*parts[:part], bytes(changed), *parts[part + 1 :]]
                assert hits(verifier, Item("ed25519", *other)) == 0
        moved = [
            (key[:-1], key[-1:] + signature, message),
            (key + signature[:1], signature[1:], message),
            (key, signature[:-1], signature[-1:] + message),
            (key, signature + message[:1], message[1:]),
            (key, signature, message + b"\0"),
        ]
        for other in moved:
            assert hits(verifier, Item("ed25519", *other)) == 0
        assert hits(verifier, VOTE) == 1


def test_the_cache_is_bounded() -> None:
    items = [*valid("ed25519", 60), *valid("p256.ecdsa", 60), *valid("secp256k1.ecdsa", 60)] * 2
    with Verifier(cache=64) as verifier:  # the smallest: 16 sets of 8
        for _ in range(3):
            verifier.submit_many(items).result(60)
        assert 64 <= verifier.stats()["cache_items"] <= 128
    with Verifier(cache=0) as verifier:
        verifier.submit_many(items).result(60)
        assert verifier.stats()["cache_items"] == verifier.stats()["cache_misses"] == 0


def test_verifiers_do_not_share_a_cache() -> None:
    with Verifier() as one, Verifier() as other:
        one.verify(VOTE)
        assert hits(other, VOTE) == 0


def test_hits_among_others_in_one_batch() -> None:
    items = valid("ed25519", 60)
    mixed = [mismatching(item) if i % 3 else item for i, item in enumerate(items)]
    with Verifier() as verifier:
        verifier.submit_many(items[::2]).result(60)
        verdicts = verifier.submit_many([*items, *mixed, *items[::-1]]).result(60)
    expected = [OK] * 60 + [MISMATCH if i % 3 else OK for i in range(60)] + [OK] * 60
    assert list(verdicts) == expected
