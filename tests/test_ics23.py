"""ICS-23 proofs: honest ones of every kind of tree hold, and what a reference refuses does not."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ics23_trees as trees
from ics23_trees import TREES, M, Tree, batch, compressed, encoded, pairs_of
from reference import ics23 as reference
from verilane import InvalidSignature, Verdict
from verilane.proofs import ics23

OK, MISMATCH, MALFORMED = Verdict.OK, Verdict.MISMATCH, Verdict.BAD_SIGNATURE

Row = tuple[bytes, bytes, bytes, bytes]


def verdicts(rows: Sequence[Row], spec: ics23.ProofSpec, **more: Any) -> list[int]:
    """Of root, proof, key and value; no value asks for absence. Both kinds in one go each, and as
    the reference says.
    """
    out = [0] * len(rows)
    exist = [i for i, row in enumerate(rows) if row[3]]
    absent = [i for i, row in enumerate(rows) if not row[3]]
    if exist:
        columns = [[rows[i][k] for i in exist] for k in range(4)]
        found = ics23.verify_membership_many(*columns, spec=spec, **more)
        for i, code in zip(exist, found, strict=True):
            out[i] = code
    if absent:
        columns = [[rows[i][k] for i in absent] for k in range(3)]
        found = ics23.verify_non_membership_many(*columns, spec=spec, **more)
        for i, code in zip(absent, found, strict=True):
            out[i] = code
    return out


def expected(rows: Sequence[Row], spec: ics23.ProofSpec) -> list[int]:
    return [
        reference.membership(root, proof, key, value, spec)
        if value
        else reference.non_membership(root, proof, key, spec)
        for root, proof, key, value in rows
    ]


def near(tree: Tree) -> list[bytes]:
    """Keys that are not there: before, between and after those that are."""
    found = [key + b"\0" for key in tree.pairs] + [key[:-1] + b"~" for key in tree.pairs]
    return [key for key in [b"\0", *found, b"\xff" * 9] if key not in tree.pairs]


def honest(tree: Tree) -> list[Row]:
    rows = [
        (tree.root, encoded(exist=tree.exist(key)), key, value) for key, value in tree.pairs.items()
    ]
    return rows + [(tree.root, encoded(nonexist=tree.gap(key)), key, b"") for key in near(tree)]


@pytest.mark.parametrize("name", TREES)
def test_all_keys_of_small_trees(isa: str, name: str) -> None:
    rows: list[Row] = []
    for n in (1, 2, 3, 4, 5, 7, 8, 13, 40):
        rows += honest(TREES[name](pairs_of(n, n)))
    spec = TREES[name](pairs_of(1)).spec
    assert set(verdicts(rows, spec, device=isa)) == {OK}
    assert set(expected(rows, spec)) == {OK}
    turned = [(rows[i - 1][0], *row[1:]) for i, row in enumerate(rows)]
    assert verdicts(turned, spec, device=isa) == expected(turned, spec)


@pytest.mark.parametrize("name", TREES)
def test_batches(isa: str, name: str) -> None:
    """One proof for all, and one for each; plain and compressed."""
    tree = TREES[name](pairs_of(11))
    keys, absent = list(tree.pairs), near(tree)
    entries = [tree.exist(key) for key in keys] + [tree.gap(key) for key in absent]
    entries = entries[1::2] + entries[::2]
    for proof in (batch(entries), compressed(entries)):
        for proofs in ([proof], [proof] * len(keys)):
            found = ics23.verify_membership_many(
                tree.root, proofs, keys, list(tree.pairs.values()), spec=tree.spec, device=isa
            )
            assert found.all_ok
        found = ics23.verify_non_membership_many(
            tree.root, [proof], absent, spec=tree.spec, device=isa
        )
        assert found.all_ok
        wrong = [*absent, *keys]
        rows = [(tree.root, proof, key, b"value") for key in wrong]
        rows += [(tree.root, proof, key, b"") for key in wrong]
        assert verdicts(rows, tree.spec) == expected(rows, tree.spec)


@pytest.mark.parametrize("name", TREES)
def test_gaps_prove_no_more_than_they_are(name: str) -> None:
    """Every pair of leaves as the sides of a gap, for every key: only neighbours, and only keys
    between them.
    """
    tree = TREES[name](pairs_of(9))
    sides = [None, *tree.keys]
    rows: list[Row] = []
    for left in sides:
        for right in sides:
            gap = M["NonExistenceProof"]()
            if left is not None:
                gap.left.CopyFrom(tree.exist(left))
            if right is not None:
                gap.right.CopyFrom(tree.exist(right))
            proof = encoded(nonexist=gap)
            rows += [(tree.root, proof, key, b"") for key in [*near(tree), *tree.keys]]
    found = verdicts(rows, tree.spec)
    assert found == expected(rows, tree.spec)
    assert {row[2] for row, code in zip(rows, found, strict=True) if code == OK} == set(near(tree))


def flipped(data: bytes, bit: int) -> bytes:
    out = bytearray(data)
    out[bit // 8] ^= 1 << bit % 8
    return bytes(out)


@pytest.mark.parametrize("name", TREES)
def test_one_bit_changes_everything(name: str) -> None:
    """But for a gap's own key, and in a batch for what other keys have."""
    tree = TREES[name](pairs_of(6))
    key = tree.keys[2]
    absent = key + b"\0"
    gap = tree.gap(absent)
    gap.key = b""
    rows: list[Row] = []
    for row in (
        (tree.root, encoded(exist=tree.exist(key)), key, tree.pairs[key]),
        (tree.root, encoded(nonexist=gap), absent, b""),
        (tree.root, batch([tree.exist(key)]), key, tree.pairs[key]),
        (tree.root, compressed([tree.exist(key)]), key, tree.pairs[key]),
        (tree.root, compressed([gap]), absent, b""),
    ):
        rows += [(flipped(row[0], bit), *row[1:]) for bit in range(256)]
        rows += [(row[0], flipped(row[1], bit), *row[2:]) for bit in range(8 * len(row[1]))]
        if row[3]:
            rows += [(*row[:2], flipped(key, bit), row[3]) for bit in range(8 * len(key))]
            rows += [(*row[:3], flipped(row[3], bit)) for bit in range(8 * len(row[3]))]
    found = verdicts(rows, tree.spec)
    assert found == expected(rows, tree.spec)
    assert OK not in found


