"""Items of every lane of the verifier, and what each of them must get: the verdicts of the schemes'
own verify_many, which other tests hold against references.
"""

import random
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from functools import cache
from itertools import product
from typing import Any

import ed25519_items
import schnorr_items
import sm2_items
from exceptional_items import exceptional_items
from items import honest_items
from reference.p256 import CURVE as P256
from reference.secp256k1 import CURVE as SECP256K1
from verilane import Verdict, ed25519, p256, secp256k1, sm2
from verilane.verifier import Batch, Item, Rules, Verifier

Parts = tuple[bytes, bytes, bytes]


def _der(compact: bytes) -> bytes:
    """A compact signature as DER; what is not 64 bytes long stays as it is."""
    if len(compact) != 64:
        return compact

    def integer(octets: bytes) -> bytes:
        number = int.from_bytes(octets, "big")
        body = number.to_bytes(number.bit_length() // 8 + 1, "big")
        return b"\x02" + bytes([len(body)]) + body

    body = integer(compact[:32]) + integer(compact[32:])
    return b"\x30" + bytes([len(body)]) + body


def _ecdsa(curve: Any, *, der: bool) -> list[Parts]:
    items = [*honest_items(curve=curve)[:120], *exceptional_items(curve)[::7]]
    hybrid = [item for item in items if len(item.key) == 65][:4]
    parts = [(x.key, _der(x.signature) if der else x.signature, x.digest) for x in items]
    return parts + [
        (
            bytes([6 + x.key[-1] % 2]) + x.key[1:],
            _der(x.signature) if der else x.signature,
            x.digest,
        )
        for x in hybrid
    ]


def _schnorr() -> list[Parts]:
    items = [*schnorr_items.honest_items()[:150], *schnorr_items.hostile_items()[::3]]
    return [(x.key, x.signature, x.message) for x in items]


def _ed25519() -> list[Parts]:
    items = [*ed25519_items.honest_items()[:150], *ed25519_items.special_items()[::2]]
    return [(x.key, x.signature, x.message) for x in items]


def _sm2(rules: Rules, *, keyless: bool) -> list[tuple[bytes | None, bytes, bytes]]:
    items = [x for x in sm2_items.honest_items()[:260] if x.user_id == sm2.DEFAULT_USER_ID]
    change: Callable[[Any], Any] = {
        "compact": lambda x: x,
        "der": sm2_items.as_der,
        "fisco": sm2_items.as_fisco,
    }[rules.encoding]
    changed = [change(x) for x in items]
    return [
        (None if keyless else x.key, x.signature, x.digest if rules.digests else x.message)
        for x in changed
    ]


def _lanes() -> Iterator[tuple[Rules, bool]]:
    for scheme in ("secp256k1.ecdsa", "p256.ecdsa"):
        for encoding in ("compact", "der", "der-lax"):
            for low_s in (False, True):
                for hybrid, form in product((False, True), ("any", "sec1", "compressed")):
                    rules = Rules(
                        scheme,
                        encoding=encoding,
                        low_s=low_s,
                        hybrid_keys=hybrid,
                        key_form=form,
                    )
                    yield rules, False
    yield Rules("secp256k1.schnorr"), False
    for rule in ("zip215", "rfc8032", "openssl", "strict"):
        yield Rules("ed25519", rule=rule), False
    for encoding in ("compact", "der", "fisco"):
        for digests in (False, True):
            yield Rules("sm2", encoding=encoding, digests=digests), False
    for digests in (False, True):
        yield Rules("sm2", encoding="fisco", digests=digests), True


LANES = list(_lanes())


def _parts(rules: Rules, keyless: bool) -> list[Any]:
    if rules.scheme.endswith("ecdsa"):
        curve = P256 if rules.scheme.startswith("p256") else SECP256K1
        return _ecdsa(curve, der=rules.encoding != "compact")
    if rules.scheme == "ed25519":
        return _ed25519()
    if rules.scheme == "sm2":
        return _sm2(rules, keyless=keyless)
    return _schnorr()


def expected(rules: Rules, parts: list[Any]) -> list[Verdict]:
    """By verify_many of the scheme."""
    keys, signatures, messages = (list(column) for column in zip(*parts, strict=True))
    if rules.scheme.endswith("ecdsa"):
        module = p256.ecdsa if rules.scheme.startswith("p256") else secp256k1.ecdsa
        return list(
            module.verify_many(
                keys,
                signatures,
                messages,
                encoding=rules.encoding,
                low_s=rules.low_s,
                hybrid_keys=rules.hybrid_keys,
                key_form=rules.key_form,
            )
        )
    if rules.scheme == "ed25519":
        return list(ed25519.verify_many(keys, signatures, messages, rule=rules.rule))
    if rules.scheme == "secp256k1.schnorr":
        return list(secp256k1.schnorr.verify_many(keys, signatures, messages))
    given = {"digests" if rules.digests else "messages": messages}
    columns = None if keys[0] is None else keys, signatures
    return list(sm2.verify_many(*columns, encoding=rules.encoding, **given))


@cache
def lane_items(lane: int) -> tuple[list[Item], list[Verdict]]:
    """Honest and hostile items of one lane, mixed, and their verdicts."""
    rules, keyless = LANES[lane]
    parts = _parts(rules, keyless)
    random.Random(lane).shuffle(parts)
    return [Item(rules, *each) for each in parts], expected(rules, parts)


@cache
def valid(rules: Rules | str, count: int) -> list[Item]:
    """Valid items of a lane whose rules are those, or a scheme's own; for this message only (a key
    of small order signs any).
    """
    wanted = Rules(rules) if isinstance(rules, str) else rules
    lane = next(i for i, (each, keyless) in enumerate(LANES) if each == wanted and not keyless)
    items, verdicts = lane_items(lane)
    others = expected(wanted, [mismatching(item)[1:] for item in items])
    good = [
        item
        for item, verdict, other in zip(items, verdicts, others, strict=True)
        if verdict == Verdict.OK and other == Verdict.MISMATCH
    ]
    assert len(good) >= count
    return good[:count]


def batch_of(items: list[Item], times: int = 1) -> Batch:
    """Items of one lane as columns, so many times over."""
    keys, signatures, messages = (list(c) for c in zip(*(i[1:] for i in items), strict=True))
    return Batch(items[0].rules, keys * times, signatures * times, messages * times)


def mismatching(item: Item) -> Item:
    """The same item for another message."""
    message = item.message
    return item._replace(message=bytes([message[0] ^ 1]) + message[1:] if message else b"\x01")


def plugged(size: int = 48 << 20, **options: Any) -> Verifier:
    """A verifier whose only worker is at work on one long message (some tenths of a second): what
    is handed in now waits.
    """
    verifier = Verifier(threads=1, item_bytes=size + 4096, memory=1 << 30, **options)
    plug(verifier, size)
    return verifier


def plug(verifier: Verifier, size: int = 48 << 20) -> None:
    key, signature = valid("ed25519", 1)[0][1:3]
    verifier.submit(Item("ed25519", key, signature, bytes(size)))
    while verifier.stats()["depth"][1]:
        pass


def in_thread(call: Callable[[], Any]) -> "Future[Any]":
    future: Future[Any] = Future()

    def run() -> None:
        try:
            future.set_result(call())
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return future
