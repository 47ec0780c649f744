"""Counts the instructions of the GPU kernels, as NVIDIA's compiler makes them, and draws them
beside the floors: `python bench/kernel_counts.py > bench/KERNELS.md`. No GPU is needed, nothing is
timed.

The kernels are compiled by NVRTC and taken apart by nvdisasm (pip install nvidia-cuda-nvdisasm). A
loop counts as often as it runs, which the source says: a kernel whose loops are not those expected
here ends the script.
"""

import hashlib
import re
import shutil
import stat
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.metadata import version
from importlib.resources import files
from io import StringIO
from pathlib import Path

from verilane import _cuda_compiler, _kernel_text
from verilane.benchmark.machine import commit

ARCHITECTURE = "sm_90"

# An H200: multiprocessors, threads that one issues at once, boost clock.
H200 = 132 * 128 * 1.98e9

WIDE, IMAD, ALU, OTHER = "IMAD.WIDE", "other IMAD", "ALU", "other"
PIPES = (
    (WIDE, r"IMAD\.(?:WIDE|HI)"),
    (IMAD, r"IMAD|IDP|FFMA|FMUL"),
    (OTHER, r"NOP|BRA|EXIT|BSSY|BSYNC|CALL|RET|WARPSYNC|S2R|CS2R|S2UR|BAR|DEPBAR|U[A-Z]|R2UR"),
    (OTHER, r"LDG|STG|LDL|STL|LDC|LDS|STS|LD\b|ST\b|LDCU"),
    (ALU, r"."),
)
# Cycles that an instruction of a warp takes on its quarter of a multiprocessor, if IMAD.WIDE goes
# at half of IMAD's rate. Nobody has measured that on this architecture.
CYCLES = {WIDE: 4, IMAD: 2}


@dataclass(frozen=True)
class Stage:
    """A kernel on the way to R. loops: how often each runs, in their order, for one thread; skips:
    how often what the n-th forward jump may leave out runs. items: that share a thread. loops None:
    they are many and small, and counted once.
    """

    kernel: str
    loops: tuple[int, ...] | None = ()
    skips: tuple[tuple[int, int], ...] = ()
    items: int = 1
    times: int = 1


SHARING = 8  # _device_curves.py


def chain(root: str, *functions: str) -> tuple[int, ...]:
    """The runs of squarings that are loops, of an exponentiation in kernels/field."""
    text = files("verilane.kernels").joinpath(f"field/root_{root}.inc").read_text("utf-8")
    bodies = [re.search(rf"{name}\(.*?^\}}", text, re.DOTALL | re.MULTILINE) for name in functions]
    runs = [re.findall(r"fe_sqr_n_mul\([^,]+,[^,]+, (\d+)", body[0]) for body in bodies if body]
    return tuple(int(n) for each in runs for n in each if int(n) > 1)


def inversion(squarings: tuple[int, ...], times: int) -> Stage:
    return Stage("invert", (SHARING, *squarings, SHARING), items=SHARING, times=times)


def weierstrass(root: str, halves: int) -> list[Stage]:
    windows = 52 // halves
    loops: tuple[int, ...] = (windows, 5 * (windows - 1))
    if halves == 2:
        loops = (*loops, 2 * windows)
    return [
        Stage("recode", None if halves == 2 else ()),
        Stage("multiples", (16,), ((0, 15),)),
        Stage("table", (16,)),
        Stage("windows", loops, ((1, halves * windows - 1),)),
        Stage("base", (32,)),
        inversion(chain(root, "fe_inverse"), 1 if halves == 2 else 2),
        Stage("affine"),
    ]


EDWARDS = [
    Stage("recode"),
    Stage("multiples", (16,), ((0, 15),)),
    Stage("windows", (51, 4 * 51)),
    Stage("base", (32,)),
    inversion(chain("25519", "fe_power_ways", "fe_inverse"), 1),
    Stage("affine"),
]

CURVES = {
    "secp256k1": (weierstrass("secp256k1", 2), 82),
    "p256": (weierstrass("p256", 1), 57),
    "sm2": (weierstrass("sm2", 1), 57),
    "ed25519": (EDWARDS, 51),
}
"""Stages, and what IMAD.WIDE alone allows at 32 a clock and multiprocessor, in M/s: the floor of
products that a schedule with wNAF-5, a window of 8 bits and special squarings needs.
"""

