"""NVRTC, NVIDIA's compiler, as cuda-core and cuda-bindings show it: no GPU, no driver is needed."""

from io import StringIO

from . import _kernel_text

__all__ = ["compiled", "nvrtc_of"]


def compiled(
    text: _kernel_text.Text,
    arch: str,
    defines: tuple[str, ...] = (),
    *,
    remarks: StringIO | None = None,
) -> bytes:
    """Returns the cubin of a kernel text for an architecture ("sm_90"); no GPU is needed. The
    compiler's messages are in what is raised. remarks: gets what each kernel uses.
    """
    from cuda.core import Program as Source
    from cuda.core import ProgramOptions

    macros = [(name, value or "1") for name, _, value in (each.partition("=") for each in defines)]
    options = ProgramOptions(
        name=text.entry,
        arch=arch,
        define_macro=macros or None,
        ptxas_options=None if remarks is None else ["-v"],
    )
    code = Source(text.source, "c++", options).compile("cubin", logs=remarks).code
    assert isinstance(code, bytes)
    return code


def nvrtc_of() -> tuple[str, list[int]]:
    """NVRTC's version, and the architectures that it compiles for: 90 is sm_90."""
    from cuda.bindings import nvrtc

    _, major, minor = nvrtc.nvrtcVersion()
    _, architectures = nvrtc.nvrtcGetSupportedArchs()
    return f"{major}.{minor}", list(architectures)
