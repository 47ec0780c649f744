"""Prepared keys: decoded once, and every verdict is what it would be without."""

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import schnorr_items
import sm2_items
import verilane
from exceptional_items import exceptional_items
from items import honest_items
from reference import ecdsa as ecdsa_reference
from reference import schnorr as schnorr_reference
from reference import sm2 as sm2_reference
from reference.p256 import CURVE as P256
from reference.secp256k1 import decode_point, encode_point, lift_x, multiply_base
from strategies import mutated
from verilane import PreparedKeys, Verdict, Verdicts, _cpu, _cpu_signatures, ed25519, p256, sm2
from verilane.errors import InvalidSignature
from verilane.secp256k1 import ecdsa, schnorr

ECDSA = [*honest_items()[:700], *exceptional_items()]
SCHNORR = [*schnorr_items.honest_items()[:700], *schnorr_items.hostile_items()]
ON_P256 = [*honest_items(curve=P256)[:700], *exceptional_items(P256)]
SM2 = [*sm2_items.honest_items(700), *sm2_items.exceptional_items()]
for some in (ECDSA, SCHNORR, ON_P256, SM2):
    random.Random("prepared").shuffle(some)

Items = tuple[Any, list[bytes], list[bytes], list[bytes], list[int]]


class Sm2:
    """The module, for digests."""

    prepare = sm2.prepare

    @staticmethod
    def verify_many(keys: Any, signatures: Any, digests: Any, **options: Any) -> Verdicts:
        return sm2.verify_many(keys, signatures, digests=digests, **options)


def items_of(scheme: str) -> Items:
    """(module, keys, signatures, digests or messages, verdicts)"""
    if scheme == "schnorr":
        columns = zip(*((i.key, i.signature, i.message, i.verdict) for i in SCHNORR), strict=True)
        return schnorr, *map(list, columns)
    modules = {"ecdsa": (ecdsa, ECDSA), "p256": (p256.ecdsa, ON_P256), "sm2": (Sm2, SM2)}
    module, items = modules[scheme]
    columns = zip(*((i.key, i.signature, i.digest, i.verdict) for i in items), strict=True)
    return module, *map(list, columns)


SCHEMES = pytest.mark.parametrize("scheme", ["ecdsa", "schnorr", "p256", "sm2"])


@SCHEMES
@pytest.mark.parametrize("threads", [1, 2])
def test_verdicts_are_the_same(isa: str, scheme: str, threads: int) -> None:
    """Honest and hostile items, keys that are none among them."""
    module, keys, signatures, signed, expected = items_of(scheme)
    prepared = module.prepare(keys, device=isa, threads=threads)
    assert len(prepared) == len(keys)
    got = module.verify_many(prepared, signatures, signed, device=isa, threads=threads)
    assert got.codes.tolist() == expected
    assert {1, 2, 3, 5} <= set(expected)
    again = module.verify_many(prepared, signatures, signed, device="cpu:scalar")
    assert again.codes.tolist() == expected, "whoever prepared them"


@SCHEMES
def test_keys_that_are_none_are_known_beforehand(isa: str, scheme: str) -> None:
    module, keys, _, _, expected = items_of(scheme)
    verdicts = module.prepare(keys, device=isa).verdicts
    bad = [code == Verdict.BAD_KEY for code in expected]
    assert verdicts.codes.tolist() == [2 if each else 1 for each in bad]
    assert 10 < sum(bad) < 200


def test_points_are_the_keys(isa: str) -> None:
    """Decompressed as the reference does; zero where there is none."""
    keys = [item.key for item in ECDSA]
    points = ecdsa.prepare(keys, device=isa)._rows
    wanted = [decode_point(key) for key in keys]
    rows = [bytes(64) if each is None else encode_point(each, "raw") for each in wanted]
    assert points.tobytes() == b"".join(rows)
    keys = [item.key for item in SCHNORR]
    points = schnorr.prepare(keys, device=isa)._rows
    wanted = [lift_x(int.from_bytes(key, "big"), 0) if len(key) == 32 else None for key in keys]
    rows = [bytes(64) if each is None else encode_point(each, "raw") for each in wanted]
    assert points.tobytes() == b"".join(rows)
    for scheme, curve in (("p256", P256), ("sm2", sm2_reference.CURVE)):
        module, keys, *_ = items_of(scheme)
        points = module.prepare(keys, device=isa)._rows
        wanted = [curve.decode_point(key) for key in keys]
        rows = [bytes(64) if each is None else curve.encode_point(each, "raw") for each in wanted]
        assert points.tobytes() == b"".join(rows)


