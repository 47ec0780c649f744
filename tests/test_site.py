"""The site (`make docs`): every public name has its place in it, and Sphinx has nothing to say."""

import importlib
import inspect
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import pytest

import verilane
from documents import ROOT

API = "\n".join(page.read_text(encoding="utf-8") for page in (ROOT / "docs/api").glob("*.md"))
DESCRIBED = set(re.findall(r"^\.\. automodule:: (\S+)$", API, re.MULTILINE))
ONE_BY_ONE = set(re.findall(r"^\.\. auto(?:class|function):: (\S+)$", API, re.MULTILINE))
LEFT_OUT = set(re.findall(r"^   :exclude-members: (\S+)$", API, re.MULTILINE))

# What no other module leads to. Those of nodes are imported by their nodes only.
DOORS = ["verilane.errors", "verilane.sidecar", "verilane.clib"]
NODES = [
    f"verilane.nodes.{path.stem}"
    for path in sorted((ROOT / "engine/verilane/nodes").glob("[a-z]*.py"))
]


def below(module: ModuleType) -> set[str]:
    """The names of the public modules that a module's __all__ leads to."""
    found = set()
    for name in module.__all__:
        value = getattr(module, name)
        if inspect.ismodule(value):
            deeper = below(value)
            found |= deeper or {value.__name__}
    return found


def test_every_public_module_is_described() -> None:
    expected = below(verilane) | set(DOORS) | set(NODES)
    assert {"verilane.secp256k1.ecdsa", "verilane.proofs.mpt", "verilane.merkle"} <= expected
    assert DESCRIBED == expected


def test_every_name_of_the_package_is_described() -> None:
    for name in verilane.__all__:
        value = getattr(verilane, name)
        if inspect.ismodule(value):
            continue
        homes = [each for each in DESCRIBED if each not in NODES and name in exported(each)]
        assert f"verilane.{name}" in ONE_BY_ONE or homes, name


def exported(module: str) -> list[str]:
    try:
        return list(importlib.import_module(module).__all__)
    except ModuleNotFoundError:
        return []


def test_what_is_left_out_is_described_elsewhere() -> None:
    for name in LEFT_OUT:
        assert sum(name in exported(module) for module in DESCRIBED) >= 2, name


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built with warnings as errors."""
    for module in "sphinx", "myst_parser", "furo", "eth_keys", "grpc":
        if find_spec(module) is None:
            pytest.skip(f"{module} is not installed (dependency group: docs)")
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-d", folder / "trees"]
    done = subprocess.run(
        [*command, ROOT / "docs", folder / "html"], capture_output=True, text=True, timeout=500
    )
    assert done.returncode == 0, done.stderr
    return folder / "html"


def test_every_name_is_in_the_index(site: Path) -> None:
    """What other sites' references and the search find."""
    from sphinx.util.inventory import InventoryFile

    with (site / "objects.inv").open("rb") as file:
        try:
            inventory = InventoryFile.load(file, "", lambda _, path: path)
        except TypeError:  # Sphinx 8.2 on
            inventory = InventoryFile.loads(file.read(), uri="").data
    known = {name for kind, names in inventory.items() if kind[:3] == "py:" for name in names}
    for module in DESCRIBED:
        names = {f"{module}.{name}" for name in exported(module) if name not in LEFT_OUT}
        assert names <= known, names - known
    for name in verilane.__all__:
        value = getattr(verilane, name)
        if not inspect.ismodule(value):
            assert any(each.endswith(f".{name}") for each in known), name


def test_every_page_is_reached(site: Path) -> None:
    """And none needs a network: whatever is loaded lies beside it."""
    pages = {page.relative_to(ROOT / "docs") for page in (ROOT / "docs").rglob("*.md")}
    index = (site / "index.html").read_text(encoding="utf-8")
    for page in pages:
        made = site / page.with_suffix(".html")
        assert made.exists(), page
        if page.name != "index.md":
            assert str(page.with_suffix(".html")) in index, page
        text = made.read_text(encoding="utf-8")
        loaded = re.findall(r"<(?:script|img|link)[^>]+(?:src|href)=\"([^\"]+)\"", text)
        assert not [each for each in loaded if "://" in each], page
