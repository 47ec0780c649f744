"""The command `verilane`. Its libraries (typer, rich, pyarrow) come with the extra "cli"."""

import sys

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
    app(prog_name="verilane")