@pytest.mark.parametrize("n", [0, 1, 7, 8, 9, 16, 17, 64, 511, 512, 513, 1100])
@SCHEMES
def test_sizes(isa: str, scheme: str, n: int) -> None:
    module, keys, signatures, signed, expected = items_of(scheme)
    prepared = module.prepare(keys[:n], device=isa)
    assert (len(prepared), prepared.nbytes) == (n, 64 * n)
    got = module.verify_many(prepared, signatures[:n], signed[:n], device=isa)
    assert got.codes.tolist() == expected[:n]


@pytest.mark.parametrize("n", range(1, 18))
@SCHEMES
def test_a_bad_key_at_every_position(isa: str, scheme: str, n: int) -> None:
    module, keys, signatures, signed, expected = items_of(scheme)
    valid = [i for i, code in enumerate(expected) if code == 1][:n]
    bad = next(i for i, code in enumerate(expected) if code == 2)
    for position in range(n):
        chosen = [*valid[:position], bad, *valid[position + 1 :]]
        prepared = module.prepare([keys[i] for i in chosen], device=isa)
        columns = [[column[i] for i in valid] for column in (signatures, signed)]
        got = module.verify_many(prepared, *columns, device=isa)
        assert got.codes.tolist() == [2 if i == position else 1 for i in range(n)]


def test_hostile_keys(isa: str) -> None:
    """Any bytes: a key is one when the reference says so."""

    @settings(max_examples=60, deadline=None)
    @given(st.lists(mutated(encode_point(multiply_base(7)), (32, 33, 64, 65)), min_size=1))
    def run(keys: list[bytes]) -> None:
        wanted = [decode_point(key) is not None for key in keys]
        verdicts = ecdsa.prepare(keys, device=isa).verdicts
        assert [code == Verdict.OK for code in verdicts] == wanted
        keys = [key[1:] for key in keys]
        wanted = [
            len(key) == 32 and lift_x(int.from_bytes(key, "big"), 0) is not None for key in keys
        ]
        verdicts = schnorr.prepare(keys, device=isa).verdicts
        assert [code == Verdict.OK for code in verdicts] == wanted

    run()


def test_hybrid_keys(isa: str) -> None:
    """The option belongs to prepare; given again with prepared keys it has no meaning."""
    item = next(item for item in honest_items() if item.verdict == 1 and len(item.key) == 65)
    right = bytes([6 + item.key[64] % 2]) + item.key[1:]
    wrong = bytes([7 - item.key[64] % 2]) + item.key[1:]
    keys, n = [item.key, right, wrong], 3
    signed = [item.signature] * n, [item.digest] * n
    for hybrid, expected in ((False, [1, 2, 2]), (True, [1, 1, 2])):
        prepared = ecdsa.prepare(keys, hybrid_keys=hybrid, device=isa)
        assert ecdsa.verify_many(prepared, *signed, device=isa).codes.tolist() == expected
    with pytest.raises(ValueError, match="hybrid_keys"):
        ecdsa.verify_many(prepared, *signed, hybrid_keys=True)