@pytest.mark.parametrize("name", TREES)
def test_shorter_and_longer_proofs(isa: str, name: str) -> None:
    tree = TREES[name](pairs_of(6))
    key = tree.keys[2]
    gap = tree.gap(key + b"\0")
    rows: list[Row] = []
    for row in (
        (tree.root, encoded(exist=tree.exist(key)), key, tree.pairs[key]),
        (tree.root, encoded(nonexist=gap), key + b"\0", b""),
        (tree.root, compressed([tree.exist(key), gap]), key, tree.pairs[key]),
    ):
        proof = row[1]
        rows += [(row[0], proof[:n], *row[2:]) for n in range(len(proof))]
        rows += [(row[0], proof + bytes([byte]), *row[2:]) for byte in range(0, 256, 5)]
        rows += [(row[0], proof * 2, *row[2:])]
    found = verdicts(rows, tree.spec, device=isa)
    assert set(found) == {MALFORMED}
    assert expected(rows, tree.spec) == found


def test_which_fault_is_named() -> None:
    """Bad ones at every place of a batch of good ones, which they do not touch."""
    tree = trees.iavl(pairs_of(5))
    key, value = next(iter(tree.pairs.items()))
    proof, root = encoded(exist=tree.exist(key)), tree.root
    bad = [
        (root[:31], proof, key, value, Verdict.BAD_KEY),
        (root + b"x", b"", b"", b"", Verdict.BAD_KEY),
        (b"", proof, key, value, Verdict.BAD_KEY),
        (root, proof[:-1], b"", value, MALFORMED),
        (root, b"", key, value, MALFORMED),
        (root, encoded(nonexist=tree.gap(key)), key, value, MALFORMED),
        (root, proof, b"", value, Verdict.BAD_MESSAGE),
        (root, proof, key, b"", Verdict.BAD_MESSAGE),
        (root, batch([]), b"", value, Verdict.BAD_MESSAGE),
        (bytes(32), proof, key, value, MISMATCH),
        (root, proof, key + b"x", value, MISMATCH),
        (root, proof, key, value + b"x", MISMATCH),
        (root, batch([]), key, value, MISMATCH),
    ]
    for at in range(40):
        rows = [(root, proof, key, value, OK)] * 40
        rows[at] = bad[at % len(bad)]
        columns = [list(column) for column in zip(*rows, strict=True)]
        assert list(ics23.verify_membership_many(*columns[:4])) == columns[4]


