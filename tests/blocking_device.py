"""A device that answers when it is told to."""

import threading
from typing import Any

from faulty_device import Faulty


class Blocking(Faulty):
    """While it is `stopped`, a launch is `entered` and does not return."""

    def __init__(self, name: str = "faulty:0", **options: Any) -> None:
        super().__init__(name, **options)
        self.stopped, self.entered = threading.Event(), threading.Event()
        self.launched: list[int] = []

    def double_mul(self, curve: str, r: Any, exceptional: Any, u: Any, v: Any, q: Any) -> None:
        if self.stopped.is_set():
            self.launched.append(len(r))
            self.entered.set()
            assert self.released.wait(60)
        super().double_mul(curve, r, exceptional, u, v, q)

    def resume(self) -> None:
        self.stopped.clear()
        self.released.set()
