"""What the C functions of tries refuse: too little memory, no pointers, starts out of order."""

from typing import Any

import numpy as np
import pytest
from verilane._native import ffi, lib

from mpt_items import EMPTY_ROOT, proof_of, root_of, some_trie
from verilane import Verdict

SIZE = lib.vl_scratch_size()
SCRATCH = ffi.new("uint8_t[]", SIZE)


def column(items: list[bytes]) -> Any:
    offsets = np.concatenate([[0], np.cumsum([len(item) for item in items])]).astype(np.int64)
    data = ffi.from_buffer("uint8_t[]", b"".join(items))
    ends = ffi.from_buffer("int64_t[]", offsets)
    made = ffi.new("vl_column *", (data, ends, 0))
    KEPT[made] = data, ends
    return made


KEPT: dict[Any, Any] = {}  # what the columns point to


def leaves(values: list[bytes], begins: list[int], /, **changed: Any) -> int:
    nodes = ffi.new("uint64_t[]", lib.VL_TRIE_NODE_WORDS * 8)
    call = {
        "nodes": nodes,
        "n": len(values),
        "items": column(values),
        "first": 0,
        "tries": len(begins) - 1,
        "starts": ffi.new("int64_t[]", begins),
        "isa": 0,
        "scratch": SCRATCH,
        "size": SIZE,
    }
    result: int = lib.vl_trie_leaves(*(call | changed).values())
    return result


def test_leaves() -> None:
    wrong = lib.VL_ERROR_ARGUMENT
    items = [b"a", b"b", b"c"]
    assert leaves(items, [0, 3]) == leaves(items, [0, 1, 1, 3]) == lib.VL_SUCCESS
    for starts in ([0, 2], [0, 4, 3], [-1, 3], [1, 3], [3, 0]):
        assert leaves(items, starts) == wrong
    assert leaves([b"a", b""], [0, 2]) == wrong
    for name in ("nodes", "items", "starts"):
        assert leaves(items, [0, 3], **{name: ffi.NULL}) == wrong
    assert leaves(items, [0, 3], first=1) == leaves(items, [0, 3], tries=0) == wrong
    assert leaves(items, [0, 3], size=SIZE - 1) == lib.VL_ERROR_SCRATCH
    assert leaves(items, [0, 3], isa=99) == lib.VL_ERROR_ISA
    assert leaves([], [0], nodes=ffi.NULL, items=ffi.NULL) == lib.VL_SUCCESS


def test_roots() -> None:
    out, starts = ffi.new("uint8_t[32]"), ffi.new("int64_t[]", [0, 0])
    more = 0, SCRATCH, SIZE
    assert lib.vl_trie_roots(out, 1, ffi.NULL, starts, *more) == lib.VL_SUCCESS
    assert ffi.buffer(out)[:] == EMPTY_ROOT
    assert lib.vl_trie_roots(ffi.NULL, 1, ffi.NULL, starts, *more) == lib.VL_ERROR_ARGUMENT
    assert lib.vl_trie_roots(out, 1, ffi.NULL, ffi.NULL, *more) == lib.VL_ERROR_ARGUMENT
    for bad in ([0, 1], [1, 0]):
        starts = ffi.new("int64_t[]", bad)
        assert lib.vl_trie_roots(out, 1, ffi.NULL, starts, *more) == lib.VL_ERROR_ARGUMENT


@pytest.mark.parametrize("change", [0, 1, -1])
def test_memory_of_a_proof(change: int) -> None:
    """As many bytes as the longest proof has are enough, one fewer is not."""
    items = some_trie(60, (2, 2), (40, 60))
    keys = list(items)
    proofs = [proof_of(items, key) for key in keys]
    nodes = [node for proof in proofs for node in proof]
    longest = max(sum(map(len, proof)) for proof in proofs)
    starts = np.concatenate([[0], np.cumsum([len(proof) for proof in proofs])]).astype(np.int64)
    verdicts = ffi.new("uint8_t[]", len(keys))
    result = lib.vl_trie_verify(
        verdicts,
        ffi.NULL,
        len(keys),
        1,
        column([root_of(items)]),
        column(keys),
        column(list(items.values())),
        column(nodes),
        ffi.from_buffer("int64_t[]", starts),
        0,
        ffi.new("uint8_t[]", longest + change),
        longest + change,
        0,
        SCRATCH,
        SIZE,
    )
    if change < 0:
        assert result == lib.VL_ERROR_SCRATCH
    else:
        assert result == lib.VL_SUCCESS
        assert set(verdicts) == {int(Verdict.OK)}


def test_proofs() -> None:
    starts = ffi.new("int64_t[]", [0, 0])
    memory = ffi.new("uint8_t[1]")
    call = {
        "verdicts": ffi.new("uint8_t[1]"),
        "found": ffi.NULL,
        "n": 1,
        "n_roots": 1,
        "roots": column([EMPTY_ROOT]),
        "keys": column([b"key"]),
        "values": ffi.NULL,
        "nodes": ffi.NULL,
        "starts": starts,
        "hash_keys": 0,
        "memory": memory,
        "memory_size": 1,
        "isa": 0,
        "scratch": SCRATCH,
        "size": SIZE,
    }
    assert lib.vl_trie_verify(*call.values()) == lib.VL_SUCCESS
    assert call["verdicts"][0] == int(Verdict.OK)
    for change, error in (
        ({"verdicts": ffi.NULL}, lib.VL_ERROR_ARGUMENT),
        ({"roots": ffi.NULL}, lib.VL_ERROR_ARGUMENT),
        ({"keys": ffi.NULL}, lib.VL_ERROR_ARGUMENT),
        ({"starts": ffi.NULL}, lib.VL_ERROR_ARGUMENT),
        ({"n_roots": 2}, lib.VL_ERROR_ARGUMENT),
        ({"starts": ffi.new("int64_t[]", [0, 1])}, lib.VL_ERROR_ARGUMENT),
        ({"starts": ffi.new("int64_t[]", [1, 0])}, lib.VL_ERROR_ARGUMENT),
        ({"starts": ffi.new("int64_t[]", [-1, 0])}, lib.VL_ERROR_ARGUMENT),
        ({"memory": ffi.NULL}, lib.VL_ERROR_SCRATCH),
        ({"memory_size": 0}, lib.VL_ERROR_SCRATCH),
        ({"size": SIZE - 1}, lib.VL_ERROR_SCRATCH),
        ({"isa": 99}, lib.VL_ERROR_ISA),
    ):
        assert lib.vl_trie_verify(*(call | change).values()) == error, change
