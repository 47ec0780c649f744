"""The C library: setup.py names LIBRARY and BuildLibrary, csrc/build_native.py the rest.

All of csrc/ is compiled once, into an archive that two things are linked from: the extension
`verilane._native`, and libverilane for programs in other languages. The extension is not linked
with libverilane: a library of another version, found first on some path, must not get between the
package and its C; the package needs more of C than the ABI promises (binding.h); and a wheel whose
extension needs nothing beside it survives auditwheel and delocate, copying and renaming.
"""

import os
import platform
import re
import shlex
import sys
from pathlib import Path

from setuptools.command.build_clib import build_clib

ROOT = Path(__file__).resolve().parent.parent
# setuptools takes paths relative to the project's root only.
SOURCES = sorted(path.relative_to(ROOT).as_posix() for path in ROOT.glob("csrc/**/*.c"))
HEADERS = sorted(
    path.relative_to(ROOT).as_posix()
    for folder in ("csrc", "kernels")
    for pattern in ("**/*.h", "**/*.inc")
    for path in ROOT.glob(f"{folder}/{pattern}")
)
INCLUDES = ["csrc", "kernels"]
PUBLIC = sorted(ROOT.glob("csrc/verilane*.h"))
"""What C programs include; binding.h is the package's own."""

# VERILANE_BUILD=... builds what `make sanitize` and `make coverage` run the tests on. The first
# checks bounds, too.
CHECKED = ["-O1", "-g", "-DVERIFY", "-DARITHMETIC_CALLS", "-fno-omit-frame-pointer"]
# At -O1 gcc does not see that there is at least one of `ways`; clang has no such warning.
BY_GCC = [*CHECKED, "-Wno-maybe-uninitialized"]
STOPS = "-fno-sanitize-recover=all"
BUILDS: dict[str, tuple[list[str], list[str]]] = {  # flags for the compiler, and for the linker
    "": (["-O3", "-g0"], []),
    "verify": (BY_GCC, []),
    # by clang, whose runtime is then a library to load before Python
    "address": (
        [*CHECKED, STOPS, "-fsanitize=address,undefined"],
        ["-fsanitize=address,undefined", "-shared-libasan"],
    ),
    "thread": ([*BY_GCC, STOPS, "-fsanitize=thread"], ["-fsanitize=thread"]),
    "coverage": (
        ["-O1", "-DARITHMETIC_CALLS", "--coverage"],
        ["--coverage"],
    ),
}
BUILD = os.environ.get("VERILANE_BUILD", "")
FLAGS = ["-std=c11", *BUILDS[BUILD][0]]
LINK_FLAGS = ["-pthread", *BUILDS[BUILD][1]]

# Its name tells it from libverilane, which a linker may find on its way.
LIBRARY = (
    "verilane_objects",
    {
        "sources": SOURCES,
        "obj_deps": {"": HEADERS},
        "include_dirs": INCLUDES,
        "cflags": FLAGS,
    },
)


def declarations(header: Path) -> str:
    """Returns the part of a header that cffi reads: declarations between two marks, no
    preprocessor.
    """
    _, begun, rest = header.read_text(encoding="utf-8").partition("/* VL_CDEF_BEGIN */")
    text, ended, _ = rest.partition("/* VL_CDEF_END */")
    if not (begun and ended):
        raise RuntimeError(f"{header} lacks its VL_CDEF marks")
    return text


def exported() -> list[str]:
    """Returns the names of all functions that the public headers declare."""
    text = "".join(map(declarations, PUBLIC))
    text = re.sub(r"/\*.*?\*/", " ", text, flags=re.DOTALL)
    return sorted(re.findall(r"^[a-z][\w ]*[ *](vl_\w+)\(", text, re.MULTILINE))


def abi_major() -> str:
    """Returns the number that the library's file name ends with."""
    found = re.search(r"VL_ABI_MAJOR = (\d+)", (ROOT / "csrc" / "verilane.h").read_text("utf-8"))
    if not found:
        raise RuntimeError("csrc/verilane.h lacks VL_ABI_MAJOR")
    return found[1]


class BuildLibrary(build_clib):
    """Builds the archive, then links libverilane from the same objects and puts it, its headers and
    its pkg-config file into the package's folder _clib.
    """

    editable_mode = False

    def build_libraries(self, libraries: list[tuple[str, dict[str, object]]]) -> None:
        """Builds the archive for the extension, and all that C programs are given."""
        super().build_libraries(libraries)
        folder = self._package() / "_clib"
        for name in ("include", "lib/pkgconfig"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        for header in PUBLIC:
            (folder / "include" / header.name).write_bytes(header.read_bytes())
        text = (ROOT / "csrc" / "verilane.pc.in").read_text(encoding="utf-8")
        text = text.replace("@VERSION@", self.distribution.get_version())
        (folder / "lib" / "pkgconfig" / "verilane.pc").write_text(text, encoding="utf-8")
        if sys.platform == "darwin":
            self._link(folder / "lib" / "libverilane.dylib", self._macos_options())
        else:
            name = f"libverilane.so.{abi_major()}"
            self._link(folder / "lib" / name, self._elf_options(name))
            # What -lverilane finds. A wheel holds no symbolic links, so it is a linker's script.
            (folder / "lib" / "libverilane.so").write_text(f"INPUT({name})\n", encoding="utf-8")

    def _package(self) -> Path:
        build = self.get_finalized_command("build_py" if self.editable_mode else "build")
        if self.editable_mode:
            return ROOT / build.get_package_dir("verilane")
        return ROOT / build.build_lib / "verilane"

    def _link(self, library: Path, options: list[str]) -> None:
        """Makes the file whole or not at all: a program may have it loaded. What Python's own
        linker is told beside (its library's folder, for one) is left out.
        """
        objects = self.compiler.object_filenames(SOURCES, output_dir=self.build_temp)
        made = library.with_name(f"{library.name}.new")
        kind = "-dynamiclib" if sys.platform == "darwin" else "-shared"
        words = [*self.compiler.compiler_so, kind, *objects, *options, *LINK_FLAGS]
        self.compiler.spawn([*words, *shlex.split(os.environ.get("LDFLAGS", "")), "-o", str(made)])
        made.replace(library)

    def _elf_options(self, name: str) -> list[str]:
        """Exported are the headers' functions, as versions of their own: two libraries of different
        major numbers may live in one process.
        """
        script = Path(self.build_temp) / "libverilane.map"
        names = " ".join(f"{name};" for name in exported())
        script.write_text(f"VERILANE_{abi_major()} {{ global: {names} local: *; }};\n", "utf-8")
        options = [f"-Wl,-soname,{name}", f"-Wl,--version-script={script}"]
        return options if BUILD else [*options, "-Wl,-z,defs"]

    def _macos_options(self) -> list[str]:
        """The major number is the compatibility version, which the loader checks."""
        names = Path(self.build_temp) / "libverilane.exports"
        names.write_text("".join(f"_{name}\n" for name in exported()), "utf-8")
        return [
            f"-Wl,-exported_symbols_list,{names}",
            "-Wl,-install_name,@rpath/libverilane.dylib",
            f"-Wl,-compatibility_version,{abi_major()}",
            f"-Wl,-current_version,{abi_major()}",
        ]


def extension_link_flags() -> list[str]:
    """Returns what binds the extension's calls to its own functions, whatever libverilane the
    process has loaded. On macOS they are bound so anyway.
    """
    return LINK_FLAGS if platform.system() == "Darwin" else ["-Wl,-Bsymbolic", *LINK_FLAGS]