@pytest.mark.parametrize("scheme", ["ecdsa", "p256"])
def test_key_forms(isa: str, scheme: str) -> None:
    """Which keys there are depends on how they may be written; options of prepare go together."""
    module, keys, signatures, signed, _ = items_of(scheme)
    by_length = {len(key): i for i, key in enumerate(keys) if len(key) in (33, 64, 65)}
    rows = [by_length[length] for length in (33, 64, 65)]
    one_of_each = [keys[i] for i in rows]
    items = [signatures[i] for i in rows], [signed[i] for i in rows]
    wanted = {"any": [1, 1, 1], "sec1": [1, 2, 1], "compressed": [1, 2, 2]}
    for form, codes in wanted.items():
        got = module.verify_many(one_of_each, *items, key_form=form, device=isa)
        assert got.codes.tolist() == codes
        prepared = module.prepare(one_of_each, key_form=form, hybrid_keys=True, device=isa)
        assert module.verify_many(prepared, *items, device=isa).codes.tolist() == codes
        for code, *item in zip(codes, one_of_each, *items, strict=True):
            if code == 1:
                module.verify(*item, key_form=form, device=isa)
            else:
                with pytest.raises(InvalidSignature) as error:
                    module.verify(*item, key_form=form, device=isa)
                assert error.value.verdict == code
    with pytest.raises(ValueError, match="key_form: prepare"):
        module.verify_many(prepared, *items, key_form="sec1")
    with pytest.raises(ValueError, match="no key form is named 'raw'; there are: any, sec1, comp"):
        module.verify_many(one_of_each, *items, key_form="raw")


@pytest.mark.parametrize("scheme", ["ecdsa", "p256"])
def test_options_of_verify_many_hold(isa: str, scheme: str) -> None:
    module, keys, signatures, signed, _ = items_of(scheme)
    prepared = module.prepare(keys, device=isa)
    got = module.verify_many(prepared, signatures, signed, low_s=True, device=isa)
    assert got == module.verify_many(keys, signatures, signed, low_s=True, device=isa)
    assert got != module.verify_many(keys, signatures, signed, device=isa)


def test_options_of_sm2_hold(isa: str) -> None:
    """Messages with their user IDs, and FISCO BCOS's appended keys, which must be the same."""
    items = [item for item in sm2_items.honest_items(700) if item.message and item.verdict == 1]
    columns = [i.signature for i in items], [i.message for i in items]
    ids = [item.user_id for item in items]
    prepared = sm2.prepare([item.key for item in items], device=isa)
    got = sm2.verify_many(prepared, *columns, user_id=ids, device=isa)
    assert got.codes.tolist() == [item.verdict for item in items]
    assert got.all_ok
    assert not sm2.verify_many(prepared, *columns, user_id=b"other", device=isa).all_ok
    fisco = [sm2_items.as_fisco(item).signature for item in items]
    fisco[3] = fisco[3][:64] + fisco[4][64:]
    got = sm2.verify_many(prepared, fisco, columns[1], user_id=ids, encoding="fisco", device=isa)
    assert got.codes.tolist() == [2 if i == 3 else 1 for i in range(len(items))]


# ---- Taking ----


@SCHEMES
def test_take(isa: str, scheme: str) -> None:
    """A small set of keys, many signatures by some of them."""
    module, keys, signatures, signed, expected = items_of(scheme)
    prepared = module.prepare(keys, device=isa)
    rng = random.Random("take")
    indices = [rng.randrange(len(keys)) for _ in range(300)]
    indices += [index - len(keys) for index in indices[:20]]
    columns = [[column[i] for i in indices] for column in (signatures, signed)]
    wanted = [expected[i] for i in indices]
    for form in (indices, np.array(indices), np.array(indices, np.int16)):
        taken = prepared.take(form)
        assert (len(taken), taken.scheme) == (320, prepared.scheme)
        assert module.verify_many(taken, *columns, device=isa).codes.tolist() == wanted
    assert len(prepared.take([])) == 0
    assert prepared.take(np.array([1, 0], np.uint64)).verdicts[0] is prepared.verdicts[1]


@pytest.mark.parametrize("wrong", [[8], [-9], [0, 2**40], np.array([2**64 - 1], np.uint64)])
def test_take_out_of_range(wrong: Any) -> None:
    prepared = schnorr.prepare([item.key for item in SCHNORR[:8]])
    with pytest.raises(IndexError, match="of 8 keys"):
        prepared.take(wrong)


