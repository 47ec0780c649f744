"""Keys of signatures recovered on a device, which is asked for Q = u G + v R. There is nothing to
compare a key with: the sums of _offload's `strict` prove every one of them, whoever controls the
device, before it is given away. What no sum proves the CPU recovers itself.
"""

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import _cpu_signatures, _cpu_terms
from ._columns import Column, take
from ._cpu_terms import CURVES
from ._items import OK
from ._offload import Batch, Run
from ._trust import Answers, Trusted

__all__ = ["recover"]

SCHEME = "secp256k1.ecdsa"

Keys = NDArray[np.uint8]
Codes = NDArray[np.uint8]


def recover(
    keys: Keys,
    signatures: Column,
    digests: Column,
    device: Trusted | None,
    *,
    flags: int,
    isa: int,
    threads: int | None,
) -> Codes:
    """Fills keys (n, 64), which is zero; returns the verdicts, as numbers. device None: the CPU
    does it all.
    """
    batch = Batch(
        SCHEME,
        digests.n,
        (signatures, digests),
        partial(_cpu_signatures.ecdsa_recover, keys, flags=flags, isa=isa),
        partial(_cpu_terms.recover_terms, flags=flags, isa=isa),
        threads,
        summable=True,
    )
    codes = np.zeros(batch.n, np.uint8)
    start, stop = 0, batch.n
    if device is not None and batch.n and device.open(CURVES[SCHEME]):
        alone = partial(_cpu_signatures.ecdsa_recover, flags=flags, isa=isa)
        start, stop = _Recovery(batch, device, codes, keys, alone).blocks()
    if start < stop:
        batch.decide(codes, start, stop)
    return codes


class _Recovery(Run):
    """One batch on one device. alone(keys, codes, signatures, digests): the CPU's own work."""

    blind = False

    def __init__(self, batch: Batch, device: Trusted, codes: Codes, keys: Keys, alone: Any) -> None:
        super().__init__(batch, device, codes, strict=True, sharing=None)
        self._keys, self._alone = keys, alone

    def _judge(self, block: Any, answers: Answers) -> None:
        if not self._sums_hold(answers):
            self._device.quarantine("gave a wrong answer")
            return
        # They stay in the device's memory: nobody may expect one of them there.
        given = _cpu_terms.targets_of(answers.r, scheme=SCHEME)
        self._device.enter_answers(SCHEME, answers.terms._replace(targets=given))
        self._keys[block.start + answers.items] = _bytes(answers.r)
        block.codes[answers.items] = OK

    def _confirm(self, items: NDArray[np.intp]) -> None:
        n = len(items)
        if not n:
            return
        keys, codes = np.zeros((n, 64), np.uint8), np.zeros(n, np.uint8)
        columns = [None if each is None else take(each, items) for each in self._batch.columns]
        self._batch.run(n, self._alone(keys, codes, *columns))
        self._keys[items], self._codes[items] = keys, codes


def _bytes(points: NDArray[np.uint64]) -> Keys:
    """Returns x and y of points (n, 8) as bytes (n, 64), the most significant first."""
    words = points.reshape(-1, 2, 4)[:, :, ::-1].astype(">u8")
    return words.view(np.uint8).reshape(-1, 64)
