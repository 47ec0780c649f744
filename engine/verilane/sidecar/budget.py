"""How much of the callers' bytes is held at a time, and whose."""

import asyncio
import time
from collections.abc import Callable
from typing import Protocol

__all__ = ["Account", "Budget", "Connection"]

# Whoever holds less is never made to wait: a call that asks for health or limits is as small.
_SMALL = 4096
# HTTP/2's and TLS's own bytes: a 32nd of a message, and headers.
_FRAMING, _HEAD = 32, 512


class Connection(Protocol):
    """What a budget does with those whose bytes it counts."""

    def pause(self) -> None:
        """Reads no more until `resume`."""

    def resume(self) -> None:
        """Reads on."""

    def cut(self) -> None:
        """Ends the connection at once."""


class Account:
    """The bytes of one connection: of messages not whole yet, and of batches without an answer.

    What has come and was no whole message yet counts as part of one, HTTP/2's own bytes included:
    until the only call has a whole one, or the last call ends. While there are several, a whole
    message of one takes off its own bytes only, since those of others may be halves. The budget's
    `most_partial` bounds what they can add up to.
    """

    __slots__ = ("_budget", "_calls", "_partial", "_whole", "connection", "moved", "source")

    def __init__(self, budget: "Budget", connection: Connection, source: int) -> None:
        """source: a number that no other account has, but 0."""
        self._budget, self.connection, self.source = budget, connection, source
        self._partial = self._whole = self._calls = 0
        self.moved = time.monotonic()
        """When something was last got done with its bytes, or the first of them came."""

    @property
    def held(self) -> int:
        """All bytes that are held for this connection."""
        return self._partial + self._whole

    def came(self, n: int) -> None:
        """So many bytes were read from the connection."""
        if not self.held:
            self.moved = time.monotonic()
        n = min(n, self._budget.most_partial - self._partial)
        self._partial += n
        self._budget.add(self, n)

    def message(self, n: int) -> None:
        """A message of n bytes is whole."""
        self.moved = time.monotonic()
        came = self._partial
        if self._calls > 1:
            came = min(came, n + n // _FRAMING + _HEAD)
        self._partial -= came
        self._whole += n
        self._budget.add(self, n - came)

    def begin(self) -> None:
        """A call begins."""
        self._calls += 1

    def end(self) -> None:
        """A call ends, and with it what it had sent of a message."""
        self._calls -= 1
        if self._calls == 0:
            came, self._partial = self._partial, 0
            self._budget.add(self, -came)

    def change(self, n: int) -> None:
        """So many bytes more are held for what became of messages; or less, n < 0."""
        if n < 0:
            self.moved = time.monotonic()
        self._whole += n
        self._budget.add(self, n)

    def close(self) -> None:
        """Nothing is held any more."""
        self._budget.remove(self)


class Budget:
    """All accounts together. Over `limit`, whoever sends more and holds more than an even share is
    read no further until enough is released; the others hold no more than `limit` again, together.
    If it is not within `patience` seconds, connections are cut off until a quarter is free, first
    those with which nothing was got done for longest: halves of messages, or answers that nobody
    reads, would otherwise be held for ever.
    """

    def __init__(
        self,
        limit: int,
        most_partial: int,
        *,
        patience: float,
        on_cut: Callable[[Connection, int], None],
    ) -> None:
        self.limit, self.most_partial = limit, most_partial
        self.held = self._opened = 0
        self._patience, self._on_cut = patience, on_cut
        self._accounts: set[Account] = set()
        self._paused: set[Account] = set()
        self._timer: asyncio.TimerHandle | None = None

    def open(self, connection: Connection) -> Account:
        """Returns the account of a new connection."""
        self._opened += 1
        account = Account(self, connection, self._opened)
        self._accounts.add(account)
        return account

    def add(self, account: Account, n: int) -> None:
        """Counts n bytes more, or less; the accounts' business."""
        if account not in self._accounts:
            return
        self.held += n
        if n < 0:
            self._released()
        elif self.held > self.limit and account.held > _SMALL:
            if account.held > self.limit // len(self._accounts) and account not in self._paused:
                self._paused.add(account)
                account.connection.pause()
            if self._timer is None:
                loop = asyncio.get_running_loop()
                self._timer = loop.call_later(self._patience, self._cut)

    def remove(self, account: Account) -> None:
        """A connection is gone, with all that was held for it."""
        if account in self._accounts:
            self._accounts.discard(account)
            self._paused.discard(account)
            self.held -= account.held
            self._released()

    def _released(self) -> None:
        if self.held > self.limit:
            return
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        paused, self._paused = self._paused, set()
        for account in paused:
            account.connection.resume()

    def _cut(self) -> None:
        self._timer = None
        holders = [account for account in self._accounts if account.held > _SMALL]
        for account in sorted(holders, key=lambda account: account.moved):
            if self.held <= self.limit * 3 // 4:
                break
            self._on_cut(account.connection, account.held)
            account.connection.cut()
            self.remove(account)
