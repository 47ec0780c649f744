"""Merkle roots of SSZ's and FISCO BCOS's trees, against the definitions and against chains."""

import json
import lzma
import re
import tarfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reference.merkle import fisco2_root, fisco3_root, ssz_root
from test_hashes import OTHERS
from test_merkle import hashes
from verilane import merkle

Shared = Callable[[str], Path]

SIZES = [*range(71), 127, 128, 129, 255, 256, 257, 258, 511, 513]
# Around C's chunks (2^11 leaves), and what FISCO's width of 16 makes of them.
LARGE = [2047, 2048, 2049, 4095, 4096, 4097, 2 * 4096 + 17]

FISCO: dict[str, Callable[..., bytes]] = {"fisco2": fisco2_root, "fisco3": fisco3_root}


# ---- Against the definitions ----


@pytest.mark.parametrize("hash", ["keccak256", "sm3"])
@pytest.mark.parametrize("tree", FISCO)
def test_fisco_trees_of_all_sizes(hasher: str, tree: str, hash: str) -> None:
    leaves = hashes(max(SIZES))
    for n in SIZES:
        root = merkle.root(leaves[:n], tree, hash, device=hasher)
        assert root == FISCO[tree](leaves[:n], OTHERS[hash]), n


@pytest.mark.parametrize("tree", FISCO)
@pytest.mark.parametrize("n", LARGE)
def test_larger_fisco_trees(tree: str, n: int) -> None:
    leaves = hashes(n)
    expected = FISCO[tree](leaves, OTHERS["sha256"])
    for threads in (1, 3):
        assert merkle.root(leaves, tree, "sha256", threads=threads) == expected


def test_fisco_s_own_hash_is_keccak() -> None:
    for tree in FISCO:
        assert merkle.root(hashes(20), tree) == merkle.root(hashes(20), tree, "keccak256")


def test_ssz_of_all_sizes(hasher: str) -> None:
    chunks = hashes(max(SIZES))
    for n in SIZES:
        assert merkle.root(chunks[:n], "ssz", device=hasher) == ssz_root(chunks[:n]), n


