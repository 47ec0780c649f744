"""The C ABI beside its verdicts: version and words, columns with a stride, roots in one call."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from verilane._native import ffi, lib

import ed25519_items
import schnorr_items
import sm2_items
from schemes import SCHEMES
from verilane import Verdict, _cpu, merkle
from verilane._cpu_trees import KINDS

SIZE = lib.vl_scratch_size()
SCRATCH = ffi.new("uint8_t[]", SIZE)
LENT = SCRATCH, SIZE
AUTO = lib.VL_ISA_AUTO


def test_version() -> None:
    assert lib.vl_abi_version() == 65536 * lib.VL_ABI_MAJOR + lib.VL_ABI_MINOR
    assert lib.VL_ABI_MAJOR == 1, "a new major number is a new name of the library"


def test_words() -> None:
    for verdict in Verdict:
        assert ffi.string(lib.vl_verdict_name(verdict)).decode() == verdict.name
    errors = [getattr(lib, name) for name in dir(lib) if name.startswith("VL_ERROR_")]
    assert sorted(errors) == list(range(min(errors), 0))
    texts = {ffi.string(lib.vl_error_text(error)) for error in [*errors, lib.VL_SUCCESS]}
    assert len(texts) == len(errors) + 1
    assert lib.vl_verdict_name(6) == lib.vl_verdict_name(-1) == ffi.NULL
    for error in (min(errors) - 1, 1, -(2**31), 2**31 - 1):
        assert lib.vl_error_text(error) == ffi.NULL


# ---- Columns of rows ----

KEPT: dict[Any, Any] = {}  # what the columns point to


def spread(items: list[bytes], stride: int, before: int) -> Any:
    """A column whose items lie `stride` bytes apart, the first after `before` bytes, in noise."""
    width = len(items[0]) if items else 0
    rows = np.random.default_rng(stride).integers(0, 256, (len(items) + 1) * stride + before)
    rows = rows.astype(np.uint8)
    for i, item in enumerate(items):
        assert len(item) == width
        rows[before + i * stride :][:width] = np.frombuffer(item, np.uint8)
    data = ffi.from_buffer("uint8_t[]", rows)
    made = ffi.new("vl_column *", (data + before, ffi.NULL, width, stride))
    KEPT[made] = rows, data
    return made


def same_widths(rows: list[tuple[bytes, bytes, bytes, int]]) -> list[Any]:
    """Those whose parts are as long as those of most rows."""
    widths = [tuple(len(part) for part in row[:3]) for row in rows]
    most = max(set(widths), key=widths.count)
    return [row for row, width in zip(rows, widths, strict=True) if width == most]


def ecdsa_rows(number: int) -> list[Any]:
    each = SCHEMES[number]
    items = [*each.honest()[:600], *each.exceptional()]
    return same_widths([(i.key, i.signature, i.digest, i.verdict) for i in items])


def schnorr_rows() -> list[Any]:
    items = [*schnorr_items.hostile_items(), *schnorr_items.honest_items(600)]
    return same_widths([(i.key, i.signature, i.message, i.verdict) for i in items])


def ed25519_rows() -> list[Any]:
    items = [*ed25519_items.special_items(), *ed25519_items.honest_items(600)]
    rows = [(i.key, i.signature, i.message, i.verdicts["ZIP215"]) for i in items]
    return same_widths(rows)


def sm2_rows() -> list[Any]:
    items = [i for i in sm2_items.honest_items(500) if i.user_id == sm2_items.DEFAULT_USER_ID]
    return same_widths([(i.key, i.signature, i.message, i.verdict) for i in items])


USER_ID = ffi.from_buffer("uint8_t[]", sm2_items.DEFAULT_USER_ID)
ONE_USER_ID = ffi.new("vl_column *", (USER_ID, ffi.NULL, len(sm2_items.DEFAULT_USER_ID), 0))
SEED = ffi.from_buffer("uint8_t[]", bytes(range(32)))
CALLS = {
    "secp256k1": (lambda: ecdsa_rows(0), lib.vl_secp256k1_ecdsa_verify, (0, 0)),
    "p256": (lambda: ecdsa_rows(1), lib.vl_p256_ecdsa_verify, (0, 0)),
    "schnorr": (schnorr_rows, lib.vl_secp256k1_schnorr_verify, (0, ffi.NULL)),
    "schnorr, equation": (schnorr_rows, lib.vl_secp256k1_schnorr_verify, (0, SEED)),
    "ed25519": (ed25519_rows, lib.vl_ed25519_verify, (0, 0, ffi.NULL)),
    "ed25519, equation": (ed25519_rows, lib.vl_ed25519_verify, (0, 0, SEED)),
    "sm2": (sm2_rows, lib.vl_sm2_verify, (ONE_USER_ID, 1, 0)),
}


@pytest.mark.parametrize("name", CALLS)
def test_rows_that_lie_apart(isa: str, name: str) -> None:
    """More than a block of them, at odd places."""
    rows, call, options = CALLS[name]
    items = rows()
    assert len(items) > 20
    assert len({row[3] for row in items}) > 1
    items = (items * (1100 // len(items) + 1))[:1100]
    strides = (67, 201, 999)
    columns = [spread([row[k] for row in items], strides[k], k) for k in range(3)]
    verdicts = ffi.new("uint8_t[]", len(items))
    number = next(each.number for each in _cpu.isas() if f"cpu:{each.name}" == isa)
    assert call(verdicts, len(items), *columns, *options, number, *LENT) == lib.VL_SUCCESS
    assert list(verdicts) == [row[3] for row in items]


def test_rows_that_overlap() -> None:
    """A stride below the width is the caller's own affair: the items share bytes."""
    data = bytes(range(100))
    digests = ffi.new("uint8_t[]", 32 * 50)
    given = ffi.new("vl_column *", (ffi.from_buffer("uint8_t[]", data), ffi.NULL, 40, 1))
    assert lib.vl_digest(digests, 50, given, lib.VL_SHA256, AUTO, *LENT) == lib.VL_SUCCESS
    expected = [data[i : i + 40] for i in range(50)]
    from verilane import hashes

    assert ffi.buffer(digests)[:] == hashes.digest_many(expected).tobytes()