# Loops of one node: SHA-2 and SM3 have 16 steps before the loop, Keccak four rounds in it.
HASHES = {
    "sha256": (Stage("hash_nodes", (3, 3)), 7.5),
    "keccak256": (Stage("hash_nodes", (6,)), 3.9),
    "sha3_256": (Stage("hash_nodes", (6,)), 3.9),
    "sm3": (Stage("hash_nodes", (3, 3)), 6.9),
    "sha256d": (Stage("hash_nodes", (3, 3, 3)), None),
    "blake2b_256": (Stage("hash_nodes"), None),
}
"""Stages, and the floors that counting the standards' operations gives, in G/s."""

INSTRUCTION = re.compile(r"\s*/\*[0-9a-f]{4,}\*/\s+(?:@!?U?P[0-9T]+\s+)?([A-Z0-9_.]+)(.*)")


@dataclass
class Code:
    """A kernel's instructions, and where labels stand."""

    instructions: list[tuple[str, str]] = field(default_factory=list)
    labels: dict[str, int] = field(default_factory=dict)

    def jumps(self) -> Iterator[tuple[int, int]]:
        """From where to where; the jump to itself at the end is none."""
        for i, (name, operands) in enumerate(self.instructions):
            label = re.search(r"(\.L_[\w.]+)", operands)
            if name.startswith("BRA") and label and self.labels[label[1]] != i:
                yield i, self.labels[label[1]]


def disassembler() -> str:
    found = shutil.which("nvdisasm")
    if found:
        return found
    import nvidia

    for folder in nvidia.__path__:
        for path in Path(folder).glob("*/bin/nvdisasm"):
            path.chmod(path.stat().st_mode | stat.S_IXUSR)
            return str(path)
    sys.exit("nvdisasm is not here: pip install nvidia-cuda-nvdisasm")


def taken_apart(image: bytes) -> dict[str, Code]:
    with tempfile.NamedTemporaryFile(suffix=".cubin") as file:
        file.write(image)
        file.flush()
        text = subprocess.check_output([disassembler(), "-c", file.name], text=True)
    kernels: dict[str, Code] = {}
    code = Code()
    for line in text.splitlines():
        if section := re.match(r"\.text\.(\S+):", line):
            code = kernels[section[1]] = Code()
        elif re.match(r"\s*\.section", line):
            code = Code()
        elif label := re.match(r"(\.L_\S+):", line):
            code.labels[label[1]] = len(code.instructions)
        elif instruction := INSTRUCTION.match(line):
            code.instructions.append((instruction[1], instruction[2]))
    return kernels


def executed(code: Code, stage: Stage) -> Counter[str]:
    """The instructions of one thread, by pipe."""
    jumps = list(code.jumps())
    loops = sorted((to, start) for start, to in jumps if to < start)
    if stage.loops is None:
        loops = []
    elif len(loops) != len(stage.loops):
        sys.exit(f"{stage.kernel}: {len(loops)} loops, expected {len(stage.loops)}: {loops}")
    forward = [(start + 1, to - 1) for start, to in jumps if to > start]
    times = [1] * len(code.instructions)
    for (first, last), count in zip(loops, stage.loops or (), strict=True):
        times[first : last + 1] = [count] * (last + 1 - first)
    for which, count in stage.skips:
        first, last = forward[which]
        times[first : last + 1] = [count] * (last + 1 - first)
    found: Counter[str] = Counter()
    for (name, _), count in zip(code.instructions, times, strict=True):
        found[next(pipe for pipe, pattern in PIPES if re.match(pattern, name))] += count
    return found


def bound(counts: Counter[str], wide: int) -> float:
    """Items a second on an H200, from the busiest pipe. wide: IMAD.WIDE that a multiprocessor does
    in a clock.
    """
    multiplier = counts[WIDE] * 128 / wide + counts[IMAD] * CYCLES[IMAD]
    return H200 / max(multiplier, 2 * counts[ALU], counts.total())


def registers_of(remarks: str) -> dict[str, int]:
    pattern = r"entry function '(\w+)'.*?Used (\d+) registers"
    return {name: int(count) for name, count in re.findall(pattern, remarks, re.DOTALL)}


