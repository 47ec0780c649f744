"""What comes before the first signature: the import, a column from a list beside a packed one."""

import random
import subprocess
import sys
from typing import Any

import pytest
from rows import sizes

from verilane._columns import column

WIDTHS = (33, 65, 64)


@pytest.mark.benchmark(group="a process")
@pytest.mark.parametrize("code", ["pass", "import numpy", "import verilane"])
def test_import(measure: Any, code: str) -> None:
    measure(lambda: subprocess.run([sys.executable, "-c", code], check=True), 1)


@sizes("a column of keys", [1024, 16384])
@pytest.mark.parametrize("form", ["packed", "list"])
def test_column(measure: Any, n: int, form: str) -> None:
    keys = [random.randbytes(33) for _ in range(n)]
    given = keys if form == "list" else b"".join(keys)
    widths = WIDTHS if form == "list" else (33,)
    measure(lambda: column("keys", given, widths=widths, n=n), n, base=form == "packed")
