"""Unix sockets: made so that nobody else has a hand in them, and asked who is at the other end."""

import fcntl
import os
import socket
import stat
import struct
import sys
from contextlib import suppress
from typing import NamedTuple

from .errors import BadSetup

__all__ = ["OwnSocket", "Peer", "peer_of", "why_not_to_be_trusted"]


class OwnSocket:
    """A listening Unix socket at a path, and a private directory beside it.

    The socket is made in the directory `PATH.verilane` (0700), gets its mode there, and is then
    linked to PATH: it is never there with other rights, and what is there is never replaced. The
    directory keeps the other link, which tells a stale socket of ours from any other, and a lock
    that lasts as long as the process.
    """

    def __init__(self, path: str, *, mode: int = 0o600) -> None:
        """Raises BadSetup where it can't be had."""
        self.path = os.path.abspath(path)
        self.directory = f"{self.path}.verilane"
        self._front = os.path.join(self.directory, "front")
        longest = os.path.join(self.directory, "c00000000")
        if len(os.fsencode(longest)) > _LONGEST_PATH:
            raise BadSetup(f"{path}: too long a path for a Unix socket here: take a shorter one")
        try:
            _demand_safe_parent(os.path.dirname(self.path))
            self._lock = self._locked()
            self._clear()
            self.socket = self._bound(mode)
            self._made = os.lstat(self._front)
        except OSError as error:
            raise BadSetup(f"{path}: {error.strerror}") from None

    def close(self) -> None:
        """Takes the socket away; the path is free afterwards."""
        self.socket.close()
        # Not by its other link: asyncio of Python 3.13 takes that away when it closes a server.
        with suppress(FileNotFoundError):
            if os.path.samestat(os.lstat(self.path), self._made):
                os.unlink(self.path)
        for name in sorted(os.listdir(self.directory), key="lock".__eq__):  # the lock at last
            os.unlink(os.path.join(self.directory, name))
        with suppress(OSError):  # another server has it already
            os.rmdir(self.directory)
        os.close(self._lock)

    def _locked(self) -> int:
        """Returns the lock's file descriptor."""
        try:
            os.mkdir(self.directory, 0o700)
        except FileExistsError:
            found = os.lstat(self.directory)
            if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
                raise BadSetup(f"{self.directory}: in the way, and no directory of ours") from None
        os.chmod(self.directory, 0o700)
        name = os.path.join(self.directory, "lock")
        descriptor = os.open(name, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Whoever closes takes the file away under the lock: ours may be one that is gone.
            if not os.path.samestat(os.fstat(descriptor), os.lstat(name)):
                raise BlockingIOError
        except (BlockingIOError, FileNotFoundError):
            os.close(descriptor)
            raise BadSetup(f"{self.path}: another server has it") from None
        return descriptor

    def _clear(self) -> None:
        """Removes what a server that was killed has left, and nothing else."""
        if os.path.lexists(self.path):
            if not _same(self.path, self._front):
                raise BadSetup(
                    f"{self.path}: exists and is no socket that a server here left behind: "
                    "remove it if nobody needs it"
                )
            os.unlink(self.path)
        for name in os.listdir(self.directory):
            if name != "lock":
                os.unlink(os.path.join(self.directory, name))

    def _bound(self, mode: int) -> socket.socket:
        made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            made.bind(self._front)
            os.chmod(self._front, mode)
            made.listen(_BACKLOG)
            os.link(self._front, self.path)
        except OSError:
            made.close()
            raise
        return made


# sun_path, less its zero: 108 bytes on Linux, 104 on macOS.
_LONGEST_PATH = 107 if sys.platform == "linux" else 103
_BACKLOG = 1024


def _same(path: str, front: str) -> bool:
    """Whether both are links of one socket."""
    try:
        one, other = os.lstat(path), os.lstat(front)
    except FileNotFoundError:
        return False
    return stat.S_ISSOCK(one.st_mode) and os.path.samestat(one, other)


def _demand_safe_parent(parent: str) -> None:
    reason = _why_replaceable(parent, {0, os.geteuid()})
    if reason is not None:
        raise BadSetup(f"{parent}: {reason}: take a directory of your own")


def _why_replaceable(parent: str, owners: set[int]) -> str | None:
    """Returns why somebody else could put another socket into a directory; None: nobody can."""
    found = os.stat(parent)
    if found.st_uid not in owners:
        return f"belongs to user {found.st_uid}, who could replace the socket"
    if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH) and not found.st_mode & stat.S_ISVTX:
        return "others can write to it, and so replace the socket"
    return None


def why_not_to_be_trusted(path: str, owners: set[int]) -> str | None:
    """Returns why a client must not believe what listens at a path; None: it may.

    path: an absolute one. owners: the users that the server may run as.
    """
    try:
        found, named = os.stat(path), os.lstat(path)
        if not stat.S_ISSOCK(found.st_mode):
            return f"{path}: no socket"
        for each in (found, named):  # a link may be changed by whoever owns it
            if each.st_uid not in owners:
                return f"{path}: belongs to user {each.st_uid}, who may answer anything"
        for parent in {os.path.dirname(place) for place in (path, os.path.realpath(path))}:
            reason = _why_replaceable(parent, owners | {0})
            if reason is not None:
                return f"{parent}: {reason}"
    except OSError as error:
        return f"{path}: {error.strerror}"
    return None


# ---- Who is at the other end ----


class Peer(NamedTuple):
    """The user who called connect(), as the kernel has noted it. pid: 0 where it does not tell."""

    uid: int
    pid: int


def peer_of(connection: socket.socket) -> Peer:
    """Returns the peer of a Unix socket. Raises OSError where the kernel does not tell."""
    if sys.platform == "linux":
        # struct ucred: pid, uid, gid (unix(7), SO_PEERCRED)
        size = struct.calcsize("3i")
        pid, uid, _ = struct.unpack(
            "iII", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size)
        )
        return Peer(uid, pid)
    if sys.platform == "darwin":
        # struct xucred: version, uid, ... (sys/ucred.h; LOCAL_PEERCRED is 1 at level 0)
        version, uid = struct.unpack("II", connection.getsockopt(0, 1, _XUCRED)[:8])
        if version != 0:
            raise OSError("the kernel does not tell who the peer is")
        return Peer(uid, 0)
    raise OSError("the kernel does not tell who the peer is")


_XUCRED = 76