# ---- Rules, one by one ----


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


def zigzag(*numbers: int) -> bytes:
    return trees.zigzag(*numbers)


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


# ---- Chains of trees ----


def chain(*proofs: bytes) -> bytes:
    named = [M["CommitmentProof"].FromString(proof) for proof in proofs]
    data: bytes = M["MerkleProof"](proofs=named).SerializeToString()
    return data


def test_chained_proofs(isa: str) -> None:
    """A key of the store "ibc", whose root is a value in the list of stores."""
    store = trees.iavl(pairs_of(20))
    stores = trees.tendermint({b"bank": b"x" * 32, b"ibc": store.root, b"staking": b"y" * 32})
    upper = encoded(exist=stores.exist(b"ibc"))
    keys, absent = list(store.pairs), near(store)
    there = [chain(encoded(exist=store.exist(key)), upper) for key in keys]
    values = list(store.pairs.values())
    for name in (b"ibc", [b"ibc"], [b"ibc"] * len(keys)):
        found = ics23.verify_chained_many(stores.root, there, [keys, name], values, device=isa)
        assert found.all_ok
    gaps = [chain(encoded(nonexist=store.gap(key)), upper) for key in absent]
    assert ics23.verify_chained_many(stores.root, gaps, [absent, b"ibc"], device=isa).all_ok
    one = chain(batch([store.exist(key) for key in keys]), upper)
    assert ics23.verify_chained_many(stores.root, [one], [keys, b"ibc"], values).all_ok

    def verdict(data: bytes, name: bytes = b"ibc", root: bytes = stores.root) -> Verdict:
        return ics23.verify_chained_many([root], [data], [keys[:1], name], values[:1])[0]

    lower = encoded(exist=store.exist(keys[0]))
    other = encoded(exist=stores.exist(b"bank"))
    assert verdict(there[0]) == OK
    assert verdict(there[0], b"bank") == MISMATCH
    assert verdict(chain(lower, other), b"bank") == MISMATCH
    assert verdict(there[1]) == MISMATCH
    assert verdict(there[0], b"") == Verdict.BAD_MESSAGE
    assert verdict(there[0], root=bytes(31)) == Verdict.BAD_KEY
    for data in (
        lower,
        chain(lower),
        chain(lower, upper, upper),
        chain(upper, lower),
        b"",
        gaps[0],
    ):
        assert verdict(data) == MALFORMED
    for proofs, codes in (
        ([flipped(there[0], bit) for bit in range(8 * len(there[0]))], {MALFORMED, MISMATCH}),
        ([there[0][:n] for n in range(len(there[0]))], {MALFORMED}),
    ):
        n = len(proofs)
        found = ics23.verify_chained_many(
            stores.root, proofs, [keys[:1] * n, b"ibc"], values[:1] * n, device=isa
        )
        assert set(found) == codes


# ---- Hostile bytes ----


@st.composite
def mutated(draw: st.DrawFn) -> list[tuple[str, Row]]:
    """Proofs with pieces of others in them, cut, doubled or overwritten."""
    name = draw(st.sampled_from(sorted(TREES)))
    tree = TREES[name](pairs_of(draw(st.integers(1, 7))))
    rows = honest(tree)
    entries = [tree.exist(key) for key in tree.keys] + [tree.gap(key) for key in near(tree)]
    data = [row[1] for row in rows] + [batch(entries), compressed(entries)]
    out = []
    for _ in range(draw(st.integers(1, 30))):
        root, _, key, value = draw(st.sampled_from(rows))
        proof = bytearray(draw(st.sampled_from(data)))
        for _ in range(draw(st.integers(0, 3))):
            at = draw(st.integers(0, len(proof)))
            to = min(len(proof), at + draw(st.integers(0, 4)))
            proof[at:to] = draw(st.binary(max_size=4) | st.sampled_from(data))
        out.append((name, (root, bytes(proof), key, value)))
    return out


@given(rows=mutated())
def test_what_holds_is_what_the_reference_says(rows: list[tuple[str, Row]]) -> None:
    spec = TREES[rows[0][0]](pairs_of(1)).spec
    given = [row for _, row in rows]
    assert verdicts(given, spec) == expected(given, spec)


