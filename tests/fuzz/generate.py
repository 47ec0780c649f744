"""Makes what the harnesses start from: points of known logarithm (points.inc) and a corpus each.

Nothing is copied: points come from tests/reference, items from the generators that the tests have.
"""

import random
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from reference import ed25519, p256, secp256k1, sm2
from reference.weierstrass import Curve

CURVES: dict[str, Curve] = {"secp256k1": secp256k1.CURVE, "p256": p256.CURVE, "sm2": sm2.CURVE}


# ---- Points ----


def c_string(data: bytes) -> str:
    return '"' + "".join(f"\\x{byte:02x}" for byte in data) + '"'


def scalars(curve: Curve) -> list[int]:
    """Small ones and their negatives, halves, powers of two, what LAMBDA makes, and any."""
    n, rng = curve.N, random.Random("points")
    small = [*range(1, 9), 15, 16, 17, 31, 32, 33]
    special = [(n + 1) // 2, (n + 1) // 4, 2**64, 2**128, 2**128 + 1, 2**252]
    if curve is secp256k1.CURVE:
        special += [secp256k1.LAMBDA, secp256k1.LAMBDA**2 % n, secp256k1.LAMBDA + 1]
    some = [*small, *(n - k for k in small[:6]), *special]
    return some + [rng.randrange(1, n) for _ in range(16)]


def curve_points(name: str, curve: Curve) -> str:
    rows = []
    for k in scalars(curve):
        point = curve.multiply_base(k)
        assert point is not None
        rows.append([value.to_bytes(32, "big") for value in (k, *point)])
    return table(f"known_point points_{name}", rows)


def edwards_points() -> str:
    """k B + T with its encoding, for every T of small order; and all encodings of small points."""
    rng = random.Random("points")
    some = [0, 1, 2, 8, ed25519.L - 1, *(rng.randrange(ed25519.L) for _ in range(5))]
    rows = []
    for k in some:
        for torsion in ed25519.TORSION:
            point = ed25519.add(ed25519.multiply(k, ed25519.B), torsion)
            rows.append([k.to_bytes(32, "big"), ed25519.encode(point)])
    small = [[each] for torsion in ed25519.TORSION for each in ed25519.encodings(torsion)]
    # Encodings with y >= p: whether they are points or not.
    small += [[(y | 1 << 255).to_bytes(32, "little")] for y in range(ed25519.P, 2**255)]
    return table("edwards_point points_ed25519", rows) + table("edwards_bytes small_ed25519", small)


def table(name: str, rows: Sequence[Sequence[bytes]]) -> str:
    lines = ("    {" + ", ".join(map(c_string, row)) + "},\n" for row in rows)
    return f"static const {name}[] = {{\n{''.join(lines)}}};\n"


def write_points(folder: Path) -> None:
    text = "".join(curve_points(name, curve) for name, curve in CURVES.items())
    write(folder / "points.inc", text.encode())
    write(folder / "points_ed25519.inc", edwards_points().encode())


# ---- Corpora: each function gives the inputs of one harness ----

Parts = tuple[bytes, bytes, bytes]


def signatures(header: Iterable[int], items: Iterable[Parts]) -> bytes:
    """An input as fuzz.h says."""
    data = bytes(header)
    for parts in items:
        if all(len(part) < 256 for part in parts):
            data += bytes(map(len, parts)) + b"".join(parts)
    return data


def groups(items: Sequence[Parts], size: int = 4) -> list[Sequence[Parts]]:
    return [items[start : start + size] for start in range(0, len(items), size)]


def as_der(signature: bytes) -> bytes:
    from reference.der import encode

    if len(signature) != 64:
        return signature
    return encode(int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big"))


def ecdsa() -> Iterable[bytes]:
    from exceptional_items import one_of_each_kind
    from items import honest_items

    for bit, curve in enumerate((secp256k1.CURVE, p256.CURVE)):
        made = [*honest_items(40, curve)[:12], *one_of_each_kind(curve)]
        items = [(item.key, item.signature, item.digest) for item in made]
        in_der = [(key, as_der(signature), digest) for key, signature, digest in items]
        with_id = [(key, signature + b"\x00", digest) for key, signature, digest in items]
        for number, group in enumerate(groups(items)):
            yield signatures((bit, number % 4, number), group)
        for number, group in enumerate(groups(in_der)):
            yield signatures((bit | 2 << number % 2, number % 4, number), group)
        for group in groups(with_id)[: 0 if bit else 8]:
            yield signatures((6, 0, 9), group)


def schnorr() -> Iterable[bytes]:
    from schnorr_items import honest_items, one_of_each_kind

    made = [*honest_items(40)[:16], *one_of_each_kind()]
    items = [(item.key, item.signature, item.message) for item in made]
    for number, group in enumerate(groups(items)):
        yield signatures((0, number, number), group)


def ed25519_items() -> Iterable[bytes]:
    from ed25519_items import honest_items, one_of_each_kind

    made = [*honest_items(40)[:16], *one_of_each_kind()]
    items = [(item.key, item.signature, item.message) for item in made]
    for number, group in enumerate(groups(items)):
        yield signatures((number % 4, number, number), group)


def sm2_items() -> Iterable[bytes]:
    from sm2_items import DEFAULT_USER_ID, as_der, as_fisco, honest_items, one_of_each_kind

    made = [*honest_items(40)[:16], *one_of_each_kind()]
    for encoding, form in enumerate((lambda item: item, as_der, as_fisco, as_fisco)):
        whole = [item for item in made if len(item.signature) == 64 and item.verdict == 1]
        some = [form(item) for item in (whole if encoding else made)]
        digests = [(item.key, item.signature, item.digest) for item in some]
        named = [item for item in some if item.user_id == DEFAULT_USER_ID]
        messages = [(item.key, item.signature, item.message) for item in named]
        for number, group in enumerate(groups(digests)):
            yield signatures((encoding, 0, number), group)
        for number, group in enumerate(groups(messages)):
            yield signatures((encoding, 3, number), group)


def keys() -> Iterable[bytes]:
    for kind, curve in enumerate((*CURVES.values(), secp256k1.CURVE)):
        points = [curve.multiply_base(k) for k in scalars(curve)[:6]]
        for form in ("compressed", "uncompressed", "raw"):
            encoded = [curve.encode_point(point, form) for point in points]
            if kind == 3:
                encoded = [key[1:33] for key in encoded]
            yield signatures((kind, 0, 3), [(key, b"", b"") for key in encoded])
    small = [each for torsion in ed25519.TORSION for each in ed25519.encodings(torsion)]
    yield signatures((4, 0, 3), [(key, b"", b"") for key in small])
    r, s = secp256k1.N // 3, secp256k1.N // 2
    for number in (0, 1, s - 1, s, s + 1, secp256k1.N - 1, secp256k1.N, 2**256 - 1):
        compact = r.to_bytes(32, "big") + number.to_bytes(32, "big")
        yield signatures((5, 0, 0), [(b"", compact, b""), (b"", as_der(compact), b"")])


def hashes() -> Iterable[bytes]:
    rng = random.Random("hashes")
    for hash_ in range(7):
        for packed in (0, 0x80):
            yield bytes([packed | hash_ << 1]) + rng.randbytes(400)
    for kind in range(7):
        for leaves in (0, 1, 2, 6, 16, 31):
            options = bytes([kind, leaves, leaves * 3, kind, leaves, leaves])
            yield b"\x01" + options + rng.randbytes(120)


def tries() -> Iterable[bytes]:
    from mpt_items import asked, proof_of, root_of, some_trie

    for size, key, value in ((1, (0, 2), (1, 2)), (17, (1, 1), (1, 40)), (120, (0, 5), (20, 34))):
        items = some_trie(size, key, value)
        root = root_of(items)
        for asked_key in asked(items, 4)[:12]:
            parts = [asked_key, items.get(asked_key, b""), root, *proof_of(items, asked_key)]
            yield b"\0" + b"".join(len(part).to_bytes(2, "big") + part for part in parts)
    rng = random.Random("tries")
    for n in (0, 1, 2, 127, 128, 129, 299):
        yield b"\x80" + n.to_bytes(2, "big") + rng.randbytes(60)


def light() -> Iterable[bytes]:
    from reference.merkleblock import build

    yield b"\0" + bytes([0, 0, 10, 10, 10, 5, 20, 20, 12, 255, 1, 1])
    for n in (1, 2, 3, 7, 20):
        txids = [bytes([i]) * 32 for i in range(n)]
        for matched in (set(), {0}, {n - 1}, set(range(0, n, 3))):
            found, flags = build(txids, matched)
            data = bytes(
                sum(bit << i for i, bit in enumerate(flags[at : at + 8]))
                for at in range(0, len(flags), 8)
            )
            yield b"\1" + n.to_bytes(4, "little") + bytes([0, len(found)]) + data
    yield b"\2" + bytes.fromhex("0a03616263 1001 12020801 18ac02 2200")


def verifier() -> Iterable[bytes]:
    rng = random.Random("verifier")
    made = {0: ecdsa, 3: schnorr, 4: ed25519_items, 2: sm2_items}
    for scheme, corpus in made.items():
        for data in list(corpus())[:6]:
            deeds = rng.randbytes(24)
            front = bytes([rng.randrange(256), scheme, rng.randrange(256), len(deeds), 0, 0])
            yield front + deeds + data[3:]


CORPORA: dict[str, Callable[[], Iterable[bytes]]] = {
    "ecdsa": ecdsa,
    "schnorr": schnorr,
    "ed25519": ed25519_items,
    "sm2": sm2_items,
    "keys": keys,
    "hashes": hashes,
    "tries": tries,
    "light": light,
    "verifier": verifier,
}


def write_corpora(folder: Path) -> None:
    for name, inputs in CORPORA.items():
        try:
            for number, data in enumerate(inputs()):
                write(folder / "seeds" / name / f"{number:03}", data)
        except ImportError as missing:
            print(f"SKIPPED seeds of {name}: {missing}")


def write(path: Path, data: bytes) -> None:
    """Left alone if it is the same: what was compiled of it stays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_bytes() != data:
        path.write_bytes(data)


if __name__ == "__main__":
    target = Path(sys.argv[1])
    write_points(target)
    write_corpora(target)
