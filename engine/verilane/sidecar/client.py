"""The client: asks a sidecar, again when it was lost, and does without one where it is told to."""

import asyncio
import os
from concurrent.futures import Future
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._columns import Column, ColumnLike, column
from .._verdicts import Verdicts
from ..errors import Busy
from ..sm2 import USER_ID_MOST
from .errors import SidecarUnavailable
from .link import Link, target_of
from .profiles import PRIORITIES, SCHEMES, Scheme, packed_widths, profile_of
from .work import Job, Piece, Queue

__all__ = ["Client"]

# Items in a piece. More of them keep more cores busy, larger ones cost less an item: 1024 is what a
# batch equation takes at a time.
_PIECE_ITEMS = 1024
_PIECE_BYTES = 1 << 20


class Client:
    """A connection to a sidecar, and what waits for its answer. Safe to use from many threads.

    It connects when it is first asked something. A connection that is lost is made again, and what
    had no answer is asked again: verifying twice does no harm, and each item is answered once.
    """

    def __init__(
        self,
        target: str,
        *,
        users: "frozenset[int] | set[int] | None" = None,
        root_certificates: bytes | None = None,
        private_key: bytes | None = None,
        certificate_chain: bytes | None = None,
        fallback: bool = False,
        patience: float | None = 5.0,
        most_bytes: int = 256 << 20,
        device: str | None = None,
        threads: int | None = None,
    ) -> None:
        """target: path of a Unix socket (or "unix:PATH"), or "HOST:PORT" for TLS over TCP.

        users: whose socket is believed, by user id: who answers "valid" is trusted. None: this
        process's own user and root. root_certificates, private_key, certificate_chain: PEM, for TLS
        (by default the roots of the system, and no certificate of one's own).
        fallback: verify in this process what has no answer in time, with `device` and `threads` as
        verify_many takes them. patience: seconds that the sidecar may be out of reach, or without
        an answer after it was lost; then futures get SidecarUnavailable, or their verdicts without
        it. None: for ever.
        most_bytes: of what waits for an answer; more than that is Busy.
        """
        place = target_of(target, users=users)
        self._target = place._replace(
            root_certificates=root_certificates,
            private_key=private_key,
            certificate_chain=certificate_chain,
        )
        self._queue = Queue()
        self._most_bytes = most_bytes
        self._link = Link(
            self._target,
            self._queue,
            fallback=fallback,
            patience=patience,
            device=device,
            threads=threads,
        )
        self._process = os.getpid()

    def verify_many(self, scheme: str, **columns_and_rules: Any) -> Verdicts:
        """Verifies n signatures and returns one verdict for each, in order: those of the scheme's
        own verify_many.

        Takes what `submit` takes; where that is Busy, this waits.
        """
        job = self._job(scheme, columns_and_rules)
        self._put(job, wait=True)
        verdicts: Verdicts = job.future.result()
        return verdicts

    async def averify_many(self, scheme: str, **columns_and_rules: Any) -> Verdicts:
        """As verify_many, for asyncio; raises Busy, as `submit` does."""
        verdicts: Verdicts = await asyncio.wrap_future(self.submit(scheme, **columns_and_rules))
        return verdicts

    def submit(self, scheme: str, **columns_and_rules: Any) -> "Future[Verdicts]":
        """Returns the future of n verdicts.

        scheme: "secp256k1.ecdsa", "secp256k1.schnorr", "p256.ecdsa", "ed25519" or "sm2".
        The rest is what the scheme's verify_many takes, by keyword: keys, signatures, digests or
        messages, user_id, and its rules (encoding, low_s, hybrid_keys, key_form, rule). No
        prepared keys. priority: "consensus", "block" (the default), "mempool" or "bulk": what is
        sent and verified first where several wait.

        Raises what verify_many raises for what is not bytes-like and for columns that do not fit
        each other; Busy where too much waits already. The future has SidecarUnavailable where no
        sidecar can be had, and Refused (a ValueError) where it takes no such batch.
        """
        job = self._job(scheme, columns_and_rules)
        self._put(job, wait=False)
        return job.future

    def recover_many(
        self,
        signatures: ColumnLike,
        digests: ColumnLike,
        *,
        low_s: bool = False,
        parity_ids: bool = False,
    ) -> "tuple[NDArray[np.uint8], Verdicts]":
        """Recovers secp256k1 keys: returns what secp256k1.ecdsa.recover_many returns."""
        job = self._job(
            "secp256k1.recover",
            {
                "signatures": signatures,
                "digests": digests,
                "low_s": low_s,
                "parity_ids": parity_ids,
            },
        )
        self._put(job, wait=True)
        keys, verdicts = job.future.result()
        return keys, verdicts

    def close(self) -> None:
        """Ends the connection. What has no answer yet gets SidecarUnavailable."""
        self._link.close()

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _job(self, name: str, given: dict[str, Any]) -> Job:
        scheme = SCHEMES.get(name)
        if scheme is None:
            there = ", ".join(SCHEMES)
            raise ValueError(f"no scheme is named {name!r}; there are: {there}")
        priority = given.get("priority", "block")
        if not isinstance(priority, str) or priority not in PRIORITIES:
            there = ", ".join(PRIORITIES)
            raise ValueError(f"no priority is named {priority!r}; there are: {there}")
        given = {key: value for key, value in given.items() if key != "priority"}
        rules = {key: value for key, value in given.items() if key not in _COLUMNS}
        rest = {key: value for key, value in given.items() if key in _COLUMNS and value is not None}
        user_id = rules.get("user_id")
        if user_id is not None and not isinstance(user_id, (bytes, bytearray)):
            rest["user_ids"] = rules.pop("user_id")
        elif user_id is not None:
            rules["user_id"] = _checked_id(bytes(user_id))
        profile = profile_of(scheme, **rules)
        columns = _columns(scheme, rest, rules.get("encoding", "compact"))
        return Job(profile, columns, keyed=name == "secp256k1.recover", priority=priority)

    def _put(self, job: Job, *, wait: bool) -> None:
        if os.getpid() != self._process:
            raise RuntimeError("this Client was made before a fork: make another one here")
        if job.n == 0:
            return
        pieces = Piece(job, 0, job.n).cut(_PIECE_ITEMS, _PIECE_BYTES)
        size = sum(piece.size for piece in pieces)
        queue = self._queue

        def fits() -> bool:
            return not len(queue) or queue.bytes + size <= self._most_bytes

        with queue.changed:
            if not fits():
                if not wait:
                    raise Busy(f"{queue.bytes:,} bytes wait for an answer already")
                queue.room.wait_for(lambda: fits() or self._link.closed)
            if self._link.closed:
                raise SidecarUnavailable("this Client is closed")
            queue.put(pieces)
        self._link.wake()