@pytest.mark.parametrize("wrong", [[0.5], ["a"], [[0]], 3, [True], None])
def test_take_of_no_indices(wrong: Any) -> None:
    prepared = schnorr.prepare([item.key for item in SCHNORR[:8]])
    with pytest.raises(TypeError, match="indices"):
        prepared.take(wrong)


# ---- The object ----


def test_a_scheme_refuses_those_of_another() -> None:
    """64 bytes of a prepared BIP-340 key would be an ECDSA key too; they are told apart."""
    for_ecdsa, for_schnorr = ecdsa.prepare([b""]), schnorr.prepare([b""])
    with pytest.raises(TypeError, match=r"prepared for secp256k1\.schnorr, not for .*ecdsa"):
        ecdsa.verify_many(for_schnorr, [b""], [b""])
    with pytest.raises(TypeError, match=r"prepared for secp256k1\.ecdsa, not for .*schnorr"):
        schnorr.verify_many(for_ecdsa, [b""], [b""])
    with pytest.raises(TypeError, match=r"prepared for secp256k1\.ecdsa, not for p256\.ecdsa"):
        p256.ecdsa.verify_many(for_ecdsa, [b""], [b""])
    with pytest.raises(TypeError, match=r"prepared for secp256k1\.ecdsa, not for sm2"):
        sm2.verify_many(for_ecdsa, [b""], [b""])
    with pytest.raises(TypeError, match=r"prepared for secp256k1\.ecdsa, not for ed25519"):
        ed25519.verify_many(for_ecdsa, [b""], [b""])
    with pytest.raises(TypeError, match=r"prepared for ed25519, not for secp256k1\.ecdsa"):
        ecdsa.verify_many(ed25519.prepare([b""]), [b""], [b""])
    for place in (1, 2):
        arguments: list[Any] = [for_ecdsa, [b""], [b""]]
        arguments[0], arguments[place] = [b""], for_ecdsa
        with pytest.raises(TypeError):
            ecdsa.verify_many(*arguments)


def test_the_number_of_keys_must_fit() -> None:
    with pytest.raises(ValueError, match="keys: 2 items, but 3 digests"):
        ecdsa.verify_many(ecdsa.prepare([b"", b""]), [b""] * 3, [b""] * 3)
    with pytest.raises(ValueError, match="keys: 2 items, but 3 signatures"):
        schnorr.verify_many(schnorr.prepare([b"", b""]), [b""] * 3, [b""] * 3)


def test_plain_keys_of_64_bytes_are_no_prepared_ones(isa: str) -> None:
    """BIP-340 takes x alone, however many bytes somebody sends."""
    item = next(item for item in SCHNORR if item.verdict == 1)
    row = schnorr.prepare([item.key])._rows.tobytes()
    got = schnorr.verify_many([row], [item.signature], [item.message], device=isa)
    assert list(got) == [Verdict.BAD_KEY]


def test_c_checks_prepared_rows(isa: str) -> None:
    """Memory that somebody else filled: an odd y, a point off the curve, coordinates of p and
    more are BAD_KEY.
    """
    from verilane._columns import column
    from verilane._devices import isa_of

    item = next(item for item in SCHNORR if item.verdict == 1)
    x, y = lift_x(int.from_bytes(item.key, "big"), 0)
    p = 2**256 - 2**32 - 977
    rows = [(x, y), (x, p - y), (x, y ^ 2), (x, (y + p) % 2**256), (0, 0), (p, y), (x + 1, y)]
    packed = np.array([list(a.to_bytes(32, "big") + b.to_bytes(32, "big")) for a, b in rows])
    n, verdicts = len(rows), np.zeros(len(rows), np.uint8)
    work = _cpu_signatures.schnorr_verify(
        verdicts,
        column("keys", packed.astype(np.uint8), widths=(64,)),
        column("signatures", [item.signature] * n, widths=None),
        column("messages", [item.message] * n, widths=None),
        flags=_cpu_signatures.PREPARED_KEYS,
        isa=isa_of(isa),
    )
    work(0, n)
    assert verdicts.tolist() == [1, 2, 2, 2, 2, 2, 2]


