"""Callers that no library would be: HTTP/2 frames by hand (RFC 9113), for calls that go wrong."""

import socket
import struct

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, SETTINGS, WINDOW_UPDATE = 0, 1, 4, 8
END_STREAM, END_HEADERS = 1, 4


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    return (
        struct.pack(">I", len(payload))[1:]
        + bytes([kind, flags])
        + struct.pack(">I", stream)
        + payload
    )


HELLO = PREFACE + frame(SETTINGS, 0, 0)


def _literal(name: bytes, value: bytes) -> bytes:
    """A header field without indexing, in plain bytes (RFC 7541 section 6.2.2)."""
    return b"\0" + bytes([len(name)]) + name + bytes([len(value)]) + value


def call(stream: int, path: bytes = b"/verilane.v1.Verifier/Verify") -> bytes:
    """The headers that open a call."""
    fields = [
        (b":method", b"POST"),
        (b":scheme", b"http"),
        (b":path", path),
        (b":authority", b"localhost"),
        (b"content-type", b"application/grpc"),
        (b"te", b"trailers"),
    ]
    block = b"".join(_literal(name, value) for name, value in fields)
    return frame(HEADERS, END_HEADERS, stream, block)


def message(stream: int, data: bytes, length: int | None = None) -> bytes:
    """A gRPC message in DATA frames; `length` is what it says that it has."""
    body = b"\0" + struct.pack(">I", len(data) if length is None else length) + data
    parts = [body[i : i + 16384] for i in range(0, len(body), 16384)]
    return b"".join(frame(DATA, 0, stream, part) for part in parts)


def empty(stream: int) -> bytes:
    """A message without any byte, which is all that a call sends."""
    return frame(DATA, END_STREAM, stream, bytes(5))


def connect(path: str, timeout: float = 10) -> socket.socket:
    made = socket.socket(socket.AF_UNIX)
    made.settimeout(timeout)
    made.connect(path)
    return made


def is_closed(connection: socket.socket) -> bool:
    """Whether the other side has ended it; waits for that, or for the timeout."""
    try:
        while connection.recv(1 << 16):
            pass
    except TimeoutError:
        return False
    except ConnectionError:
        pass
    return True
