"""What `verilane bench` measures, and how it is drawn. It needs the extra "bench"."""

__all__: list[str] = []
