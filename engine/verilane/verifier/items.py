"""What a verifier is given: items, batches of them, and their class."""

from collections.abc import Sequence
from enum import IntEnum
from typing import NamedTuple

from .. import ed25519, sm2
from .._columns import BytesLike, Column, ColumnLike, Widths, column
from .._cpu_verifier import PRIORITIES
from .._items import item
from ..p256 import ecdsa as p256
from ..secp256k1 import ecdsa, schnorr
from .rules import Rules, rules_of

__all__ = ["Batch", "Columns", "Item", "Priority", "columns_of", "grouped"]


class Priority(IntEnum):
    """The class of an item, the most urgent first. While a more urgent class has items, no other
    gets a worker.
    """

    CONSENSUS = PRIORITIES["CONSENSUS"]
    """Votes: few, and never behind anything else."""
    BLOCK = PRIORITIES["BLOCK"]
    """Transactions of blocks."""
    MEMPOOL = PRIORITIES["MEMPOOL"]
    """May be shed when memory runs out."""
    BULK = PRIORITIES["BULK"]
    """What nobody waits for."""


class Item(NamedTuple):
    """One signature. rules: Rules, or a scheme's name. key: None only for SM2 signatures that hold
    their key ("fisco"). message: the digest, for ECDSA.
    """

    rules: Rules | str
    key: BytesLike | None
    signature: BytesLike
    message: BytesLike

    def parts(self) -> tuple[bytes | None, bytes, bytes]:
        """Returns key, signature and message as bytes. TypeError for what is not bytes-like,
        ValueError for a key that is missing.
        """
        key, signature, message = self.key, self.signature, self.message
        if type(key) is bytes and type(signature) is bytes and type(message) is bytes:
            return key, signature, message
        if key is None:
            _demand_key(rules_of(self.rules))
        return (
            None if key is None else item("key", key),
            item("signature", signature),
            item("message", message),
        )


class Batch(NamedTuple):
    """Many signatures under the same rules, as columns: packed, ragged, Arrow or sequences, as the
    schemes' verify_many take them. keys: None as in Item.
    """

    rules: Rules | str
    keys: "ColumnLike | None"
    signatures: ColumnLike
    messages: ColumnLike


class Columns(NamedTuple):
    """A Batch as C takes it."""

    keys: Column | None
    signatures: Column
    messages: Column

    @property
    def n(self) -> int:
        """How many items there are."""
        return self.signatures.n


def _demand_key(rules: Rules) -> None:
    if not (rules.scheme == "sm2" and rules.encoding == "fisco"):
        raise ValueError("no key: only SM2 signatures hold theirs, with encoding='fisco'")


# Widths that packed keys, signatures and messages may have; what is None has to tell its own.
_WIDTHS: dict[str, tuple[Widths, Widths, Widths]] = {
    "secp256k1.ecdsa": (ecdsa.KEY_WIDTHS, ecdsa.COMPACT_WIDTHS, ecdsa.DIGEST_WIDTHS),
    "p256.ecdsa": (p256.KEY_WIDTHS, p256.COMPACT_WIDTHS, p256.DIGEST_WIDTHS),
    "secp256k1.schnorr": (schnorr.KEY_WIDTHS, schnorr.SIGNATURE_WIDTHS, None),
    "ed25519": (ed25519.KEY_WIDTHS, ed25519.SIGNATURE_WIDTHS, None),
    "sm2": (sm2.KEY_WIDTHS, None, None),
}


def columns_of(batch: Batch) -> tuple[Rules, Columns]:
    """Returns the rules and the columns. TypeError and ValueError as verify_many raises them."""
    rules = rules_of(batch.rules)
    key_widths, signature_widths, message_widths = _WIDTHS[rules.scheme]
    if rules.scheme == "sm2":
        signature_widths = sm2.SIGNATURE_WIDTHS[rules.encoding]
        message_widths = sm2.DIGEST_WIDTHS if rules.digests else None
    elif rules.encoding != "compact":
        signature_widths = None
    if message_widths is not None:  # digests fix n, else signatures
        m = column("messages", batch.messages, widths=message_widths)
        s = column("signatures", batch.signatures, widths=signature_widths, n=m.n)
    else:
        s = column("signatures", batch.signatures, widths=signature_widths)
        m = column("messages", batch.messages, widths=None, n=s.n, fixed_by="signatures")
    if batch.keys is None:
        _demand_key(rules)
        return rules, Columns(None, s, m)
    k = column("keys", batch.keys, widths=key_widths, n=s.n, fixed_by="signatures")
    return rules, Columns(k, s, m)


def grouped(items: Sequence[Item]) -> list[tuple[Rules, list[int], Columns]]:
    """Returns items of the same rules together: the rules, their places, and their columns."""
    places: dict[tuple[Rules, bool], list[int]] = {}
    for place, each in enumerate(items):
        places.setdefault((rules_of(each.rules), each.key is None), []).append(place)
    groups = []
    for (rules, keyless), members in places.items():
        keys = None if keyless else [items[i].key for i in members]
        batch = Batch(
            rules, keys, [items[i].signature for i in members], [items[i].message for i in members]
        )
        groups.append((rules, members, columns_of(batch)[1]))
    return groups
