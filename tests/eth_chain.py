"""A chain of py-evm's (by eth-tester), and a block with every type of transaction that it knows."""

from typing import Any

import rlp
from eth_keys.backends import CoinCurveECCBackend
from eth_keys.datatypes import PrivateKey
from eth_tester.backends.pyevm.main import get_default_genesis_params, setup_tester_chain

TO = b"\x11" * 20
COINBASE = b"\x01" * 20
SIGNERS = [PrivateKey((i + 1).to_bytes(32, "big"), CoinCurveECCBackend()) for i in range(8)]
ADDRESSES = [each.public_key.to_canonical_address() for each in SIGNERS]


def new_chain(vm: Any = None) -> Any:
    """A chain at its genesis block: always the same. vm: of this fork, instead of the latest."""
    state = {
        address: {"balance": 10**24, "nonce": 0, "code": b"", "storage": {}}
        for address in ADDRESSES
    }
    params = get_default_genesis_params({"timestamp": 1000})
    configuration = None if vm is None else ((0, vm),)
    return setup_tester_chain(params, state, len(SIGNERS), configuration)[1]


def authorization(signer: Any, chain_id: int) -> dict[str, Any]:
    """EIP-7702: an account lets its code be that of TO."""
    signature = signer.sign_msg(b"\x05" + rlp.encode([chain_id, TO, 0]))
    v, r, s = signature.vrs
    return {"chain_id": chain_id, "address": TO, "nonce": 0, "y_parity": v, "r": r, "s": s}


def transactions(chain: Any) -> list[Any]:
    """One of each type, each by another signer: before EIP-155, EIP-155, EIP-2930, EIP-1559,
    EIP-4844 and EIP-7702; the last one carries authorizations by two more.
    """
    make, number = chain.get_transaction_builder(), chain.chain_id
    plain = {"nonce": 0, "gas_price": 10**10, "gas": 21000, "to": TO, "value": 1, "data": b""}
    more = {"chain_id": number, "nonce": 0, "gas": 200_000, "to": TO, "value": 1, "data": b""}
    fees = {"max_priority_fee_per_gas": 10**9, "max_fee_per_gas": 10**10, "access_list": []}
    blobs = {"max_fee_per_blob_gas": 10**9, "blob_versioned_hashes": [b"\x01" + bytes(31)]}
    allowed = [authorization(signer, number) for signer in SIGNERS[6:8]]
    legacy = make.create_unsigned_transaction(**plain)
    typed = [
        make.new_unsigned_access_list_transaction(
            gas_price=10**10, access_list=[(TO, [1, 2])], **more
        ),
        make.new_unsigned_dynamic_fee_transaction(**more, **fees),
        make.new_unsigned_blob_transaction(**more, **fees, **blobs),
        make.new_unsigned_set_code_transaction(**more, **fees, authorization_list=allowed),
    ]
    signed = [
        legacy.as_signed_transaction(SIGNERS[0]),
        legacy.as_signed_transaction(SIGNERS[1], chain_id=number),
        *(each.as_signed_transaction(by) for each, by in zip(typed, SIGNERS[2:6], strict=True)),
    ]
    return [make.decode(each.encode()) for each in signed]


def again(block: Any) -> Any:
    """The same block as it comes over the wire: nothing about it is cached."""
    return rlp.decode(rlp.encode(block), sedes=type(block))
