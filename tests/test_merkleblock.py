"""Bitcoin's merkleblock proofs: honest ones hold, what a recursive reference refuses does not."""

from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference import merkleblock as reference
from reference.merkleblock import build, node, serialize, sha256d
from verilane import InvalidSignature, Verdict
from verilane.proofs import merkleblock

Shared = Callable[[str], Path]

OK, MISMATCH, MALFORMED = Verdict.OK, Verdict.MISMATCH, Verdict.BAD_SIGNATURE

COINBASE = b"\1\0\0\0\1" + bytes(32) + b"\xff" * 4 + b"\4abcd" + b"\xff" * 4 + b"\0" * 5


def txids(n: int) -> list[bytes]:
    """The block's: a coinbase and n - 1 others."""
    return [sha256d(COINBASE), *[sha256(b"tx%d" % k).digest() for k in range(1, n)]]


def header_for(root: bytes) -> bytes:
    return b"\0\0\0\x20" + b"p" * 32 + root + b"t" * 12


class Block:
    def __init__(self, ids: Sequence[bytes]) -> None:
        self.ids = list(ids)
        self.root = node(ids, reference.height_of(len(ids)), 0)
        self.header = header_for(self.root)
        self.hash = sha256d(self.header)

    def proof(self, *matched: int) -> bytes:
        return serialize(self.header, len(self.ids), *build(self.ids, set(matched)))


def verdicts(rows: Sequence[Any], **more: Any) -> list[int]:
    columns = [list(column) for column in zip(*rows, strict=True)]
    return list(merkleblock.verify_many(*columns, **more))


def expected(rows: Sequence[Any]) -> list[int]:
    return [reference.verify(*row) for row in rows]


def test_all_transactions_of_small_blocks(isa: str) -> None:
    rows = []
    for n in [*range(1, 35), 63, 64, 65, 127]:
        block = Block(txids(n))
        rows += [(block.hash, block.proof(k), block.ids[k]) for k in range(n)]
    assert set(verdicts(rows, device=isa)) == {OK}
    turned = [(rows[i - 1][0], *row[1:]) for i, row in enumerate(rows)]
    assert verdicts(turned, device=isa) == expected(turned)
    turned = [(*row[:2], rows[i - 1][2]) for i, row in enumerate(rows)]
    assert verdicts(turned, device=isa) == expected(turned)


@given(data=st.data())
def test_many_matches(data: st.DataObject) -> None:
    rows: list[Any] = []
    wanted = []
    for _ in range(data.draw(st.integers(1, 40))):
        n = data.draw(st.integers(1, 40))
        block = Block(txids(n))
        matched = data.draw(st.sets(st.integers(0, n - 1), max_size=5))
        proof = block.proof(*matched)
        found = merkleblock.parse(proof)
        assert found.matches == tuple((k, block.ids[k]) for k in sorted(matched))
        assert (found.block_hash, found.merkle_root) == (block.hash, block.root)
        assert (found.header, found.total) == (block.header, n)
        k = data.draw(st.integers(0, n - 1))
        rows.append((block.hash, proof, block.ids[k]))
        wanted.append(OK if k in matched else MISMATCH)
    assert verdicts(rows) == wanted == expected(rows)


def test_a_large_block(isa: str) -> None:
    """One proof of all transactions, and for each one of its own."""
    block = Block(txids(2000))
    whole = block.proof(*range(2000))
    found = merkleblock.verify_many(
        block.hash, [whole], [*block.ids, block.root], totals=2000, coinbases=[COINBASE], device=isa
    )
    assert found.failed.tolist() == [2000]
    leaves = [0, 1, 999, 1998, 1999] * 5
    rows = [(block.hash, block.proof(k), block.ids[k]) for k in leaves]
    assert set(verdicts([*rows, (block.hash, whole, block.ids[7])], device=isa)) == {OK}


