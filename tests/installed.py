"""Whether an installed Verilane works: `python installed.py [FOLDER]`. Needs nothing but what the
package needs. Every wheel that is built is tried with it. FOLDER: where the package must come from.
"""

import hashlib
import sys
import threading
import warnings
from pathlib import Path

# BIP-340's test vector 0 (key, signature, message) and RFC 8032's TEST 2 of section 7.1.
SCHNORR = (
    "f9308a019258c31049344f85f89d5229b531c845836f99b08601f113bce036f9",
    "e907831f80848d1069a5371b402410364bdf1c5f8307b0084c55f1ce2dca8215"
    "25f66a4a85ea8b71e482a74f382d2ce5ebeee8fdb2172f477df4900d310536c0",
    "00" * 32,
)
ED25519 = (
    "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
    "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    "72",
)
THREADS, ROUNDS = 8, 5


def gil_is_off() -> bool:
    return not getattr(sys, "_is_gil_enabled", lambda: True)()


def main(folder: "str | None" = None) -> None:
    """Raises where something is wrong."""
    warnings.simplefilter("error")
    was_off = gil_is_off()
    if folder is not None:
        sys.path.insert(0, folder)
    import verilane
    from verilane import _cpu, _kernel_text, clib, ed25519, hashes, secp256k1

    assert gil_is_off() == was_off, "importing it must not bring the GIL back"
    assert folder is None or Path(verilane.__file__).is_relative_to(folder), verilane.__file__
    here = [isa for isa in _cpu.isas() if isa.missing is None]
    assert {"scalar", "portable"} <= {isa.name for isa in here}
    for isa in here:
        assert _cpu.selftest(isa.number), isa.name
    assert "double_mul" in _kernel_text.flatten("secp256k1.cl").source
    assert clib.library().is_file()
    assert (clib.include_dir() / "verilane.h").is_file()
    assert (clib.pkg_config_dir() / "verilane.pc").is_file()

    messages = [bytes([n]) * n for n in range(200)]
    digests = [hashlib.sha256(message).digest() for message in messages]
    wrong: list[str] = []

    def work() -> None:
        for _ in range(ROUNDS):
            for verify, item in (
                (secp256k1.schnorr.verify_many, SCHNORR),
                (ed25519.verify_many, ED25519),
            ):
                key, signature, message = map(bytes.fromhex, item)
                given = [message] * 40 + [b"another"] + [message] * 40
                found = verify([key] * len(given), [signature] * len(given), given)
                if found.failed.tolist() != [40]:
                    wrong.append(f"{verify.__module__}: {found.failed.tolist()}")
            made = hashes.digest_many(messages, "sha256")
            if [row.tobytes() for row in made] != digests:
                wrong.append("digests")

    threads = [threading.Thread(target=work) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong, wrong
    print(f"verilane {verilane.__version__} works: {', '.join(isa.name for isa in here)}")


if __name__ == "__main__":
    main(*sys.argv[1:])