def test_prepared_keys_lie_close() -> None:
    size = lib.vl_ed25519_prepared_size()
    rows = np.zeros(4 * size, np.uint8)
    at = ffi.from_buffer("uint8_t[]", rows)
    item = ed25519_items.honest_items()[0]
    others = [spread([part], len(part), 0) for part in (item.signature, item.message)]
    verdicts = ffi.new("uint8_t[]", 1)
    for stride, error in [(0, 0), (size, 0), (2 * size, lib.VL_ERROR_ARGUMENT)]:
        keys = ffi.new("vl_column *", (at, ffi.NULL, size, stride))
        options = 0, lib.VL_PREPARED_KEYS, ffi.NULL, AUTO
        assert lib.vl_ed25519_verify(verdicts, 1, keys, *others, *options, *LENT) == error
        if not error:
            assert verdicts[0] == lib.VL_BAD_KEY


# ---- Roots ----


def root_of(leaves: list[bytes], tree: str, *, stride: int, limit: int = 0) -> Any:
    """(error, root, mutated)"""
    out, mutated = ffi.new("uint8_t[32]"), ffi.new("int *")
    given = spread(leaves, stride, 3) if stride else packed(leaves)
    error = lib.vl_merkle_root_of_leaves(
        out, mutated, len(leaves), given, limit, KINDS[tree].number, -1, AUTO, *LENT
    )
    return error, ffi.buffer(out)[:], bool(mutated[0])


def packed(leaves: list[bytes]) -> Any:
    data = ffi.from_buffer("uint8_t[]", b"".join(leaves))
    made = ffi.new("vl_column *", (data, ffi.NULL, len(leaves[0]) if leaves else 32, 0))
    KEPT[made] = data
    return made


@given(
    tree=st.sampled_from([name for name in KINDS if name != "openzeppelin"]),
    n=st.integers(0, 70) | st.sampled_from([2047, 2048, 2049, 5000]),
    stride=st.sampled_from([0, 32, 33, 100]),
    spare=st.integers(0, 5),
)
def test_root_of_leaves(tree: str, n: int, stride: int, spare: int) -> None:
    leaves = [bytes([n % 256, i % 256, i // 256]) + bytes(29) for i in range(n)]
    limit = n + spare if tree == "ssz" else 0
    options: dict[str, Any] = {"limit": limit} if tree == "ssz" else {}
    expected = merkle.root(leaves, tree, **options)
    assert root_of(leaves, tree, stride=stride, limit=limit) == (lib.VL_SUCCESS, expected, False)


def test_root_of_sorted_pairs() -> None:
    """Where n is a power of two there is one arrangement only."""
    for n in (1, 2, 4, 64, 4096):
        leaves = [i.to_bytes(32, "little") for i in range(n)]
        # The package numbers nodes as OpenZeppelin does: leaves from the last to the first.
        expected = merkle.root(leaves, "openzeppelin")
        assert root_of(leaves, "openzeppelin", stride=0) == (lib.VL_SUCCESS, expected, False)


def test_root_of_equal_neighbours() -> None:
    error, root, mutated = root_of([bytes(32)] * 2, "bitcoin", stride=40)
    assert (error, mutated) == (lib.VL_SUCCESS, True)
    assert root == merkle.root([bytes(32)] * 2, "bitcoin", on_duplicate="ignore")


def test_root_of_leaves_refuses() -> None:
    out, mutated, four = ffi.new("uint8_t[32]"), ffi.new("int *"), packed([bytes(32)] * 4)
    wrong = lib.VL_ERROR_ARGUMENT

    def call(**changed: Any) -> int:
        given = {
            "root": out,
            "mutated": mutated,
            "n": 4,
            "leaves": four,
            "limit": 4,
            "tree": lib.VL_TREE_SSZ,
            "hash": lib.VL_HASH_OWN,
            "isa": AUTO,
            "scratch": SCRATCH,
            "size": SIZE,
        }
        result: int = lib.vl_merkle_root_of_leaves(*(given | changed).values())
        return result

    assert call() == call(limit=2**40) == lib.VL_SUCCESS
    assert call(limit=3) == call(limit=0) == wrong
    assert call(tree=-1) == call(tree=lib.vl_tree_count()) == wrong
    assert call(root=ffi.NULL) == call(leaves=ffi.NULL) == wrong
    assert call(tree=lib.VL_TREE_BITCOIN, mutated=ffi.NULL) == wrong
    assert call(tree=lib.VL_TREE_BITCOIN, hash=lib.VL_SM3) == call(hash=99) == wrong
    assert call(leaves=packed([bytes(31)] * 4)) == wrong
    assert call(tree=lib.VL_TREE_SORTED, n=0) == wrong
    assert call(size=SIZE - 1) == lib.VL_ERROR_SCRATCH
    assert call(isa=99) == lib.VL_ERROR_ISA
