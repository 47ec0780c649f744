"""ICS-23 proofs: honest ones of every kind of tree hold, and what a reference refuses does not."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ics23_trees as trees
from ics23_trees import (
    TREES,
    M,
    Row,
    batch,
    compressed,
    encoded,
    expected,
    flipped,
    honest,
    near,
    pairs_of,
    verdicts,
)
from verilane import InvalidSignature, Verdict
from verilane.proofs import ics23

Shared = Callable[[str], Path]

OK, MISMATCH, MALFORMED = Verdict.OK, Verdict.MISMATCH, Verdict.BAD_SIGNATURE


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


def test_chains_of_other_specs() -> None:
    """Three trees, each of a kind of its own; in another order of the specs nothing holds."""
    lowest = trees.smt(pairs_of(9))
    middle = trees.iavl({b"app": lowest.root, b"other": b"x" * 32})
    top = trees.tendermint({b"ibc": middle.root, b"zone": b"y" * 32})
    (key, value), *_ = lowest.pairs.items()
    data = chain(
        encoded(exist=lowest.exist(key)),
        encoded(exist=middle.exist(b"app")),
        encoded(exist=top.exist(b"ibc")),
    )
    columns = top.root, [data], [[key], b"app", b"ibc"], [value]
    specs = ics23.SMT, ics23.IAVL, ics23.TENDERMINT
    assert ics23.verify_chained_many(*columns, specs=specs).all_ok
    for other in ((ics23.IAVL, ics23.SMT, ics23.TENDERMINT), specs[::-1], [ics23.IAVL] * 3):
        assert not ics23.verify_chained_many(*columns, specs=other).all_ok


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


# ---- Published proofs ----


def test_published_proofs(isa: str, shared: Shared) -> None:
    """cosmos/ics23's test data, also as batches and with what belongs to another proof."""
    cases = json.loads(shared("vectors/ics23/published.json").read_text())
    assert len(cases) >= 6
    specs = {"iavl": ics23.IAVL, "tendermint": ics23.TENDERMINT, "smt": ics23.SMT}
    for kind, spec in specs.items():
        rows: list[Row] = [
            tuple(bytes.fromhex(case[part]) for part in ("root", "proof", "key", "value"))
            for name, case in cases.items()
            if name.startswith(kind)
        ]
        assert {bool(row[3]) for row in rows} == {False, True}
        assert set(verdicts(rows, spec, device=isa)) == {OK}
        parsed = [M["CommitmentProof"].FromString(row[1]) for row in rows]
        entries = [
            each.exist if row[3] else each.nonexist for each, row in zip(parsed, rows, strict=True)
        ]
        for proof in (batch(entries), compressed(entries)):
            batches = [(row[0], proof, *row[2:]) for row in rows]
            assert set(verdicts(batches, spec, device=isa)) == {OK}
        for other in (each for each in specs.values() if each != spec):
            assert OK not in verdicts(rows, other, device=isa)
        turned = [(rows[i - 1][0], *row[1:]) for i, row in enumerate(rows)]
        assert set(verdicts(turned, spec, device=isa)) == {MISMATCH}