def flipped(data: bytes, bit: int) -> bytes:
    out = bytearray(data)
    out[bit // 8] ^= 1 << bit % 8
    return bytes(out)


@pytest.mark.parametrize("n", [1, 2, 3, 5, 7, 11])
def test_one_bit_changes_everything(n: int) -> None:
    """But for a second match, which is another proof, and for totals with the same path."""
    block = Block(txids(n))
    rows = []
    for k in {0, n // 2, n - 1}:
        row = (block.hash, block.proof(k), block.ids[k])
        for part in range(3):
            for bit in range(8 * len(row[part])):
                changed = flipped(row[part], bit)
                rows.append((*row[:part], changed, *row[part + 1 :]))
    assert verdicts(rows) == expected(rows)
    found = verdicts(rows, totals=n)
    assert found == [reference.verify(*row, total=n) for row in rows]
    for row, code in zip(rows, found, strict=True):
        if code == OK:
            assert row[0] == block.hash and row[1].startswith(block.header)
            assert len(merkleblock.parse(row[1]).matches) == 2


@pytest.mark.parametrize("n", [1, 2, 3, 7, 20])
def test_shorter_and_longer_proofs(isa: str, n: int) -> None:
    block = Block(txids(n))
    proof = block.proof(n - 1)
    changed = [proof[:k] for k in range(len(proof))]
    changed += [proof + bytes([byte]) for byte in range(256)] + [proof * 2, proof + bytes(32)]
    rows = [(block.hash, each, block.ids[n - 1]) for each in changed]
    assert set(verdicts(rows, device=isa)) == {MALFORMED}
    assert set(expected(rows)) == {MALFORMED}


def test_what_is_no_proof() -> None:
    block = Block(txids(5))
    ids, header = block.ids, block.header
    hashes, flags = build(ids, {2})
    nine, every = build(txids(9), set(range(9)))
    large = header_for(b"r" * 32)
    bad = {
        "no transactions": serialize(header, 0, [], []),
        "no transactions, one hash": serialize(header, 0, ids[:1], [True]),
        "too many transactions": serialize(header, 16_667, hashes, flags),
        "2^32 - 1 transactions": serialize(header, 2**32 - 1, hashes, flags),
        "more hashes than transactions": serialize(header, 3, hashes, flags),
        "fewer flags than hashes": serialize(header, 9, nine, every)[:-3] + b"\1\xff",
        "no flags": serialize(header, 5, hashes, []),
        "a hash too many": serialize(header, 5, [*hashes, ids[0]], flags),
        "a hash too few": serialize(header, 5, hashes[:-1], flags),
        "a byte of flags too many": serialize(header, 5, hashes, [*flags, *[False] * 8]),
        "a flag too many": serialize(header, 5, hashes, [*flags, True]),
        "flags that end early": serialize(header, 9, nine, every[:16]),
        "another total": serialize(header, 200, hashes, flags),
        "a long count of hashes": block.proof(2).replace(
            bytes([len(hashes)]) + hashes[0], b"\xfd" + bytes([len(hashes), 0]) + hashes[0]
        ),
        "a count of 64 bits": header + b"\5\0\0\0\xff" + bytes(8) + b"\1\0",
        "a count of 2^32 - 1": header + b"\5\0\0\0\xfe\xff\xff\xff\xff" + bytes(200),
        "flags of 2^32 - 1": header + b"\5\0\0\0\1" + ids[0] + b"\xfe\xff\xff\xff\xff\0",
        "a length that does not end": header + b"\5\0\0\0\xfd\1",
        "16,666 transactions, no flags": serialize(large, 16_666, [b"r" * 32], []),
    }
    rows = [(block.hash, proof, ids[2]) for proof in bad.values()]
    found = dict(zip(bad, verdicts(rows), strict=True))
    assert found == dict(zip(bad, expected(rows), strict=True))
    assert set(found.values()) == {MALFORMED}, found
    for row in rows:
        assert verdicts([row]) == [MALFORMED]
        with pytest.raises(InvalidSignature) as raised:
            merkleblock.parse(row[1])
        assert raised.value.verdict == MALFORMED


def test_equal_siblings() -> None:
    """CVE-2012-2459: a block of 5 read as one of 6, whose last two are the same."""
    five = txids(5)
    six = [*five, five[4]]
    real, forged = Block(five), Block(six)
    assert real.root == forged.root
    for matched in ({4}, {5}, {0, 5}, set(range(6))):
        proof = serialize(real.header, 6, *build(six, matched))
        assert verdicts([(real.hash, proof, five[4])]) == [MALFORMED]
        assert verdicts([(real.hash, proof, five[4])] * 20) == [MALFORMED] * 20
    assert verdicts([(real.hash, real.proof(4), five[4])]) == [OK]
    eight = [*five, five[4], five[4], five[4]]  # equal only two levels up
    proof = serialize(Block(eight).header, 8, *build(eight, {0}))
    assert verdicts([(Block(eight).hash, proof, five[0])]) == expected(
        [(Block(eight).hash, proof, five[0])]
    )


def test_transactions_of_64_bytes(isa: str) -> None:
    """CVE-2017-12842: a proof of a leaf below a transaction that is two hashes, and of a node as a
    transaction; what is known of the block refuses both.
    """
    fake = sha256(b"a payment that never was").digest()
    carrier = fake + sha256(b"whatever").digest()
    block = Block([sha256d(COINBASE), sha256d(carrier)])
    hashes = [block.ids[0], fake, carrier[32:]]
    proof = serialize(block.header, 4, hashes, [True, False, True, True, False])
    row = (block.hash, proof, fake)
    assert verdicts([row], device=isa) == [OK]
    assert verdicts([row], totals=4, device=isa) == [OK]
    assert verdicts([row], totals=2, device=isa) == [MISMATCH]
    assert verdicts([row], coinbases=[COINBASE], device=isa) == [MISMATCH]

    four = Block(txids(4))
    nodes = [sha256d(b"".join(four.ids[:2])), sha256d(b"".join(four.ids[2:]))]
    proof = serialize(four.header, 2, nodes, [True, False, True])
    row = (four.hash, proof, nodes[1])
    assert verdicts([row], device=isa) == [OK]
    assert verdicts([row], totals=4, device=isa) == [MISMATCH]
    assert verdicts([row], coinbases=[COINBASE], device=isa) == [MISMATCH]
    pair = b"".join(four.ids[:2])
    assert verdicts([row], coinbases=[pair], device=isa) == [Verdict.BAD_MESSAGE]

    honest = [(four.hash, four.proof(0, k), four.ids[k]) for k in range(4)]
    assert set(verdicts(honest, totals=4, coinbases=[COINBASE], device=isa)) == {OK}
    assert set(verdicts(honest, totals=[4] * 4, coinbases=[COINBASE] * 4, device=isa)) == {OK}
    without = [(four.hash, four.proof(k), four.ids[k]) for k in range(4)]
    codes = verdicts(without, coinbases=[COINBASE], device=isa)
    assert codes == [OK, OK, MISMATCH, MISMATCH]  # of its neighbour, as its sibling


def test_which_coinbases_are_none() -> None:
    block = Block(txids(3))
    row = (block.hash, block.proof(0), block.ids[0])
    wrong = [
        b"",
        COINBASE[:40],
        b"\1\0\0\0\2" + COINBASE[5:],
        COINBASE[:36] + b"\1" + COINBASE[37:],
        COINBASE[:37] + b"\xfe" + COINBASE[38:],
        COINBASE + bytes(64 - len(COINBASE)),
    ]
    for each in wrong:
        assert verdicts([row], coinbases=[each]) == [Verdict.BAD_MESSAGE]
        assert reference.verify(*row, coinbase=each) == Verdict.BAD_MESSAGE
    assert verdicts([row], coinbases=[COINBASE + b"\0"]) == [MISMATCH]


def test_which_fault_is_named() -> None:
    """Bad ones at every place of a batch of good ones, which they do not touch."""
    block = Block(txids(9))
    hash, proof, txid = block.hash, block.proof(3), block.ids[3]
    bad = [
        (hash[:31], proof, txid, Verdict.BAD_KEY),
        (hash + b"x", b"", b"", Verdict.BAD_KEY),
        (b"", proof, txid, Verdict.BAD_KEY),
        (hash, b"", b"", MALFORMED),
        (hash, proof[:-1], txid, MALFORMED),
        (hash, proof, txid[:-1], Verdict.BAD_MESSAGE),
        (bytes(32), proof, b"", Verdict.BAD_MESSAGE),
        (bytes(32), proof, txid, MISMATCH),
        (hash, proof, block.ids[2], MISMATCH),
        (hash, block.proof(), txid, MISMATCH),
        (hash, b"\1" + proof[1:], txid, MISMATCH),
    ]
    for at in range(40):
        rows = [(hash, proof, txid, OK)] * 40
        rows[at] = bad[at % len(bad)]
        assert verdicts([row[:3] for row in rows]) == [row[3] for row in rows]
        assert expected([row[:3] for row in rows]) == [row[3] for row in rows]


# ---- Hostile bytes ----


@st.composite
def mutated(draw: st.DrawFn) -> list[tuple[bytes, bytes, bytes]]:
    rows = []
    for _ in range(draw(st.integers(1, 40))):
        n = draw(st.integers(1, 20))
        block = Block(txids(n))
        k = draw(st.integers(0, n - 1))
        hashes, flags = build(block.ids, {k} | draw(st.sets(st.integers(0, n - 1), max_size=3)))
        total = draw(st.just(n) | st.integers(0, 40))
        for _ in range(draw(st.integers(0, 2))):
            at = draw(st.integers(0, len(hashes)))
            hashes[at : at + draw(st.integers(0, 1))] = draw(
                st.sampled_from([[], hashes[:1], hashes[-1:], block.ids[:1]])
            )
        for _ in range(draw(st.integers(0, 2))):
            at = draw(st.integers(0, len(flags)))
            flags[at : at + draw(st.integers(0, 1))] = draw(st.lists(st.booleans(), max_size=2))
        proof = serialize(block.header, total, hashes, flags)
        at = draw(st.integers(80, len(proof)))
        proof = draw(st.sampled_from([proof, proof, proof[:at] + b"\1" + proof[at:]]))
        rows.append((block.hash, proof, block.ids[k]))
    return rows


@given(mutated())
def test_what_holds_is_what_the_reference_says(rows: list[tuple[bytes, bytes, bytes]]) -> None:
    assert verdicts(rows) == expected(rows)


@given(
    st.integers(1, 2**32 - 1),
    st.lists(st.sampled_from([b"a" * 32, b"b" * 32]), max_size=40),
    st.binary(max_size=20),
    st.integers(1, 20),
)
def test_made_up_trees(total: int, hashes: list[bytes], flags: bytes, count: int) -> None:
    """Of any height, walked one by one and in step."""
    data = reference.compact(len(hashes)) + b"".join(hashes) + reference.compact(len(flags))
    proof = header_for(bytes(32)) + total.to_bytes(4, "little") + data + flags
    row = (bytes(32), proof, b"a" * 32)
    code = reference.verify(*row, most=2**32)
    assert verdicts([row] * count, max_transactions=2**32) == [code] * count
    assert verdicts([row] * count) == [reference.verify(*row)] * count


@given(st.lists(st.binary(max_size=200), max_size=40))
def test_random_bytes_are_no_proof(proofs: list[bytes]) -> None:
    found = merkleblock.verify_many(bytes(32), proofs, [bytes(32)] * len(proofs))
    assert found.count(MALFORMED) == len(proofs)


# ---- Forms of the arguments ----


def test_one_or_many() -> None:
    block = Block(txids(9))
    proofs = [block.proof(k) for k in range(9)]
    offsets = np.cumsum([0, *map(len, proofs)])
    data = np.frombuffer(b"".join(proofs), np.uint8)
    rows = np.frombuffer(b"".join(block.ids), np.uint8).reshape(9, 32)
    for hash in (block.hash, [block.hash], [block.hash] * 9, block.hash * 9):
        for column in (proofs, (data, offsets), [bytearray(proof) for proof in proofs]):
            for ids in (block.ids, b"".join(block.ids), rows):
                for totals in (None, 9, [9] * 9, np.full(9, 9, np.uint32)):
                    assert merkleblock.verify_many(hash, column, ids, totals=totals).all_ok
    assert len(merkleblock.verify_many(block.hash, [], [])) == 0
    assert len(merkleblock.verify_many(block.hash, [], [], totals=[], coinbases=[])) == 0
    for threads in (1, 2):
        many = [proofs[0]] * 3000
        many[2100] = proofs[0][:-1]
        found = merkleblock.verify_many(block.hash, many, [block.ids[0]] * 3000, threads=threads)
        assert found.failed.tolist() == [2100]


def test_refused() -> None:
    hash = bytes(32)
    with pytest.raises(ValueError, match=r"block_hashes: 2 items, expected 1 or 3 \(txids\)"):
        merkleblock.verify_many([hash] * 2, [b""] * 3, [hash] * 3)
    with pytest.raises(ValueError, match=r"proofs: 2 items, expected 1 or 3 \(txids\)"):
        merkleblock.verify_many(hash, [b""] * 2, [hash] * 3)
    with pytest.raises(ValueError, match=r"coinbases: 2 items, expected 1 or 3 \(txids\)"):
        merkleblock.verify_many(hash, [b""], [hash] * 3, coinbases=[b""] * 2)
    with pytest.raises(ValueError, match=r"totals: expected a number or 3 of them, got \(2,\)"):
        merkleblock.verify_many(hash, [b""], [hash] * 3, totals=[1, 2])
    with pytest.raises(TypeError, match="totals: expected integers"):
        merkleblock.verify_many(hash, [b""], [hash], totals=[1.0])
    with pytest.raises(TypeError, match="proof: expected bytes, got str"):
        merkleblock.parse("00")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="no device is named"):
        merkleblock.parse(b"", device="cpu:none")


# ---- Real blocks ----

# What Bitcoin Core 29's gettxoutproof gives for a transaction of mainnet block 901846.
BLOCK = "000000000000000000019fda9794e3ead682f1b6a1cc68c3bd0d95a35f4db0b8"
TXID = "60d9a845bf9518ac982e6da8d96fa5ce2c81fbd05c87644c8b0f8e4fe47d40b7"
PROOF = bytes.fromhex(
    "0000cc20e74e69db30fe908461c810b9eba24151cef87e792bd401000000000000000000a01c882adabe4bbec11589f2"
    "932c935899e43af3fa4b2027f9c4f63717b3cb5898755368043a02178c51f26fb9000000098053e31823ccf1bb4de37a"
    "aeeed1e922584dac851bbf921682c24fad3943350a2691b8e84f8272c91bad54a7bdc8d4c33e957f2f4b01b06dd21370"
    "3bf286722b64f4cf0fc2a4001a9b7d98c127d4b68d8d19613160bdb4c91db83af9f763bb5af185023cb7489f1f636ec2"
    "b5668830890fb1484f708a3ffe504e121f9823399fb7407de44f8e0f8b4c64875cd0fb812ccea56fd9a86d2e98ac1895"
    "bf45a8d960233e59b2fca56ed1c8b178b0808d7a235d9a355071a6f5395fe1328dfd712d4a8be740030e3e296e0e685f"
    "4594e15d19698418213862628990a91e21b5715e562b4d8db89eac431ab6d0e3dbaf863d5616d4307355af0d17175eca"
    "4cbbbc725cb4e868aebda7ff853da5b8b306be68bf38b3ac197bfbb264c91f61228ecd127c036f1500"
)


def test_proof_of_a_node(isa: str) -> None:
    hash, txid = bytes.fromhex(BLOCK)[::-1], bytes.fromhex(TXID)[::-1]
    assert verdicts([(hash, PROOF, txid)], totals=185, device=isa) == [OK]
    found = merkleblock.parse(PROOF, device=isa)
    assert (found.block_hash, found.total) == (hash, 185)
    assert [each for _, each in found.matches] == [txid]


def test_real_blocks(isa: str, shared: Shared) -> None:
    """Made-up headers: the columns hold transactions and roots."""
    pq = pytest.importorskip("pyarrow.parquet", reason="the chain columns are Parquet files")
    rows = []
    for each in pq.read_table(shared("chain/bitcoin_merkle.parquet")).to_pylist():
        ids, header = each["txids"], header_for(each["merkle_root"])
        for k in {0, len(ids) // 2, len(ids) - 1}:
            if len(ids) > 700 and k:
                continue
            proof = serialize(header, len(ids), *build(ids, {k}))
            rows.append((sha256d(header), proof, ids[k]))
    assert len(rows) > 273
    assert set(verdicts(rows, device=isa)) == {OK}
