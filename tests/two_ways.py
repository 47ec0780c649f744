"""Schemes with two ways to a verdict, one lane per item and the batch equation: what their tests
have in common.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

import ed25519_items
import schnorr_items
from outcomes import assert_as_known
from verilane import Verdicts, ed25519, secp256k1


@dataclass(frozen=True)
class Scheme:
    """rule: by which items know their verdicts, where there are several. related: valid items whose
    points meet in sums, by kind. codes_of: the verdicts of items by one way.
    """

    name: str
    rule: str | None
    isas: tuple[str, ...]
    honest: Callable[[], list[Any]]
    special: Callable[[], Iterable[Any]]
    one_of_each_kind: Callable[[], list[Any]]
    related: Callable[[], dict[str, list[Any]]]
    columns: Callable[[list[Any]], tuple[Any, Any, Any]]
    codes_of: Callable[..., list[int]]
    module: Any

    def verdict(self, item: Any) -> int:
        return int(item.verdict if self.rule is None else item.verdicts[self.rule])

    def verdicts(self, items: list[Any]) -> list[int]:
        return [self.verdict(item) for item in items]

    @cache  # noqa: B019
    def good(self) -> list[Any]:
        return [item for item in self.honest() if self.verdict(item) == 1]

    @cache  # noqa: B019
    def forged(self) -> list[Any]:
        return [item for item in self.honest() if self.verdict(item) == 5]

    def verify(self, items: list[Any], isa: str | None, *, threads: int = 1) -> Verdicts:
        """By the way that is the caller's."""
        verdicts: Verdicts = self.module.verify_many(
            *self.columns(items), device=isa, threads=threads
        )
        return verdicts

    def assert_both_ways(self, items: list[Any], isa: str | None) -> None:
        for equation in (False, True):
            assert_as_known(items, self.codes_of(items, isa, equation=equation), self.rule)


def _ed25519_codes(
    items: list[ed25519_items.Item], isa: str | None, *, equation: bool
) -> list[int]:
    return ed25519_items.codes_of(ed25519_items.columns(items), isa, equation=equation)


ED25519 = Scheme(
    "ed25519",
    "ZIP215",
    ("cpu:scalar", "cpu:avx2", "cpu:avx512"),
    ed25519_items.honest_items,
    ed25519_items.special_items,
    ed25519_items.one_of_each_kind,
    dict,
    ed25519_items.columns,
    _ed25519_codes,
    ed25519,
)
SCHNORR = Scheme(
    "schnorr",
    None,
    ("cpu:scalar", "cpu:portable", "cpu:avx2", "cpu:avx512"),
    schnorr_items.honest_items,
    schnorr_items.hostile_items,
    schnorr_items.one_of_each_kind,
    lambda: {kind: schnorr_items.related(kind) for kind in schnorr_items.RELATED},
    schnorr_items.columns,
    schnorr_items.codes_of,
    secp256k1.schnorr,
)
