"""What the examples in the documents work on: signatures, leaves and proofs, all of them valid but
one.
"""

import hashlib
from functools import cache
from types import SimpleNamespace
from typing import Any

from coincurve import PrivateKey
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from nacl.signing import SigningKey

from reference import der, ecdsa, merkleblock, sm2
from reference.keccak import keccak256
from reference.sm3 import sm3
from verilane.proofs import mpt
from verilane.sm2 import DEFAULT_USER_ID

COUNT = 100
FORGED = 17


def digest_of(i: int) -> bytes:
    return hashlib.sha256(b"digest %d" % i).digest()


@cache
def transactions() -> SimpleNamespace:
    """Signed as Ethereum's: low s, recovery id 0 or 1; also compact, and in DER."""
    secrets = [PrivateKey((i + 1).to_bytes(32, "big")) for i in range(COUNT)]
    digests = [digest_of(i) for i in range(COUNT)]
    signed = [
        secret.sign_recoverable(digest, hasher=None)
        for secret, digest in zip(secrets, digests, strict=True)
    ]
    pairs = [[int.from_bytes(each[k : k + 32], "big") for k in (0, 32)] for each in signed]
    return SimpleNamespace(
        keys=[secret.public_key.format() for secret in secrets],
        signatures=signed,
        compact=[each[:64] for each in signed],
        der=[der.encode(r, s) for r, s in pairs],
        digests=digests,
    )


@cache
def notes() -> SimpleNamespace:
    """Signed by BIP-340."""
    secrets = [PrivateKey((i + 1).to_bytes(32, "big")) for i in range(COUNT)]
    messages = [digest_of(i) for i in range(COUNT)]
    return SimpleNamespace(
        keys=[secret.public_key_xonly.format() for secret in secrets],
        signatures=[
            secret.sign_schnorr(message) for secret, message in zip(secrets, messages, strict=True)
        ],
        messages=messages,
    )


@cache
def votes() -> SimpleNamespace:
    """Signed by Ed25519."""
    secrets = [SigningKey(bytes([i]) * 32) for i in range(COUNT)]
    messages = [b"vote %d" % i for i in range(COUNT)]
    return SimpleNamespace(
        keys=[bytes(secret.verify_key) for secret in secrets],
        signatures=[
            secret.sign(message).signature
            for secret, message in zip(secrets, messages, strict=True)
        ],
        messages=messages,
    )


@cache
def quotes() -> SimpleNamespace:
    """Signed by ECDSA over P-256."""
    keys, signatures, digests = [], [], [digest_of(i) for i in range(COUNT)]
    for i in range(COUNT):
        private = ec.derive_private_key(i + 1, ec.SECP256R1())
        r, s = decode_dss_signature(private.sign(digests[i], ec.ECDSA(Prehashed(SHA256()))))
        numbers = private.public_key().public_numbers()
        keys.append(ecdsa.compact(numbers.x, numbers.y))
        signatures.append(ecdsa.compact(r, s))
    return SimpleNamespace(keys=keys, signatures=signatures, digests=digests)


@cache
def bills() -> SimpleNamespace:
    """Signed by SM2; also with the key behind, as FISCO BCOS has it."""
    keys, signatures, messages = [], [], []
    for i in range(8):
        point = sm2.CURVE.multiply_base(1000 + i)
        assert point is not None
        messages.append(sm3(b"transaction %d" % i))
        digest = sm2.message_hash(point, DEFAULT_USER_ID, messages[i])
        keys.append(sm2.CURVE.encode_point(point, "raw"))
        signatures.append(ecdsa.compact(*sm2.sign(1000 + i, digest, 77 + i)))
    fisco = [a + b for a, b in zip(signatures, keys, strict=True)]
    return SimpleNamespace(keys=keys, signatures=signatures, messages=messages, fisco=fisco)


class Transaction:
    """As much of py-evm's signed transactions as `prefetch` and an import of a block ask for."""

    type_id = 0

    def __init__(self, key: bytes, signature: bytes, message: bytes) -> None:
        self.key, self.message = key, message
        self.r, self.s = (int.from_bytes(signature[k : k + 32], "big") for k in (0, 32))
        self.y_parity = signature[64]

    def get_message_for_signing(self) -> bytes:
        return self.message

    @property
    def sender(self) -> bytes:
        raise AssertionError("recovered again")


