"""Polynomials whose coefficients are integers over powers of 2, for interval_values.py."""

Monomial = tuple[int, ...]


FRACTION_BITS = 2048  # of a coefficient: every division is by a power of 2, and exact


class Poly:
    """A polynomial; unknowns are numbered, coefficients are in units of 2^-FRACTION_BITS."""

    __slots__ = ("terms",)

    def __init__(self, terms: dict[Monomial, int]) -> None:
        self.terms = terms

    @staticmethod
    def of(x: "Poly | int") -> "Poly":
        if isinstance(x, Poly):
            return x
        return Poly({(): x << FRACTION_BITS} if x else {})

    def __add__(self, other: "Poly | int") -> "Poly":
        terms = dict(self.terms)
        for monomial, factor in Poly.of(other).terms.items():
            total = terms.get(monomial, 0) + factor
            if total:
                terms[monomial] = total
            else:
                terms.pop(monomial, None)
        return Poly(terms)

    def __neg__(self) -> "Poly":
        return self * -1

    def __sub__(self, other: "Poly | int") -> "Poly":
        return self + Poly.of(other) * -1

    def __mul__(self, other: "Poly | int") -> "Poly":
        if isinstance(other, int):
            return Poly({monomial: x * other for monomial, x in self.terms.items() if other})
        terms: dict[Monomial, int] = {}
        for mine, factor in self.terms.items():
            for theirs, times in other.terms.items():
                monomial = tuple(sorted(mine + theirs)) if mine and theirs else mine or theirs
                terms[monomial] = terms.get(monomial, 0) + factor * times
        return Poly({monomial: _shifted(x, FRACTION_BITS) for monomial, x in terms.items() if x})

    def scaled(self, x: int) -> "Poly":
        """Times x units."""
        return self * Poly({(): x})

    def __rshift__(self, n: int) -> "Poly":
        return Poly({monomial: _shifted(x, n) for monomial, x in self.terms.items()})

    __radd__ = __add__
    __rmul__ = __mul__

    def __rsub__(self, other: int) -> "Poly":
        return self * -1 + other


def _shifted(x: int, n: int) -> int:
    assert x & (1 << n) - 1 == 0, "FRACTION_BITS are too few"
    return x >> n
