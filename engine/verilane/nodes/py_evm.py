"""Senders of py-evm's transactions, recovered for a whole block at once (extra: verilane[eth]).

    from verilane.nodes.py_evm import prefetch

    prefetch(block.transactions)
    chain.import_block(block)

py-evm then asks for one after the other, and `verilane.nodes.eth_keys.Backend` has them.
"""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .. import hashes, secp256k1
from .._columns import ColumnLike
from .._verdicts import Verdict, Verdicts
from ._recovered import known_keys, signature_row

__all__ = ["prefetch"]

# EIP-7702: the type of transactions that carry signatures of others, and what these sign.
_SET_CODE_TYPE = 4
_AUTHORIZATION_MAGIC = b"\x05"


def prefetch(
    transactions: Iterable[Any], *, device: str | None = None, threads: int | None = None
) -> Verdicts:
    """Recovers who signed these transactions, of any type, and whoever signed authorizations that
    they carry (EIP-7702), in one call. `Backend` then recovers none of them again.

    transactions: py-evm's, such as `block.transactions`.
    device, threads: as `secp256k1.ecdsa.recover_many` takes them.

    Returns one verdict for each signature: of each transaction, and then of its authorizations.
    One that isn't OK changes nothing: py-evm will find that out by its own rules, and those of the
    fork.
    """
    signed = list(_signed(transactions))
    digests = _keccak([each.message for each in signed], threads)
    keys, verdicts = secp256k1.ecdsa.recover_many(
        [each.row for each in signed], digests, parity_ids=True, device=device, threads=threads
    )
    addresses = _keccak(keys, threads)[:, 12:]
    for i in np.flatnonzero(verdicts.codes == Verdict.OK).tolist():
        known_keys.put(digests[i].tobytes(), signed[i].row, keys[i].tobytes())
        _set_sender(signed[i].transaction, addresses[i].tobytes())
    return verdicts


def _set_sender(transaction: Any, address: bytes) -> None:
    """Fills the cached property of eth.abc's signed transactions, if nobody has. Who only passes
    for one of them (SpoofTransaction) has a sender of his own.
    """
    if hasattr(type(transaction), "sender"):
        vars(transaction).setdefault("sender", address)


def _keccak(messages: ColumnLike, threads: int | None) -> NDArray[np.uint8]:
    """Returns digests that the CPU made, whatever use() names: nobody checks those of a GPU."""
    return hashes.digest_many(messages, "keccak256", device="cpu", threads=threads)


class _Signed(NamedTuple):
    """One signature. row: r, s and v, 65 bytes, or none where it is none. transaction: whose sender
    it tells, if it does.
    """

    row: bytes
    message: bytes
    transaction: Any = None


def _signed(transactions: Iterable[Any]) -> Iterator[_Signed]:
    """Yields every signature, as eth.abc has them."""
    for each in transactions:
        row = signature_row(each.y_parity, each.r, each.s)
        yield _Signed(row, each.get_message_for_signing(), each)
        if each.type_id == _SET_CODE_TYPE:
            yield from map(_authorization, each.authorization_list)


def _authorization(authorization: Any) -> _Signed:
    """EIP-7702: authority = ecrecover(keccak(MAGIC || rlp([chain_id, address, nonce])), ...)."""
    import rlp

    fields = [authorization.chain_id, authorization.address, authorization.nonce]
    message = _AUTHORIZATION_MAGIC + rlp.encode(fields)
    row = signature_row(authorization.y_parity, authorization.r, authorization.s)
    return _Signed(row, message)
