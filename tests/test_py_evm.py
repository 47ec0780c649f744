"""A py-evm node with our back end: the same blocks are taken and refused, and the senders of a
block are recovered in one call.
"""

from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("eth", reason="py-evm is not installed (dependency group: nodes)")
pytest.importorskip("eth_tester", reason="eth-tester is not installed (dependency group: nodes)")

from eth.precompiles.ecrecover import ecrecover
from eth.vm.forks import FrontierVM, PragueVM
from eth.vm.spoof import SpoofTransaction
from eth_utils import ValidationError

from eth_chain import ADDRESSES, COINBASE, SIGNERS, TO, again, new_chain, transactions
from eth_items import beyond_order
from reference import ecdsa
from reference.keccak import keccak256
from reference.secp256k1 import N
from verilane import Verdict, secp256k1, use
from verilane.nodes import _recovered, eth_keys, py_evm

OURS = "verilane.nodes.eth_keys.Backend"
COINCURVE = "eth_keys.backends.CoinCurveECCBackend"
NATIVE = "eth_keys.backends.NativeECCBackend"

Choose = Callable[[str], None]


@pytest.fixture(autouse=True)
def nothing_known() -> None:
    eth_keys.forget()


@pytest.fixture
def choose(monkeypatch: pytest.MonkeyPatch) -> Choose:
    """Makes all of eth-keys use this back end."""
    return lambda name: monkeypatch.setenv("ECC_BACKEND_CLASS", name)


@pytest.fixture(scope="module")
def block() -> Any:
    """A block that holds `transactions`."""
    chain = new_chain()
    mined = chain.mine_all(transactions(chain), coinbase=COINBASE)[0].imported_block
    assert len(mined.transactions) == 6
    assert [each.type_id for each in mined.transactions] == [None, None, 1, 2, 3, 4]
    return mined


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of secp256k1.ecdsa's functions, as often as they are called."""
    names: list[str] = []

    def counted(name: str) -> None:
        function = getattr(secp256k1.ecdsa, name)

        def call(*arguments: Any, **options: Any) -> Any:
            names.append(name)
            return function(*arguments, **options)

        monkeypatch.setattr(secp256k1.ecdsa, name, call)

    for name in ("recover", "recover_many", "verify", "verify_many"):
        counted(name)
    return names


# ---- Importing a block ----


def imported(name: str, block: Any, choose: Choose, *, first: bool = False) -> tuple[bytes, Any]:
    """The state root after a new chain has imported the block by this back end, and that block.
    first: senders are recovered before.
    """
    choose(name)
    fresh, chain = again(block), new_chain()
    if first:
        assert py_evm.prefetch(fresh.transactions).all_ok
    chain.import_block(fresh)
    return chain.get_canonical_head().state_root, fresh


def test_every_back_end_gives_the_same_state(block: Any, choose: Choose) -> None:
    roots = [imported(name, block, choose)[0] for name in (OURS, COINCURVE, NATIVE)]
    roots.append(imported(OURS, block, choose, first=True)[0])
    assert roots == [block.header.state_root] * 4


def test_one_call_for_a_block(block: Any, choose: Choose, calls: list[str]) -> None:
    """Of all types, and the authorizations too: py-evm finds all that it asks for."""
    _, fresh = imported(OURS, block, choose, first=True)
    assert calls == ["recover_many"]
    assert [each.sender for each in fresh.transactions] == ADDRESSES[:6]
    assert len(_recovered.known_keys) == 8


def test_without_prefetch_each_is_recovered_once(
    block: Any, choose: Choose, calls: list[str]
) -> None:
    imported(OURS, block, choose)
    assert calls == ["recover"] * 8


def test_senders_are_what_py_evm_finds(block: Any, choose: Choose) -> None:
    """Known beforehand, and by coincurve's own recovery."""
    choose(COINCURVE)
    fresh = again(block).transactions
    verdicts = py_evm.prefetch(fresh)
    assert len(verdicts) == 8
    assert [each.sender for each in fresh] == ADDRESSES[:6]
    assert [each.get_sender() for each in fresh] == ADDRESSES[:6]
    assert [each.sender for each in again(block).transactions] == ADDRESSES[:6]


def test_authorizations_take_effect(block: Any, choose: Choose) -> None:
    choose(OURS)
    fresh, chain = again(block), new_chain()
    py_evm.prefetch(fresh.transactions)
    chain.import_block(fresh)
    state = chain.get_vm().state
    for address in ADDRESSES[6:8]:
        assert state.get_code(address) == b"\xef\x01\x00" + TO


def test_a_known_sender_is_kept(block: Any) -> None:
    """What somebody has set before is not ours to change."""
    fresh = again(block).transactions
    vars(fresh[0])["sender"] = TO
    py_evm.prefetch(fresh)
    assert fresh[0].sender == TO
    assert fresh[1].sender == ADDRESSES[1]


