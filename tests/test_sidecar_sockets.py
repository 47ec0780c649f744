"""The sidecar's sockets by themselves, and bad use of its command."""

import os
import socket
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from forks import succeeds_in_a_child

pytest.importorskip("grpc")
from typer.testing import CliRunner

from verilane.cli.app import app
from verilane.sidecar.errors import BadSetup
from verilane.sidecar.sockets import OwnSocket, peer_of, why_not_to_be_trusted

NOBODY = 65534


# ---- Sockets ----


def test_own_socket(tmp_path: Path) -> None:
    path = tmp_path / "s"
    before = os.umask(0)  # whoever trusts the umask would make it 0777
    try:
        own = OwnSocket(str(path))
    finally:
        os.umask(before)
    found = path.lstat()
    assert stat.S_ISSOCK(found.st_mode) and stat.S_IMODE(found.st_mode) == 0o600
    assert stat.S_IMODE(Path(own.directory).lstat().st_mode) == 0o700
    with socket.socket(socket.AF_UNIX) as caller:
        caller.connect(str(path))
        accepted, _ = own.socket.accept()
        with accepted:
            assert peer_of(accepted) == (os.geteuid(), os.getpid())
    with pytest.raises(BadSetup, match="another server has it"):
        OwnSocket(str(path))
    own.close()
    assert list(tmp_path.iterdir()) == []


def test_closing_leaves_the_next_server_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It comes as soon as the lock is gone, and what it makes is its own."""
    path, unlink, listdir = str(tmp_path / "s"), os.unlink, os.listdir
    next_one: list[OwnSocket] = []

    def unlink_and_let_in(name: str) -> None:
        unlink(name)
        if name.endswith("/lock") and not next_one:
            next_one.append(OwnSocket(path))

    own = OwnSocket(path)
    monkeypatch.setattr(os, "listdir", lambda place: sorted(listdir(place), reverse=True))
    monkeypatch.setattr(os, "unlink", unlink_and_let_in)
    own.close()
    assert sorted(listdir(next_one[0].directory)) == ["front", "lock"]
    with socket.socket(socket.AF_UNIX) as caller:
        caller.connect(path)
    next_one[0].close()
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def stale(tmp_path: Path) -> Path:
    """A process that is killed leaves socket and directory, and no lock."""
    path = tmp_path / "s"
    assert succeeds_in_a_child(lambda: OwnSocket(str(path)) is not None)
    assert path.exists()
    return path


def test_a_stale_socket_is_taken_over(stale: Path) -> None:
    OwnSocket(str(stale)).close()
    assert list(stale.parent.iterdir()) == []


def test_what_was_put_in_a_stale_sockets_place_stays(stale: Path) -> None:
    stale.unlink()
    stale.write_bytes(b"precious")
    with pytest.raises(BadSetup, match="exists and is no socket"):
        OwnSocket(str(stale))
    assert stale.read_bytes() == b"precious"


def _file(path: Path) -> None:
    path.write_bytes(b"precious")


def _directory(path: Path) -> None:
    path.mkdir()


def _link(path: Path) -> None:
    path.symlink_to("nowhere")


def _stale(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(path))


@pytest.mark.parametrize("there", [_file, _directory, _link, _stale])
def test_what_is_in_the_way_stays(tmp_path: Path, there: Callable[[Path], None]) -> None:
    path = tmp_path / "s"
    there(path)
    before = path.lstat()
    with pytest.raises(BadSetup, match="exists and is no socket that a server here left behind"):
        OwnSocket(str(path))
    assert os.path.samestat(before, path.lstat())


def test_a_path_that_is_taken_in_between(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "s"
    bind = OwnSocket._bound

    def late(self: OwnSocket, mode: int) -> socket.socket:
        path.write_bytes(b"precious")
        return bind(self, mode)

    monkeypatch.setattr(OwnSocket, "_bound", late)
    with pytest.raises(BadSetup, match="File exists"):
        OwnSocket(str(path))
    assert path.read_bytes() == b"precious"


def test_unsafe_places(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    with pytest.raises(BadSetup, match="others can write to it"):
        OwnSocket(str(tmp_path / "s"))
    tmp_path.chmod(0o1777)
    OwnSocket(str(tmp_path / "s")).close()
    tmp_path.chmod(0o700)
    (tmp_path / "s.verilane").symlink_to(tmp_path)
    with pytest.raises(BadSetup, match="in the way"):
        OwnSocket(str(tmp_path / "s"))
    with pytest.raises(BadSetup, match="No such file"):
        OwnSocket(str(tmp_path / "no" / "s"))
    with pytest.raises(BadSetup, match="too long a path"):
        OwnSocket(str(tmp_path / ("x" * 100)))
    if os.geteuid() == 0:
        os.chown(tmp_path, NOBODY, NOBODY)
        with pytest.raises(BadSetup, match="belongs to user 65534"):
            OwnSocket(str(tmp_path / "t"))


def test_whom_a_client_believes(tmp_path: Path) -> None:
    path, me = tmp_path / "s", os.geteuid()
    assert "No such file" in str(why_not_to_be_trusted(str(path), {me}))
    path.write_bytes(b"")
    assert "no socket" in str(why_not_to_be_trusted(str(path), {me}))
    path.unlink()
    _stale(path)
    assert why_not_to_be_trusted(str(path), {me}) is None
    assert "who may answer anything" in str(why_not_to_be_trusted(str(path), {me + 1}))
    (tmp_path / "d").mkdir(0o700)  # whatever this user's umask is
    link = tmp_path / "d" / "link"
    link.symlink_to(path)
    assert why_not_to_be_trusted(str(link), {me}) is None
    for folder in (tmp_path, link.parent):
        folder.chmod(0o777)
        assert "others can write" in str(why_not_to_be_trusted(str(link), {me}))
        folder.chmod(0o700)
    if me == 0:
        os.lchown(link, NOBODY, NOBODY)
        assert "belongs to user 65534" in str(why_not_to_be_trusted(str(link), {me}))


# ---- Bad use of the command ----


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ([], "nowhere to listen"),
        (["--tcp", "127.0.0.1:0"], "--tcp needs --tls-cert and --tls-key"),
        (["--unix", "s", "--tls-cert", "x"], "need --tcp"),
        (["--tcp", "x", "--tls-cert", "x", "--tls-key", "x"], "expected HOST:PORT"),
        (["--tcp", "127.0.0.1:0", "--tls-cert", "no", "--tls-key", "no"], "No such file"),
        (["--unix", "s", "--metrics", "127.0.0.1:x"], "expected HOST:PORT"),
        (["--unix", "s", "--metrics", "unix:no/such"], "No such file"),
        (["--unix", "s", "--device", "no such"], "no device is named"),
        (["--unix", "s", "--max-held", "1"], "--max-held is less than --max-message"),
        (["--allow-uid", "1", "--tcp", "127.0.0.1:0"], "--allow-uid needs --unix"),
        (["--unix", "no/such/s"], "No such file"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_bad_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: list[str], words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, ["serve", *options])
    assert result.exit_code == 2
    assert words in result.stderr and len(result.stderr.splitlines()) == 1
    assert list(tmp_path.iterdir()) == [], "nothing is left behind"
