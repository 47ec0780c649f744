"""Proofs that an Ethereum node made, and proofs of a real block's transactions."""

import json
import lzma
from collections.abc import Callable
from pathlib import Path

import pytest

from mpt_items import keccak256
from reference.mpt import prove
from reference.rlp import rlp_encode
from verilane import Verdict, merkle
from verilane.proofs import mpt

Shared = Callable[[str], Path]

# eth_getProof of geth for the account aa00...00 and its slot 1, which is zero; from
# ethereum/execution-apis, tests/eth_getProof/get-account-proof-with-storage.io @ c3dd05b220e8.
ADDRESS = bytes.fromhex("aa" + "00" * 19)
STORAGE_HASH = bytes.fromhex("8afc95b7d18a226944b9c2070b6bda1c3a36afcc3730429d47579c94b9fe5850")
CODE_HASH = bytes.fromhex("ce92c756baff35fa740c3557c1a971fd24d2d35b7c8e067880d50cd86bb0bc99")
ACCOUNT_PROOF = [
    bytes.fromhex(node)
    for node in (
        "f8d1a0d3949cde98dcbc869d2674d947808f434acd28e2047dc5ab8167cef78a727a8f80808080a0264011c466"
        "c4cfd87b5f9196543c792577f5cf4a90a2c110f30185307a235da980a0457ae8d978cd387f5332f978f5653226"
        "588b6cc76a355fc5977cd4325ffcff78a095be66d743fceb05ec76ef3097adc0807a2209a6b1c53b8c856f6bcb"
        "cce7fa4c80808080a0cdd7174c562909b7193f1780389aca5498330e741a88b8d865426b350d7f62f680a00207"
        "9db8ae0ab68695af5bd0cdf17e48d261974ff96482ae58a6fe15b33de57480",
        "f869a0335649db80be637d281db0cc5896b0ff9869d08379a80fdc38dd073bba633949b846f8440101a08afc95"
        "b7d18a226944b9c2070b6bda1c3a36afcc3730429d47579c94b9fe5850a0ce92c756baff35fa740c3557c1a971"
        "fd24d2d35b7c8e067880d50cd86bb0bc99",
    )
]
STORAGE_PROOF = [
    bytes.fromhex(
        "f871808080a0ce028e108cf5c832b0a9afd3ed101183857b3b9ddaea5670c4f09b62e4d38d05a0de3ecad66628"
        "a5743ed089e3a35ebeedc25a922fb0ac346304613403911c18e0a0128c5f7abac505794cda09bde44d143e4736"
        "b50b1c42d6807a989c10af51e8d18080808080808080808080"
    )
]


def test_an_account_of_geth(isa: str) -> None:
    account = rlp_encode([b"\x01", b"\x01", STORAGE_HASH, CODE_HASH])
    state_root = keccak256(ACCOUNT_PROOF[0])
    slot = (1).to_bytes(32, "big")
    found = mpt.verify_many(
        [state_root, STORAGE_HASH],
        [ADDRESS, slot],
        [account, b""],
        [ACCOUNT_PROOF, STORAGE_PROOF],
        hash_keys=True,
        device=isa,
    )
    assert found.all_ok
    values, verdicts = mpt.lookup_many(
        state_root, [ADDRESS], [ACCOUNT_PROOF], hash_keys=True, device=isa
    )
    assert verdicts.all_ok and values == [account]
    richer = rlp_encode([b"\x01", b"\x02", STORAGE_HASH, CODE_HASH])
    for value in (richer, b""):
        verdict = mpt.verify(state_root, ADDRESS, value, ACCOUNT_PROOF, hash_keys=True)
        assert verdict == Verdict.MISMATCH
    assert mpt.verify(STORAGE_HASH, slot, b"\x01", STORAGE_PROOF, hash_keys=True) == (
        Verdict.MISMATCH
    )
    # Without hashing, the key aa00... runs into an empty place of the root.
    assert mpt.verify(state_root, ADDRESS, b"", ACCOUNT_PROOF, hash_keys=False) != Verdict.OK


@pytest.mark.parametrize("slot", [7109430, 7109431])
def test_transactions_of_mainnet(shared: Shared, isa: str, slot: int) -> None:
    """Under the root that test_tries.py finds in the header."""
    text = lzma.decompress(shared(f"vectors/beacon/helios_blocks_{slot}.json.xz").read_bytes())
    payload = json.loads(text)["data"]["message"]["body"]["execution_payload"]
    transactions = [bytes.fromhex(each[2:]) for each in payload["transactions"]]
    items = {mpt.index_key(i): each for i, each in enumerate(transactions)}
    root = merkle.ordered_trie_root(transactions)
    keys = [*items, mpt.index_key(len(transactions)), mpt.index_key(1 << 20)]
    proofs = [prove(items, key, keccak256) for key in keys]
    found = mpt.verify_many(
        root, keys, [*transactions, b"", b""], proofs, hash_keys=False, device=isa
    )
    assert found.all_ok
    shifted = [*transactions[1:], transactions[0], b"x", b"x"]
    found = mpt.verify_many(root, keys, shifted, proofs, hash_keys=False, device=isa)
    assert found.count(Verdict.MISMATCH) == len(keys)