def compiled(entry: str) -> tuple[dict[str, Code], dict[str, int]]:
    remarks = StringIO()
    text = _kernel_text.flatten(f"{entry}.cl")
    image = _cuda_compiler.compiled(text, ARCHITECTURE, remarks=remarks)
    return taken_apart(image), registers_of(remarks.getvalue())


def row(*cells: object) -> str:
    return f"| {' | '.join(str(cell) for cell in cells)} |"


def head(*cells: str) -> Iterator[str]:
    yield row(*cells)
    yield row(*(":--" if i == 0 else "--:" for i in range(len(cells))))


def numbers(counts: Counter[str]) -> list[str]:
    return [f"{round(counts[pipe]):,}" for pipe in (WIDE, IMAD, ALU, OTHER)]


def curve_table(name: str, stages: list[Stage]) -> tuple[list[str], Counter[str]]:
    kernels, registers = compiled(name)
    lines, total = [*head("kernel", "registers", WIDE, IMAD, ALU, OTHER)], Counter[str]()
    for stage in stages:
        counts = executed(kernels[stage.kernel], stage)
        share = Counter({pipe: n * stage.times / stage.items for pipe, n in counts.items()})
        lines.append(row(f"`{stage.kernel}`", registers[stage.kernel], *numbers(share)))
        total.update(share)
    lines.append(row("**all**", max(registers[stage.kernel] for stage in stages), *numbers(total)))
    return lines, total


def texts() -> str:
    """Says which kernel texts were counted: tests/test_kernel_texts.py asks whether these still
    are.
    """
    entries = sorted(path.name for path in files("verilane.kernels").iterdir())
    digests = [_kernel_text.flatten(name).digest for name in entries if name.endswith(".cl")]
    return hashlib.sha256("".join(digests).encode()).hexdigest()[:16]


def page() -> Iterator[str]:
    yield "<!-- Made by bench/kernel_counts.py. -->"
    yield "# What the GPU kernels cost"
    yield ""
    nvrtc = _cuda_compiler.nvrtc_of()[0]
    yield from [
        f"Instructions that NVRTC {nvrtc} makes of `kernels/*.cl` for {ARCHITECTURE}, counted in",
        f"the machine code (nvdisasm {version('nvidia-cuda-nvdisasm')}), at commit {commit()},",
        f"texts {texts()}.",
        "**Nothing here was timed**: a bound is what one H200 (132 multiprocessors, 1.98 GHz)",
        "could do at best if its busiest pipe never waited. How fast IMAD.WIDE is on this",
        "architecture is not published; bounds stand for 32 and for 64 a clock and",
        "multiprocessor. Nothing is spilled (`tests/test_cuda.py` holds that, for sm_75, sm_90",
        "and sm_100).",
    ]
    summary = [*head("R = u G + v Q", *(f"bound, M/s, {n}" for n in (32, 64)), "floor, M/s, 32")]
    tables = []
    for name, (stages, floor) in CURVES.items():
        lines, total = curve_table(name, stages)
        tables += ["", f"### {name}: executed for one item", "", *lines]
        at = (f"{bound(total, wide) / 1e6:.0f}" for wide in (32, 64))
        summary.append(row(name, *at, floor))
    yield from ["", "## Curves", "", *summary, ""]
    yield "The floor counts the products alone, of a schedule with fewer additions (wNAF). `invert`"
    yield f"is shared by {SHARING} items; P-256 and SM2 need it twice. The loops of secp256k1's"
    yield "`recode`, which splits scalars, are counted once."
    yield from tables
    yield from ["", "## Merkle nodes: executed for one node", ""]
    titles = "registers", WIDE, IMAD, ALU, OTHER, "bound, G/s", "floor, G/s"
    yield from head("hash", *titles)
    for name, (stage, most) in HASHES.items():
        kernels, registers = compiled(f"hash_{name}")
        counts = executed(kernels[stage.kernel], stage)
        per_second = f"{bound(counts, 32) / 1e9:.1f}"
        used = registers[stage.kernel]
        yield row(name, used, *numbers(counts), per_second, most if most is not None else "-")


if __name__ == "__main__":
    print("\n".join(page()))
