"""What a ProofSpec and the wire format let pass, rule by rule, beside a reference."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ics23_trees as trees
from ics23_trees import (
    M,
    Row,
    Tree,
    compressed,
    encoded,
    expected,
    honest,
    pairs_of,
    verdicts,
    zigzag,
)
from reference import ics23 as reference
from verilane import Verdict
from verilane.proofs import ics23

OK, MISMATCH, MALFORMED = Verdict.OK, Verdict.MISMATCH, Verdict.BAD_SIGNATURE


def changed(tree: Tree, key: bytes, change: Callable[[Any], Any]) -> Row:
    proof = tree.exist(key)
    change(proof)
    data = proof.SerializeToString()
    root = reference.root_of(reference.parse(data, "existence"))
    return root, encoded(exist=proof), proof.key, proof.value


def set_leaf(**fields: Any) -> Callable[[Any], None]:
    return lambda proof: [setattr(proof.leaf, *field) for field in fields.items()] and None


def set_step(at: int = 0, **fields: Any) -> Callable[[Any], None]:
    return lambda proof: [setattr(proof.path[at], *field) for field in fields.items()] and None


NOT_IAVL: dict[str, Callable[[Any], Any]] = {
    "leaf hash": set_leaf(hash=2),
    "prehashed key": set_leaf(prehash_key=1),
    "value not hashed": set_leaf(prehash_value=0),
    "no length": set_leaf(length=0),
    "another length": set_leaf(length=4),
    "leaf prefix of a node": set_leaf(prefix=zigzag(1, 2, 3)),
    "no leaf prefix": set_leaf(prefix=b""),
    "two numbers in a leaf": set_leaf(prefix=zigzag(0, 1)),
    "four numbers in a leaf": set_leaf(prefix=zigzag(0, 1, 5, 1)),
    "a negative version": set_leaf(prefix=zigzag(0, 1) + b"\x09"),
    "a version that does not end": set_leaf(prefix=zigzag(0, 1) + b"\x88"),
    "a version with a zero too many": set_leaf(prefix=zigzag(0, 1) + b"\x88\0"),
    "a version of 71 bits": set_leaf(prefix=zigzag(0, 1) + b"\xfe" * 9 + b"\x02"),
    "step hash": set_step(hash=2),
    "the leaf prefix on a node": set_step(prefix=b"\0\x04\x04\x20", suffix=bytes(33)),
    "no length byte": set_step(prefix=zigzag(1, 2, 300), suffix=bytes(33)),
    "a height below its layer": set_step(1, prefix=zigzag(1, 2, 3) + b" ", suffix=bytes(33)),
    "a short prefix": set_step(prefix=zigzag(1, 2) + b" ", suffix=bytes(33)),
    "a long prefix": set_step(prefix=zigzag(1, 2, 3) + bytes(35), suffix=b""),
    "suffix of 32": set_step(suffix=bytes(32)),
    "suffix of 34": set_step(suffix=bytes(34)),
    "two children in the suffix": set_step(suffix=bytes(66)),
    "129 steps": lambda proof: proof.path.extend([proof.path[-1]] * (129 - len(proof.path))),
    "an empty value": lambda proof: setattr(proof, "value", b""),
}


@pytest.mark.parametrize("name", NOT_IAVL)
def test_what_is_no_iavl_proof(name: str) -> None:
    """Each would lead to the root that is asked for."""
    tree = trees.iavl(pairs_of(5))
    row = changed(tree, tree.keys[0], NOT_IAVL[name])
    found = ics23.verify_membership_many(*[[each] for each in row])
    assert found[0] == MALFORMED
    assert reference.membership(*row, ics23.IAVL) == MALFORMED


def test_what_is_an_iavl_proof() -> None:
    """The least and the most that a spec allows."""
    tree = trees.iavl(pairs_of(5))
    high = zigzag(128, 2, 3) + b" "
    for change in (
        set_leaf(prefix=zigzag(0, 0, 0)),
        set_leaf(prefix=zigzag(0, 1, (1 << 63) - 1)),
        set_leaf(prefix=zigzag(0, 1 << 40, 7)),
        set_step(prefix=zigzag(1, 2, 3) + b" ", suffix=b""),
        lambda proof: [proof.path.pop() for _ in range(len(proof.path))],
        lambda proof: (
            [setattr(step, "prefix", high) for step in proof.path],
            proof.path.extend([proof.path[-1]] * (128 - len(proof.path))),
        ),
    ):
        row = changed(tree, tree.keys[0], change)
        assert ics23.verify_membership_many(*[[each] for each in row]).all_ok
        assert reference.membership(*row, ics23.IAVL) == OK


def test_messages_that_other_readers_take() -> None:
    tree = trees.tendermint(pairs_of(3))
    key = tree.keys[0]
    proof = tree.exist(key)
    inside: bytes = proof.SerializeToString()

    def verdict(data: bytes) -> int:
        row = (tree.root, data, key, tree.pairs[key])
        assert verdicts([row], tree.spec) == verdicts([row] * 20, tree.spec)[:1]
        assert verdicts([row], tree.spec) == expected([row], tree.spec)
        return verdicts([row], tree.spec)[0]

    def whole(inside: bytes) -> bytes:
        return b"\x0a" + trees.varint(len(inside)) + inside

    leaf = proof.leaf.SerializeToString()
    assert verdict(whole(inside)) == OK
    assert verdict(whole(inside.replace(b"\x1a\x09" + leaf, b"\x1a\x0b\x10\x00" + leaf))) == OK
    for data in (
        whole(inside) + whole(inside),  # twice
        whole(inside + b"\x1a\x09" + leaf),  # the leaf twice
        whole(inside) + b"\x2a\x00",  # field 5, of later versions
        whole(inside + b"\x28\x00"),  # an unknown number
        whole(inside + b"\x2d\x00\x00\x00\x00"),  # of a fixed width
        whole(inside + b"\x23\x24"),  # a group
        whole(inside + b"\x00"),  # field 0
        b"\x8a\x00" + whole(inside)[1:],  # a longer tag
        b"\x0a" + bytes([len(inside) & 127 | 128, len(inside) >> 7 | 128, 0]) + inside,
        whole(inside.replace(b"\x1a\x09" + leaf, b"\x1a\x0a\x08\x81\x00" + leaf[2:])),
        b"\x0a" + b"\xff" * 9 + b"\x01" + inside,  # 2^64 - 1 bytes
        b"\x0a" + b"\xff" * 10 + b"\x01" + inside,
    ):
        assert verdict(data) == MALFORMED


def test_numbers_of_a_compressed_path() -> None:
    tree = trees.tendermint(pairs_of(4))
    key = tree.keys[1]
    proof = M["CommitmentProof"].FromString(compressed([tree.exist(key)]))
    for path in ([0, 2], [0, -1], [2**31 - 1], [1], [0, 1, 1], []):
        changed = M["CommitmentProof"]()
        changed.CopyFrom(proof)
        changed.compressed.entries[0].exist.path[:] = path
        row = (tree.root, changed.SerializeToString(), key, tree.pairs[key])
        code = expected([row], tree.spec)
        assert verdicts([row], tree.spec) == code == verdicts([row] * 40, tree.spec)[:1]
        assert code[0] == (MALFORMED if any(k not in (0, 1) for k in path) else MISMATCH)


# ---- Specs of one's own ----


def ternary(order: tuple[int, ...], empty: bytes = b"") -> ics23.ProofSpec:
    return ics23.ProofSpec(
        ics23.LeafOp(b"L", length=ics23.LengthOp.VAR_PROTO),
        ics23.InnerSpec(order, 32, 1, 3, empty),
    )


@given(data=st.data())
def test_neighbours_of_wide_nodes(data: st.DataObject) -> None:
    """Paths of a few steps, in nodes of three children in any order, some of them empty."""
    order = data.draw(st.permutations(range(3)))
    spec = ternary(tuple(order), data.draw(st.sampled_from([b"", bytes(32)])))
    children = st.sampled_from([bytes(32), b"\1" * 32, b"\2" * 32])

    def path() -> list[Any]:
        steps = []
        for _ in range(data.draw(st.integers(0, 3))):
            place, nodes = data.draw(st.integers(0, 2)), [data.draw(children) for _ in range(2)]
            prefix = b"N" * data.draw(st.sampled_from([1, 1, 1, 3, 4]))
            prefix += b"".join(nodes[:place])
            steps.append(M["InnerOp"](hash=1, prefix=prefix, suffix=b"".join(nodes[place:])))
        return steps

    tail = path()
    sides = {}
    for side, key in (("left", b"a"), ("right", b"c")):
        if data.draw(st.integers(0, 4)):
            leaf = trees.leaf_op(spec, b"L")
            sides[side] = M["ExistenceProof"](key=key, value=b"v", leaf=leaf, path=path() + tail)
    gap = M["NonExistenceProof"](**sides)
    roots = [
        reference.root_of(reference.parse(each.SerializeToString(), "existence"))
        for each in sides.values()
    ]
    row = (roots[0] if roots else bytes(32), encoded(nonexist=gap), b"b", b"")
    assert verdicts([row], spec) == expected([row], spec)


@pytest.mark.parametrize("hash", [op for op in ics23.HashOp if op])
@pytest.mark.parametrize("length", ics23.LengthOp)
def test_hashes_and_lengths(isa: str, hash: ics23.HashOp, length: ics23.LengthOp) -> None:
    """A made-up path of two steps, under every hash and length."""
    size = len(reference.HASHES[hash](b""))
    try:
        spec = ics23.ProofSpec(
            ics23.LeafOp(b"L", hash, hash, ics23.HashOp.NO_HASH, length),
            ics23.InnerSpec((0, 1), size, 1, 1, hash=hash),
        )
    except ValueError as error:
        pytest.skip(str(error))
    rows: list[Row] = []
    for n in (1, 31, 32, 33, 64, 127, 128, 300, 20000):
        proof = M["ExistenceProof"](key=b"k" * (n % 7 + 1), value=b"v" * n)
        proof.leaf.CopyFrom(trees.leaf_op(spec, b"Leaf"))
        proof.path.add(hash=hash, prefix=b"N", suffix=bytes(size))
        proof.path.add(hash=hash, prefix=b"N" + bytes(size), suffix=b"")
        data = proof.SerializeToString()
        try:
            root = reference.root_of(reference.parse(data, "existence"))
        except reference.Malformed:
            root = bytes(size)
        rows.append((root, encoded(exist=proof), proof.key, proof.value))
    found = verdicts(rows, spec, device=isa)
    assert found == expected(rows, spec)
    assert found.count(OK) == len(rows) or length in (7, 8)


def test_depths() -> None:
    tree = trees.tendermint(pairs_of(11))
    rows = [row for row in honest(tree) if row[3]]
    for least, most in ((0, 3), (4, 0), (4, 4), (0, 2), (5, 0)):
        spec = ics23.ProofSpec(tree.spec.leaf, tree.spec.inner, most, least)
        found = verdicts(rows, spec)
        assert found == expected(rows, spec)
        depths = [len(tree.paths[row[2]]) for row in rows]
        assert [code == OK for code in found] == [
            least <= depth <= (most or 128) for depth in depths
        ]


LEAF, INNER = ics23.IAVL.leaf, ics23.IAVL.inner


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: ics23.ProofSpec(ics23.LeafOp(b""), INNER), "leaf prefix"),
        (lambda: ics23.ProofSpec(ics23.LeafOp(b"x"), INNER), "length or a hash of the key"),
        (lambda: ics23.ProofSpec(LEAF, ics23.InnerSpec((0, 2), 33, 4, 12)), "counts from 0"),
        (lambda: ics23.ProofSpec(LEAF, ics23.InnerSpec((0,), 33, 4, 12)), "two or more children"),
        (lambda: ics23.ProofSpec(LEAF, ics23.InnerSpec((0, 1), 0, 4, 12)), "two or more children"),
        (lambda: ics23.ProofSpec(LEAF, ics23.InnerSpec((0, 1), 33, 4, 37)), "room for a child"),
        (lambda: ics23.ProofSpec(LEAF, ics23.InnerSpec((0, 1), 33, 4, 3)), "room for a child"),
        (lambda: ics23.ProofSpec(LEAF, ics23.InnerSpec((0, 1), 33, 4, 9, b"e")), "empty child"),
        (lambda: ics23.ProofSpec(LEAF, INNER, max_depth=3, min_depth=4), "min_depth"),
        (
            lambda: ics23.ProofSpec(LEAF, INNER, prehash_key_before_comparison=True),
            "hash of the key to compare by",
        ),
        (
            lambda: ics23.ProofSpec(LEAF, ics23.InnerSpec((0, 1), 64, 4, 9, hash=ics23.HashOp(2))),
            "hash of the same size",
        ),
    ],
)
def test_unsafe_specs_are_refused(make: Callable[[], Any], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        make()
