"""A little of everything with known answers, for other machines: this one as it is when the CPU
lacks something, or one that is emulated. Made by `write`, done by `python known_work.py FILE`,
which needs nothing but the package and what that needs, and prints as JSON why each instruction
set is missing.
"""

import json
import pickle
import sys
from pathlib import Path
from typing import Any

# Around every border of blocks; as many as it takes to fill lanes and leave a rest.
LENGTHS = (*range(140), 191, 192, 193, 255, 256, 300, 1000)


def write(path: Path) -> None:
    """Answers are those of tests/reference."""
    path.write_bytes(pickle.dumps({"signatures": _signatures(), "hashes": _hashes()}))


def _signatures() -> list[Any]:
    """(scheme, options, keys, signatures, messages, verdicts)"""
    import ed25519_items
    import schnorr_items
    import sm2_items
    from schemes import SCHEMES

    made: list[Any] = []
    for scheme in SCHEMES:
        items = [*scheme.honest()[:70], *scheme.exceptional()]
        columns = ([getattr(i, part) for i in items] for part in ("key", "signature", "digest"))
        made.append((f"{scheme.name}.ecdsa", {}, *columns, [i.verdict for i in items]))
    hostile = [*schnorr_items.honest_items()[:70], *schnorr_items.hostile_items()]
    for some in (hostile, schnorr_items.valid_items(100)):
        columns = schnorr_items.columns(some)
        made.append(("secp256k1.schnorr", {}, *columns, [i.verdict for i in some]))
    special = [*ed25519_items.honest_items()[:70], *ed25519_items.special_items()]
    honest = [i for i in ed25519_items.honest_items() if i.verdicts["ZIP215"] == 1][:100]
    for rule, name in ed25519_items.NAMES.items():
        for these in (special, honest):
            codes = [i.verdicts[rule] for i in these]
            made.append(("ed25519", {"rule": name}, *ed25519_items.columns(these), codes))
    signed = sm2_items.honest_items()[:70]
    columns = ([getattr(i, part) for i in signed] for part in ("key", "signature", "message"))
    options = {"user_id": [i.user_id for i in signed]}
    made.append(("sm2", options, *columns, [i.verdict for i in signed]))
    odd = sm2_items.exceptional_items()
    columns = ([getattr(i, part) for i in odd] for part in ("key", "signature", "digest"))
    made.append(("sm2 of digests", {}, *columns, [i.verdict for i in odd]))
    return made


def _hashes() -> list[Any]:
    """(name, messages, digests)"""
    from test_hashes import REFERENCES

    messages = [bytes(7 * k + n & 255 for k in range(n)) for n in LENGTHS]
    return [
        (name, messages, [digest(message) for message in messages])
        for name, digest in REFERENCES.items()
    ]


def _do(work: dict[str, Any], device: "str | None") -> None:
    from verilane import ed25519, hashes, p256, secp256k1, sm2

    verify = {
        "secp256k1.ecdsa": secp256k1.ecdsa.verify_many,
        "secp256k1.schnorr": secp256k1.schnorr.verify_many,
        "p256.ecdsa": p256.ecdsa.verify_many,
        "ed25519": ed25519.verify_many,
        "sm2": sm2.verify_many,
        "sm2 of digests": lambda keys, signatures, digests, device: sm2.verify_many(
            keys, signatures, digests=digests, device=device
        ),
    }
    for scheme, options, *columns, verdicts in work["signatures"]:
        found = verify[scheme](*columns, **options, device=device).codes.tolist()
        assert found == verdicts, (device, scheme)
    for name, messages, digests in work["hashes"]:
        for count in (1, 3, len(messages)):
            made = hashes.digest_many(messages[:count], name, device=device)
            assert [row.tobytes() for row in made] == digests[:count], (device, name, count)


def _pairs(work: dict[str, Any], device: "str | None") -> None:
    """Trees, whose nodes have code of their own: every number of leaves, against hashlib."""
    from hashlib import sha256

    from verilane import merkle

    leaves = [bytes([n]) * (n % 50) for n in range(70)]
    for count in range(1, len(leaves)):
        level = [sha256(b"\0" + leaf).digest() for leaf in leaves[:count]]
        while len(level) > 1:
            pairs = [level[i : i + 2] for i in range(0, len(level), 2)]
            level = [
                sha256(b"\1" + b"".join(pair)).digest() if len(pair) == 2 else pair[0]
                for pair in pairs
            ]
        assert merkle.root(leaves[:count], "rfc6962", device=device) == level[0], (device, count)


def main(path: str) -> None:
    """Does the work on every instruction set that is here, and by the automatic choice."""
    from verilane import _cpu

    work = pickle.loads(Path(path).read_bytes())
    isas = _cpu.isas()
    for isa in isas:
        assert isa.missing is not None or _cpu.selftest(isa.number), isa.name
    for device in ("cpu", *(f"cpu:{isa.name}" for isa in isas if isa.missing is None)):
        _do(work, device)
        _pairs(work, device)
    print(json.dumps({isa.name: isa.missing for isa in isas}))


if __name__ == "__main__":
    main(sys.argv[1])
