"""Numbers as tests/native/scalar.c takes them, four words each."""


def words(values: list[int]) -> bytes:
    return b"".join(value.to_bytes(32, "little") for value in values)


def numbers(data: bytes) -> list[int]:
    return [int.from_bytes(data[i : i + 32], "little") for i in range(0, len(data), 32)]
