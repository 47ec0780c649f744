"""Where the C library lies that comes with this package, for programs in other languages.

    cc program.c $(python -m verilane.clib --cflags --libs)

It is libverilane, with verilane.h and a pkg-config file. The folder that the flags name is also
where the program will look for the library when it runs.
"""

import argparse
import shlex
import sys
from pathlib import Path

__all__ = ["cflags", "include_dir", "library", "libs", "main", "pkg_config_dir"]

_HOME = Path(__file__).resolve().parent / "_clib"


def include_dir() -> Path:
    """Returns the folder of verilane.h. FileNotFoundError if this package was built without it."""
    return _found(_HOME / "include", "verilane.h").parent


def library() -> Path:
    """Returns the shared library itself, for whatever loads it at run time: libverilane.so.1, or
    libverilane.dylib on macOS. FileNotFoundError if this package was built without it.
    """
    return _found(_HOME / "lib", "*.dylib" if sys.platform == "darwin" else "libverilane.so.*")


def pkg_config_dir() -> Path:
    """Returns the folder of verilane.pc, for PKG_CONFIG_PATH. FileNotFoundError as above."""
    return _found(_HOME / "lib" / "pkgconfig", "verilane.pc").parent


def cflags() -> list[str]:
    """Returns what the compiler is told."""
    return [f"-I{include_dir()}"]


def libs() -> list[str]:
    """Returns what the linker is told."""
    folder = library().parent
    return [f"-L{folder}", f"-Wl,-rpath,{folder}", "-lverilane"]


def _found(folder: Path, pattern: str) -> Path:
    for path in sorted(folder.glob(pattern)):
        return path
    raise FileNotFoundError(f"{folder / pattern}: this package was built without its C library")


def main(arguments: "list[str] | None" = None) -> int:
    """Prints what is asked for, in one line, quoted for a shell. Returns the exit status: 2 where
    nothing is asked for, or there is no library.
    """
    parser = argparse.ArgumentParser(
        prog="python -m verilane.clib",
        description="Prints how programs are built with libverilane.",
    )
    parser.add_argument("--cflags", action="store_true", help="what the compiler is told")
    parser.add_argument("--libs", action="store_true", help="what the linker is told")
    parser.add_argument("--library", action="store_true", help="the path of the shared library")
    parser.add_argument("--pkg-config-path", action="store_true", help="the folder of verilane.pc")
    wanted = parser.parse_args(arguments)
    parts: list[str] = []
    try:
        parts += cflags() if wanted.cflags else []
        parts += libs() if wanted.libs else []
        parts += [str(library())] if wanted.library else []
        parts += [str(pkg_config_dir())] if wanted.pkg_config_path else []
    except FileNotFoundError as error:
        print(f"verilane.clib: {error}", file=sys.stderr)
        return 2
    if not parts:
        parser.print_usage(sys.stderr)
        return 2
    print(shlex.join(parts))
    return 0


if __name__ == "__main__":
    sys.exit(main())
