"""The command `verilane`. Its libraries (typer, rich, pyarrow) come with the extra "cli"."""

import os
import sys
import traceback

__all__ = ["main"]


def main() -> None:
    """Runs the command line and ends the process with its exit status."""
    try:
        from .app import app
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("typer", "rich", "pyarrow"):
            raise
        print(
            f"verilane: the command line needs {error.name}: pip install 'verilane[cli]'",
            file=sys.stderr,
        )
        sys.exit(2)
    try:
        try:
            app(prog_name="verilane", standalone_mode=True)
        finally:  # what is written to a buffer only has not been said yet
            sys.stdout.flush()
    except OSError as error:  # what no command expects: its own output can't be written
        print(f"verilane: {error}", file=sys.stderr)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(2)
    except Exception:  # a fault of ours must not look like 1, "not all valid"
        traceback.print_exc()
        sys.exit(_INTERNAL_ERROR)


_INTERNAL_ERROR = 70