def test_immutable_and_independent() -> None:
    keys = bytearray(b"".join(item.key for item in SCHNORR if len(item.key) == 32))
    prepared = schnorr.prepare(keys)
    before = prepared.verdicts
    keys[:] = bytes(len(keys))
    assert prepared.verdicts == before
    with pytest.raises(ValueError, match="read-only"):
        prepared._rows[0] = 1
    assert repr(prepared) == f"<PreparedKeys: {len(prepared)} for secp256k1.schnorr>"
    assert isinstance(prepared, PreparedKeys) and verilane.PreparedKeys is PreparedKeys


FORMS: dict[str, Callable[[list[bytes]], Any]] = {
    "list": list,
    "numpy": lambda rows: np.frombuffer(b"".join(rows), np.uint8).reshape(len(rows), -1),
    "offsets": lambda rows: (b"".join(rows), np.cumsum([0, *map(len, rows)])),
}


@pytest.mark.parametrize("form", FORMS)
def test_forms_of_keys(isa: str, form: str) -> None:
    raw = [item for item in honest_items() if len(item.key) == 64][:50]
    points = ecdsa.prepare(FORMS[form]([item.key for item in raw]), device=isa)._rows
    assert points.tobytes() == b"".join(item.key for item in raw)
    with pytest.raises(ValueError, match="could have any width"):
        ecdsa.prepare(b"".join(item.key for item in raw))


@pytest.mark.parametrize("module", [ecdsa, schnorr, p256.ecdsa, sm2, ed25519])
def test_wrong_arguments(module: Any) -> None:
    with pytest.raises(TypeError, match="keys"):
        module.prepare("text")
    with pytest.raises(TypeError, match="keys"):
        module.prepare(module.prepare([b""]))
    with pytest.raises(ValueError, match="no device is named 'gpu:7'"):
        module.prepare([], device="gpu:7")
    with pytest.raises(ValueError, match="threads"):
        module.prepare([], threads=0)


@pytest.mark.parametrize(
    ("curve", "unknown"),
    [("secp256k1", (1, 6, 8, 16)), ("p256", (1, 3, 4, 8)), ("sm2", (1, 2, 4, 8))],
)
def test_c_refuses_unknown_flags(curve: str, unknown: tuple[int, ...]) -> None:
    lib, ffi = _cpu._lib, _cpu._ffi
    decode_keys = getattr(lib, f"vl_{curve}_decode_keys")
    size = lib.vl_scratch_size()
    scratch, points = ffi.new("uint8_t[]", size), ffi.new("uint8_t[64]", b"\x01" * 64)
    data = ffi.new("uint8_t[]", 33)
    keys, argument = ffi.new("vl_column *", (data, ffi.NULL, 33)), lib.VL_ERROR_ARGUMENT
    for flags in unknown:
        assert decode_keys(points, 1, keys, flags, 0, scratch, size) == argument
        assert bytes(ffi.buffer(points)) == bytes(64)
    assert decode_keys(ffi.NULL, 1, keys, 0, 0, scratch, size) == argument
    assert decode_keys(points, 1, ffi.NULL, 0, 0, scratch, size) == argument
    small = decode_keys(points, 1, keys, 0, 0, scratch, size - 1)
    assert small == lib.VL_ERROR_SCRATCH
    assert decode_keys(points, 1, keys, 0, 99, scratch, size) == lib.VL_ERROR_ISA
    assert decode_keys(points, 1, keys, 0, 0, scratch, size) == lib.VL_SUCCESS


@SCHEMES
def test_shared_by_threads(isa: str, scheme: str) -> None:
    module, keys, signatures, signed, expected = items_of(scheme)
    prepared = module.prepare(keys, device=isa)

    def check(_: int) -> bool:
        got = module.verify_many(prepared, signatures, signed, device=isa, threads=2)
        return got.codes.tolist() == expected

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(check, range(6)))


def test_the_references_agree_about_the_items() -> None:
    for item in ECDSA[::7]:
        assert ecdsa_reference.verify(item.key, item.signature, item.digest) == item.verdict
    for each in SCHNORR[::7]:
        assert schnorr_reference.verify(each.key, each.signature, each.message) == each.verdict
