"""Writes the sidecar's generated code: `make proto`. Needs grpcio-tools."""

import sys
from importlib.metadata import version
from pathlib import Path

SOURCES = Path(__file__).resolve().parents[1] / "engine"
FOLDER = Path("verilane") / "sidecar"
NAMES = ("verilane_pb2.py", "verilane_pb2.pyi", "verilane_pb2_grpc.py")


def generate(into: Path) -> list[Path]:
    """Writes the files below a folder; the first line of each says what made it."""
    from grpc_tools import protoc

    options = [f"--{kind}_out={into}" for kind in ("python", "pyi", "grpc_python")]
    source = str(SOURCES / FOLDER / "verilane.proto")
    if protoc.main(["protoc", f"-I{SOURCES}", *options, source]) != 0:
        raise SystemExit("protoc failed")
    head = f"# Made by grpcio-tools {version('grpcio-tools')} from verilane.proto (make proto).\n"
    paths = [into / FOLDER / name for name in NAMES]
    for path in paths:
        path.write_text(head + path.read_text(encoding="utf-8"), encoding="utf-8")
    return paths


if __name__ == "__main__":
    generate(Path(sys.argv[1]) if len(sys.argv) > 1 else SOURCES)