@given(st.lists(st.binary(max_size=60), max_size=40), st.sampled_from(sorted(TREES)))
def test_random_bytes_are_no_proof(items: list[bytes], name: str) -> None:
    spec = TREES[name](pairs_of(1)).spec
    found = ics23.verify_membership_many([bytes(32)], items[:], items, items, spec=spec)
    assert found.count(OK) == 0
    found = ics23.verify_non_membership_many([bytes(32)], items[:], items, spec=spec)
    assert found.count(OK) == 0


# ---- Forms of the arguments ----


def test_one_or_many() -> None:
    tree = trees.iavl(pairs_of(9))
    rows = honest(tree)[:9]
    _, proofs, keys, values = [list(column) for column in zip(*rows, strict=True)]
    data = np.frombuffer(b"".join(proofs), np.uint8)
    offsets = np.cumsum([0, *map(len, proofs)])
    for root in (tree.root, [tree.root], [tree.root] * 9, tree.root * 9, bytearray(tree.root)):
        for column in (proofs, (data, offsets), [bytearray(proof) for proof in proofs]):
            for threads in (None, 1, 2):
                found = ics23.verify_membership_many(root, column, keys, values, threads=threads)
                assert found.all_ok
    assert len(ics23.verify_membership_many(tree.root, [], [], [])) == 0
    assert len(ics23.verify_non_membership_many(tree.root, [], [])) == 0
    assert len(ics23.verify_chained_many(tree.root, [], [[], b"ibc"])) == 0


def test_many_blocks() -> None:
    """More than are checked together, one of them wrong."""
    tree = trees.iavl(pairs_of(3))
    key, value = next(iter(tree.pairs.items()))
    proof = encoded(exist=tree.exist(key))
    proofs = [proof] * 2500
    proofs[2049] = proof[:-1]
    for threads in (1, 2):
        found = ics23.verify_membership_many(
            tree.root, proofs, [key] * 2500, [value] * 2500, threads=threads
        )
        assert found.failed.tolist() == [2049]


def test_one_proof() -> None:
    tree = trees.iavl(pairs_of(3))
    key, value = next(iter(tree.pairs.items()))
    proof, gap = encoded(exist=tree.exist(key)), encoded(nonexist=tree.gap(key + b"x"))
    ics23.verify_membership(tree.root, memoryview(proof), key, bytearray(value))
    ics23.verify_non_membership(tree.root, gap, key + b"x", spec=ics23.IAVL)
    with pytest.raises(InvalidSignature) as raised:
        ics23.verify_membership(tree.root, proof, key, value + b"x")
    assert raised.value.verdict == MISMATCH
    with pytest.raises(InvalidSignature) as raised:
        ics23.verify_non_membership(tree.root, proof, key)
    assert raised.value.verdict == MALFORMED
    with pytest.raises(TypeError, match="proof: expected bytes"):
        ics23.verify_membership(tree.root, None, key, value)  # type: ignore[arg-type]


def test_refused() -> None:
    root = bytes(32)
    with pytest.raises(ValueError, match=r"roots: 2 items, expected 1 or 3 \(keys\)"):
        ics23.verify_non_membership_many([root] * 2, [b""] * 3, [b"k"] * 3)
    with pytest.raises(ValueError, match=r"proofs: 2 items, expected 1 or 3 \(keys\)"):
        ics23.verify_non_membership_many(root, [b""] * 2, [b"k"] * 3)
    with pytest.raises(ValueError, match=r"values: 1 items, but 3 keys"):
        ics23.verify_membership_many(root, [b""], [b"k"] * 3, [b"v"])
    with pytest.raises(ValueError, match=r"roots: 33 bytes are no multiple of 32"):
        ics23.verify_non_membership_many(bytes(33), [b""], [b"k"])
    with pytest.raises(TypeError, match="spec: expected a ProofSpec, got str"):
        ics23.verify_non_membership_many(root, [b""], [b"k"], spec="iavl")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="a column for every spec"):
        ics23.verify_chained_many(root, [b""], [[b"k"]])
    with pytest.raises(ValueError, match="no device is named"):
        ics23.verify_non_membership_many(root, [b""], [b"k"], device="cpu:none")