def block() -> tuple[Any, Any]:
    """A block, and a chain that imports it and wants its senders to be known."""
    made = []
    for i in range(8):
        secret = PrivateKey((i + 1).to_bytes(32, "big"))
        message = b"unsigned transaction %d" % i
        signature = secret.sign_recoverable(keccak256(message), hasher=None)
        made.append(Transaction(secret.public_key.format(compressed=False)[1:], signature, message))

    def import_block(given: Any) -> None:
        for each in given.transactions:
            assert vars(each)["sender"] == keccak256(each.key)[12:]

    return SimpleNamespace(transactions=made), SimpleNamespace(import_block=import_block)


def trees() -> dict[str, Any]:
    """Tries and light clients' proofs."""
    import ics23_trees
    import mpt_items

    accounts = {keccak256(b"account %d" % i): b"value %d" % i for i in range(50)}
    state = SimpleNamespace(
        root=mpt_items.root_of(accounts),
        keys=[b"account %d" % i for i in range(60)],
        values=[b"value %d" % i for i in range(50)] + [b""] * 10,
        proofs=[mpt_items.proof_of(accounts, keccak256(b"account %d" % i)) for i in range(60)],
    )
    ordered = {mpt.index_key(i): b"receipt %d" % i for i in range(40)}
    receipts = SimpleNamespace(
        root=mpt_items.root_of(ordered),
        indices=[0, 7, 39],
        values=[b"receipt %d" % i for i in (0, 7, 39)],
        proofs=[mpt_items.proof_of(ordered, mpt.index_key(i)) for i in (0, 7, 39)],
    )
    store = ics23_trees.iavl(ics23_trees.pairs_of(20))
    stores = ics23_trees.tendermint({b"bank": b"x" * 32, b"ibc": store.root})
    one = {key: ics23_trees.encoded(exist=store.exist(key)) for key in store.pairs}
    upper = ics23_trees.M["CommitmentProof"](exist=stores.exist(b"ibc"))
    chained = []
    for key in store.pairs:
        lower = ics23_trees.M["CommitmentProof"](exist=store.exist(key))
        chained.append(ics23_trees.M["MerkleProof"](proofs=[lower, upper]).SerializeToString())
    sparse = ics23_trees.smt(ics23_trees.pairs_of(20))
    absent = [b"absent %d" % i for i in range(5)]
    keys, values = list(store.pairs), list(store.pairs.values())
    return {
        "state": state,
        "receipts": receipts,
        "transactions": [b"transaction %d" % i for i in range(COUNT)],
        "iavl": SimpleNamespace(
            root=store.root, keys=keys, values=values, proofs=list(one.values())
        ),
        "ibc": SimpleNamespace(
            roots=[stores.root] * len(keys), keys=keys, values=values, proofs=chained
        ),
        "smt": SimpleNamespace(
            root=sparse.root,
            absent=absent,
            absence=[ics23_trees.encoded(nonexist=sparse.gap(key)) for key in absent],
        ),
        "blocks": merkleblocks(),
    }


def merkleblocks() -> SimpleNamespace:
    """Three blocks, with one transaction each."""
    made = SimpleNamespace(hashes=[], proofs=[], txids=[], totals=[])
    for total in (1, 6, 9):
        txids = [digest_of(i) for i in range(total)]
        root = merkleblock.node(txids, merkleblock.height_of(total), 0)
        header = bytes(36) + root + bytes(12)
        made.proofs.append(
            merkleblock.serialize(header, total, *merkleblock.build(txids, {total - 1}))
        )
        made.hashes.append(merkleblock.sha256d(header))
        made.txids.append(txids[-1])
        made.totals.append(total)
    return made


def namespace() -> dict[str, Any]:
    """What every page's first example finds."""
    txs, leaves = transactions(), [b"leaf %d" % i for i in range(COUNT)]
    signatures = list(txs.compact)
    signatures[FORGED] = signatures[FORGED + 1]
    made, chain = block()
    return {
        "txs": txs,
        "coins": txs,
        "notes": notes(),
        "votes": votes(),
        "quotes": quotes(),
        "bills": bills(),
        "keys": txs.keys,
        "signatures": signatures,
        "digests": txs.digests,
        "key": txs.keys[0],
        "signature": signatures[0],
        "digest": txs.digests[0],
        "vote": (votes().keys[0], votes().signatures[0], votes().messages[0]),
        "messages": leaves,
        "leaves": leaves,
        "more_leaves": [b"more %d" % i for i in range(11)],
        "new_leaves": [b"new %d" % i for i in range(3)],
        "block": made,
        "chain": chain,
    }