def test_a_spoofed_sender_is_kept(block: Any) -> None:
    """eth_call's transactions have a sender that nobody signed for."""
    unsigned = PragueVM.get_transaction_builder().create_unsigned_transaction(
        nonce=0, gas_price=10**10, gas=21000, to=TO, value=1, data=b""
    )
    signed = again(block).transactions[0]
    numbers = {"y_parity": signed.y_parity, "r": signed.r, "s": signed.s}
    message = signed.get_message_for_signing
    spoofed = SpoofTransaction(unsigned, from_=TO, get_message_for_signing=message, **numbers)
    assert py_evm.prefetch([spoofed]).all_ok
    assert spoofed.sender == TO


def test_nothing_to_recover() -> None:
    assert len(py_evm.prefetch([])) == 0
    assert len(py_evm.prefetch(iter(()))) == 0


def test_what_is_no_transaction() -> None:
    with pytest.raises(AttributeError):
        py_evm.prefetch([b"text"])


def test_digests_are_the_cpus(block: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A GPU's digests would not be checked; whatever use() says, none of these is a GPU's."""
    from verilane import _device_hashes, _devices

    if not any(each.kind == "opencl" and each.available for each in _devices.devices()):
        pytest.skip("no OpenCL device here")

    def refuse(*_: Any) -> None:
        raise AssertionError("a device was asked to hash")

    monkeypatch.setattr(_device_hashes, "hasher", refuse)
    with use("opencl:0"):
        assert py_evm.prefetch(again(block).transactions).all_ok


# ---- Blocks that are refused ----


def changed(transaction: Any, **fields: int) -> Any:
    """This transaction with other numbers; nothing is signed anew."""
    return transaction.copy(**fields)


def first_v(transaction: Any, parity: int) -> dict[str, int]:
    """The fields that say the parity, 0 or 1 or what is none."""
    if transaction.type_id is not None:
        return {"y_parity": parity}
    return {"v": parity + (27 if transaction.v < 35 else transaction.v - transaction.y_parity)}


def hostile(each: Any) -> list[dict[str, int]]:
    other = first_v(each, 1 - each.y_parity)
    return [
        {"r": each.r ^ 1},
        {"s": each.s ^ 1},
        {"r": 0},
        {"s": 0},
        {"r": 5},  # no x of the curve
        {"r": N},
        {"s": N},
        {"r": 2**256},
        {"s": 2**300},
        other,
        first_v(each, 2),
        first_v(each, 3),
        {"s": N - each.s},
        {"s": N - each.s, **other},  # the same sender, with a high s
    ]


def refusal(block: Any, name: str, choose: Choose, *, first: bool) -> Any:
    """What the import of a block raises: its type, and what ours has in common with theirs in
    words.
    """
    choose(name)
    eth_keys.forget()
    chain = new_chain()
    if first:
        py_evm.prefetch(block.transactions)
    try:
        chain.import_block(block)
    except Exception as error:
        return type(error), str(error).partition(":")[0]
    raise AssertionError("the block was imported")


@pytest.mark.parametrize("place", range(6))
def test_blocks_that_all_refuse(block: Any, choose: Choose, place: int) -> None:
    transactions = again(block).transactions
    for fields in hostile(transactions[place]):
        bad = changed(transactions[place], **fields)
        made = [*transactions[:place], bad, *transactions[place + 1 :]]
        broken = block.copy(transactions=tuple(each.copy() for each in made))
        theirs = refusal(broken, COINCURVE, choose, first=False)
        assert refusal(broken, OURS, choose, first=False) == theirs, fields
        assert refusal(broken, OURS, choose, first=True) == theirs, fields


def test_hostile_signatures_get_verdicts(block: Any) -> None:
    """Never an exception, and the others are found all the same."""
    honest = again(block).transactions
    bad = [changed(each, **fields) for each in honest[:5] for fields in hostile(each)]
    verdicts = py_evm.prefetch([*bad, *honest[:5]])
    assert len(verdicts) == len(bad) + 5
    assert verdicts.codes[len(bad) :].tolist() == [Verdict.OK] * 5
    assert set(verdicts.codes[: len(bad)].tolist()) == {Verdict.OK, Verdict.BAD_SIGNATURE}
    for transaction, verdict in zip(bad, verdicts, strict=False):
        if verdict == Verdict.OK:
            assert transaction.sender == transaction.get_sender()
        else:
            assert "sender" not in vars(transaction)


def test_ids_that_ethereum_has_not(block: Any) -> None:
    """2 and 3 would be a key's where r + n is an x: not here."""
    r = beyond_order()
    assert secp256k1.ecdsa.recover(ecdsa.compact(r, 5) + b"\2", bytes(32))
    typed = [
        changed(each, r=r, s=5, y_parity=v)
        for each in again(block).transactions[2:]
        for v in (2, 3)
    ]
    codes = py_evm.prefetch(typed).codes
    assert codes[:6].tolist() == [Verdict.BAD_SIGNATURE] * 6
    assert not any("sender" in vars(each) for each in typed)


def test_hostile_authorizations_are_skipped(choose: Choose) -> None:
    """A bad one changes nothing, and the transaction is valid: all back ends agree."""
    chain = new_chain()
    last = transactions(chain)[5]
    inner = last._inner
    pairs = list(inner.authorization_list)
    bad = [pairs[0].copy(r=5), pairs[0].copy(y_parity=7), pairs[0].copy(s=N - pairs[0].s)]
    make = chain.get_transaction_builder()
    fields = ("chain_id", "nonce", "max_priority_fee_per_gas", "max_fee_per_gas", "gas", "to")
    again_fields = {name: getattr(inner, name) for name in (*fields, "value", "data")}
    unsigned = make.new_unsigned_set_code_transaction(
        **again_fields, access_list=[], authorization_list=[*bad, pairs[1]]
    )
    signed = make.decode(unsigned.as_signed_transaction(SIGNERS[5]).encode())
    mined = chain.mine_all([signed], coinbase=COINBASE)[0].imported_block
    for name in (OURS, COINCURVE, NATIVE):
        assert imported(name, mined, choose)[0] == mined.header.state_root
    choose(OURS)
    fresh, other = again(mined), new_chain()
    codes = py_evm.prefetch(fresh.transactions).codes.tolist()
    ok, bad_signature = Verdict.OK, Verdict.BAD_SIGNATURE
    assert codes == [ok, bad_signature, bad_signature, ok, ok]  # a high s is py-evm's business
    other.import_block(fresh)
    assert other.get_canonical_head().state_root == mined.header.state_root


# ---- Rules that belong to the node: EIP-2 and the precompile ----


@pytest.mark.parametrize("name", [OURS, COINCURVE, NATIVE])
def test_high_s_by_fork(name: str, choose: Choose) -> None:
    """Frontier takes a high s; since Homestead (EIP-2) it is refused, before anybody recovers."""
    choose(name)
    for vm, taken in ((FrontierVM, True), (PragueVM, False)):
        make = vm.get_transaction_builder()
        plain = make.create_unsigned_transaction(
            nonce=0, gas_price=10**10, gas=21000, to=TO, value=1, data=b""
        )
        low = plain.as_signed_transaction(SIGNERS[0])
        high = low.copy(s=N - low.s, v=55 - low.v)
        assert py_evm.prefetch([low, high]).all_ok
        assert low.sender == high.sender == ADDRESSES[0]
        low.validate()
        if taken:
            high.validate()
        else:
            with pytest.raises(ValidationError):
                high.validate()


class Call:
    """What the precompile needs of a computation."""

    def __init__(self, data: bytes) -> None:
        self.msg, self.data_as_bytes, self.output = self, data, b""

    def consume_gas(self, amount: int, reason: str) -> None:
        pass


@pytest.mark.parametrize("name", [OURS, COINCURVE, NATIVE])
@pytest.mark.parametrize("known", [False, True])
def test_the_precompile_takes_a_high_s(name: str, known: bool, choose: Choose) -> None:
    choose(name)
    digest = keccak256(b"what was signed")
    r, s, v = ecdsa.sign(1, digest, 99)
    for _ in range(2 if known else 1):
        for number, parity in ((s, v), (N - s, 1 - v)):
            words = int.from_bytes(digest, "big"), 27 + parity, r, number
            call = Call(b"".join(word.to_bytes(32, "big") for word in words))
            assert ecrecover(call).output == bytes(12) + ADDRESSES[0]
    for word, value in ((1, 26), (1, 29), (2, 0), (2, 5), (2, N), (3, 0), (3, N)):
        words = [int.from_bytes(digest, "big"), 27 + v, r, s]
        words[word] = value
        call = Call(b"".join(word.to_bytes(32, "big") for word in words))
        assert ecrecover(call).output == b""


# ---- eth-tester ----


def test_eth_tester(choose: Choose, calls: list[str]) -> None:
    """A transfer from end to end: signed, sent, mined, and found again."""
    from eth_tester import EthereumTester, PyEVMBackend

    choose(OURS)
    tester = EthereumTester(PyEVMBackend())
    sender, receiver = tester.get_accounts()[:2]
    before = tester.get_balance(receiver)
    sent = {"from": sender, "to": receiver, "gas": 21000, "value": 12345}
    name = tester.send_transaction({**sent, "gas_price": 10**10})
    assert tester.get_transaction_receipt(name)["status"] == 1
    assert tester.get_transaction_by_hash(name)["from"] == sender
    assert tester.get_balance(receiver) == before + 12345
    assert "recover" in calls