def test_ssz_limits(hasher: str) -> None:
    chunks = hashes(70)
    for limit in [0, 1, 2, 3, 4, 5, 8, 15, 16, 17, 64, 70, 100, 2048, 2049]:
        for n in {0, 1, 2, 3, 5, limit // 2, limit - 1, limit} & set(range(min(limit, 70) + 1)):
            root = merkle.root(chunks[:n], "ssz", limit=limit, device=hasher)
            assert root == ssz_root(chunks[:n], limit), (n, limit)
            mixed = merkle.root(chunks[:n], "ssz", limit=limit, length=7 * n, device=hasher)
            assert mixed == ssz_root(chunks[:n], limit, 7 * n), (n, limit)


@pytest.mark.parametrize("n", LARGE)
def test_larger_ssz_trees(n: int) -> None:
    chunks = hashes(n)
    for limit in (None, 1 << 14):
        expected = ssz_root(chunks, limit)
        for threads in (1, 3):
            assert merkle.root(chunks, "ssz", limit=limit, threads=threads) == expected


def test_ssz_limits_that_no_memory_holds() -> None:
    """A subtree of zeros is hashed once a level: 2^k chunks with one leaf, up the whole way."""
    chunk, zero = hashes(1)[0], bytes(32)
    node = chunk
    for depth in range(63):
        assert merkle.root([chunk], "ssz", limit=1 << depth) == node
        assert merkle.root([], "ssz", limit=1 << depth) == zero
        node, zero = sha256(node + zero).digest(), sha256(zero + zero).digest()


# ---- Chains ----

# A block of a FISCO BCOS 2 chain: its transaction hashes and transactionsRoot (block 35 and block 9
# of the tests of WeBankBlockchain/WeCross-BCOS2-Stub, ProofVerifierUtilityTest.java, Apache-2.0).
FISCO2_BLOCKS = [
    (
        [
            "f76341248f90e743618a8152fb10f851af4ddf8ac297137d6668214f58334dc7",
            "4389024348c8f4adf2b0ce54e76f057ca786fbc0198a4ba10b4a19d674171152",
            "633a3386a189455354c058af6606d705697f3b216ad555958dc680f68cc4e99d",
            "483197261994b1267b2f2ff2ab48fcd8981b0ef7a9ccb9def497ae11ac29d1c0",
            "ab700e2e0a079e19fa4442e7d4e18a59fddeb2efaa225d4df5b12a80d59c4ae3",
        ],
        "215ba810f73d5efd87e0e77936cdca4bf8bb37fbd5b4c00cefa73d3d762d4a41",
    ),
    (
        ["8b3946912d1133f9fb0722a7b607db2456d468386c2e86b035e81ef91d94eb90"],
        "1c816600c113c0639c88ea96d269645bb52fe5a73f64e3496864d2ad2ceec6c0",
    ),
]


@pytest.mark.parametrize(("transactions", "root"), FISCO2_BLOCKS)
def test_fisco2_blocks(hasher: str, transactions: list[str], root: str) -> None:
    leaves = [bytes.fromhex(transaction) for transaction in transactions]
    assert merkle.root(leaves, "fisco2", device=hasher).hex() == root


def deposits(path: Path) -> list[tuple[bytes, bytes]]:
    """EIP-4881's test cases: every deposit's root, and the contract's root after it."""
    text = lzma.decompress(path.read_bytes()).decode()
    found = []
    for case in text.split("- deposit_data:")[1:]:
        leaf = re.search(r'deposit_data_root: "0x([0-9a-f]{64})"', case)
        root = re.search(r'deposit_root: "0x([0-9a-f]{64})"', case)
        assert leaf and root
        found.append((bytes.fromhex(leaf[1]), bytes.fromhex(root[1])))
    return found


def test_deposit_contract(shared: Shared) -> None:
    cases = deposits(shared("vectors/merkle/test_data.yaml.xz"))
    assert len(cases) == 512
    leaves = [leaf for leaf, _ in cases]
    for n, (_, root) in enumerate(cases, 1):
        assert merkle.root(leaves[:n], "ssz", limit=1 << 32, length=n, threads=1) == root, n


# hash_tree_root of some of the consensus specs' ssz_generic bitlists, as ralexstokes/ssz-rs
# (ssz-rs/tests/bitlist.rs, MIT/Apache-2.0) states them beside the serialized values.
BITLIST_ROOTS = {
    "bitlist_16_lengthy_0": "6232812aa34ca3e9ce77374f8915f059832b1671edbbe38e8816196b2be450d5",
    "bitlist_16_lengthy_1": "8c2b7bd1b88a7d1be36dad5c3734873af45f38d2d4618f83211b394aa65a665e",
    "bitlist_16_max_0": "017d2fa0f6934ed2354e4cdb7a2230ccf8f31fe758c7a47442e37fdea1d68bfe",
    "bitlist_16_max_3": "16472e350c0d8e0cf112307b5cfa66561668ffef5f9f3281c9ad0af85122ba2c",
    "bitlist_16_max_4": "4b07c3799db025f3aa92ced1e8545367a2b6e44960f479d3f9d62b61812892d5",
    "bitlist_16_nil_0": "f5a5fd42d16a20302798ef6ed309979b43003d2320d9f0e8ea9831a92759fb4b",
    "bitlist_16_random_3": "160937bf5c6f4256c285385214969c965a8c841be474c62d7ed3c184ec3cdb69",
    "bitlist_16_zero_0": "69713c9ac33bde909bd8763512e69a7f523d544adcfb8c892e24bc8f6341ea16",
}


def test_ssz_bitlists(shared: Shared) -> None:
    """The bits end before the highest one of the serialized value; they fill chunks from below."""
    pa = pytest.importorskip("pyarrow", reason="the values are compressed with Snappy")
    with tarfile.open(shared("vectors/merkle/ssz_generic.tar.xz")) as archive:
        for name, root in BITLIST_ROOTS.items():
            file = archive.extractfile(
                f"ssz-rs/tests/data/bitlist/valid/{name}/serialized.ssz_snappy"
            )
            assert file is not None
            packed = file.read()
            value = int.from_bytes(pa.decompress(packed, packed[0], codec="snappy"), "little")
            length = value.bit_length() - 1
            chunk = (value ^ 1 << length).to_bytes(32, "little")
            leaves = [chunk] if length else []
            assert merkle.root(leaves, "ssz", limit=1, length=length).hex() == root, name


def ssz_uint(values: Any) -> list[bytes]:
    """One uint64 or bool a row, as chunks."""
    return [int(value).to_bytes(32, "little") for value in values]


def test_genesis_validators(hasher: str, shared: Shared) -> None:
    """A validator is a container of eight fields; its root is a tree of eight leaves."""
    pq = pytest.importorskip("pyarrow.parquet", reason="the chain columns are Parquet files")
    known = json.loads(shared("chain/ssz_validators_root.json").read_text())
    table = pq.read_table(shared("chain/ssz_validators_root.parquet"))
    n = len(table)
    keys = np.zeros((n, 2, 32), np.uint8)
    keys.reshape(n, 64)[:, :48] = np.frombuffer(
        b"".join(table["pubkey"].to_pylist()), np.uint8
    ).reshape(n, 48)
    fields = [np.zeros((n, 32), np.uint8) for _ in range(8)]
    fields[0] = pairs(keys.reshape(n, 64), hasher)
    names = table.column_names
    for field, name in zip(fields[1:], names[1:], strict=True):
        values = table[name].to_pylist()
        rows = values if name == "withdrawal_credentials" else ssz_uint(values)
        field[:] = np.frombuffer(b"".join(rows), np.uint8).reshape(n, 32)
    level = np.stack(fields, axis=1).reshape(n * 8, 32)
    for _ in range(3):
        level = pairs(level.reshape(-1, 64), hasher)
    assert "0x" + bytes(level[0]).hex() == known["first_validator_root"]
    limit = 1 << known["list_limit_log2"]
    root = merkle.root(level, "ssz", limit=limit, device=hasher)
    assert "0x" + root.hex() == known["root_before_length"]
    mixed = merkle.root(level, "ssz", limit=limit, length=n, device=hasher)
    assert "0x" + mixed.hex() == known["hash_tree_root"]


def pairs(rows: "np.ndarray[Any, Any]", hasher: str) -> "np.ndarray[Any, Any]":
    """SHA-256 of every row."""
    from verilane.hashes import digest_many

    return digest_many(rows, device=hasher)


# ---- Bad requests ----


def test_refused() -> None:
    with pytest.raises(ValueError, match="limit: 2, expected 3"):
        merkle.root(hashes(3), "ssz", limit=2)
    with pytest.raises(ValueError, match="expected 3 "):
        merkle.root(hashes(3), "ssz", limit=(1 << 62) + 1)
    with pytest.raises(ValueError, match="limit: a 'rfc6962' tree has none"):
        merkle.root(hashes(3), limit=4)
    with pytest.raises(ValueError, match="length: a 'fisco3' tree mixes in none"):
        merkle.root(hashes(3), "fisco3", length=3)
    with pytest.raises(ValueError, match="length: -1"):
        merkle.root(hashes(3), "ssz", length=-1)
    with pytest.raises(TypeError, match="length: expected a number"):
        merkle.root(hashes(3), "ssz", length=3.0)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="limit: expected a number"):
        merkle.root(hashes(3), "ssz", limit="4")  # type: ignore[arg-type]
    for tree, article in (("ssz", "an"), ("fisco2", "a"), ("fisco3", "a")):
        with pytest.raises(ValueError, match=f"item 1 has 31 bytes; {article} {tree} leaf has 32"):
            merkle.root([bytes(32), bytes(31)], tree)