_COLUMNS = ("keys", "signatures", "messages", "digests", "user_ids")


def _checked_id(user_id: bytes) -> bytes:
    if len(user_id) > USER_ID_MOST:
        raise ValueError(f"user_id: {len(user_id)} bytes, expected {USER_ID_MOST} at most")
    return user_id


def _columns(scheme: Scheme, given: dict[str, Any], encoding: str) -> dict[str, Column]:
    """Returns the columns that a job needs, checked as the scheme's own verify_many does."""
    unknown = sorted(set(given) - set(scheme.columns))
    if unknown:
        raise TypeError(f"{scheme.name} takes no {' and '.join(unknown)}")
    needed = scheme.needed(encoding)
    missing = [name for name in needed if name not in given]
    if missing:
        raise TypeError(f"{scheme.name} needs {' and '.join(missing)}")
    if scheme.name == "sm2" and ("messages" in given) == ("digests" in given):
        number = "both" if "messages" in given else "neither"
        raise ValueError(f"expected messages or digests, got {number}")
    fixed = scheme.fixed_by
    widths = packed_widths(scheme, fixed, encoding)
    result = {fixed: _owned(column(fixed, given[fixed], widths=widths))}
    for name in scheme.columns:
        if name != fixed and name in given:
            made = column(
                name,
                given[name],
                widths=packed_widths(scheme, name, encoding),
                n=result[fixed].n,
                fixed_by=fixed,
            )
            result[name] = _owned(made)
    return result


def _owned(made: Column) -> Column:
    """Returns a column whose bytes the caller can't change: they lie in `bytes`, or are copied."""
    if isinstance(made.data.base, bytes):
        return made
    return made._replace(data=np.frombuffer(made.data.tobytes(), np.uint8))
