"""Integers of which only bounds are known, and what they are as polynomials: the values that
interval_machine.py computes with.

A Value stands for an integer x, lo <= x <= hi. In a C variable of n unsigned bits lies x mod 2^n:
sums, differences and products may leave the variable's range, as C lets them, but whoever looks at
bits above the lowest ones (a shift to the right, a comparison, a wider type) asks `Domain.plain`
that x itself is in range. So a carry that is lost is an error, a column that turns negative for a
while is none.

Beside its bounds a Value has x as a polynomial in the inputs and in what was cut off: x mod 2^n is
a new unknown, and x >> n is (x - that) / 2^n. If nothing got lost they cancel in the end, and the
result is, for example, exactly a b and a multiple of p. The polynomial also gives bounds of its
own, where those of the steps are too coarse: of a number as a whole, when its limbs are related.

Where all that is too coarse the work is done once for every case ("path"): a shift whose result can
only be one of a few numbers, or a condition that can be true and false. Each case narrows the
bounds of what it was decided on.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from interval_poly import FRACTION_BITS, Monomial, Poly


class Broken(Exception):
    """A bound that does not hold, or can't be shown to."""


class _Impossible(Exception):
    """No integer is in all the bounds of this path."""


class Value:
    """An integer from lo to hi; zeros: so many of its lowest bits are 0."""

    __slots__ = ("hi", "lo", "lows", "origin", "poly", "zeros")

    def __init__(
        self, lo: int, hi: int, poly: Poly, origin: tuple[object, ...] = (), zeros: int = 0
    ) -> None:
        self.lo, self.hi, self.poly, self.origin, self.zeros = lo, hi, poly, origin, zeros
        self.lows: dict[int, Value] = {}

    def __repr__(self) -> str:
        return f"[{self.lo:#x}, {self.hi:#x}]"

    @property
    def known(self) -> bool:
        return self.lo == self.hi


@dataclass
class Domain:
    """How values are computed with, along one path.

    cases: a shift whose result is one of so many numbers is a choice between them.
    nonzero: shifts by so many bits choose between 0 and more.
    """

    cases: int = 0
    nonzero: frozenset[int] = frozenset()
    script: list[list[int]] = field(default_factory=list)  # the choices: [taken, of so many]
    _at: int = 0
    _unknowns: list[Value] = field(default_factory=list)
    _constants: dict[int, Value] = field(default_factory=dict)
    # Twice the same product is the same Value: its halves add up.
    _products: dict[tuple[int, int], Value] = field(default_factory=dict)

    def choose(self, count: int) -> int:
        if self._at == len(self.script):
            self.script.append([0, count])
        taken, of = self.script[self._at]
        assert of == count, "a path is not repeatable"
        self._at += 1
        return taken

    def constant(self, x: int) -> Value:
        if x not in self._constants:
            zeros = (x & -x).bit_length() - 1 if x else 1 << 10
            self._constants[x] = Value(x, x, Poly.of(x), zeros=zeros)
        return self._constants[x]

    def literal(self, x: Value) -> bool:
        """Tells whether x is a constant, and not only known on this path."""
        return self._constants.get(x.lo) is x

    def unknown(self, lo: int, hi: int, origin: tuple[object, ...] = (), zeros: int = 0) -> Value:
        if lo == hi:
            return self.constant(lo)
        poly = Poly({(len(self._unknowns),): 1 << FRACTION_BITS})
        self._unknowns.append(Value(lo, hi, poly, origin, zeros))
        return self._unknowns[-1]

    def look(self, x: Value) -> None:
        """Narrows x by its polynomial."""
        lo = hi = 0
        for monomial, factor in self._expanded(x.poly).terms.items():
            least = most = 1
            for i in monomial:
                unknown = self._unknowns[i]
                if unknown.lo < 0:
                    return
                least, most = least * unknown.lo, most * unknown.hi
            lo += factor * (least if factor > 0 else most)
            hi += factor * (most if factor > 0 else least)
        self.narrow(x, -(-lo >> FRACTION_BITS), hi >> FRACTION_BITS)

    def narrow(self, x: Value, lo: int, hi: int) -> None:
        """From here on lo <= x <= hi."""
        if lo <= x.lo and x.hi <= hi:
            return
        if x.known:
            raise _Impossible
        x.lo, x.hi = max(x.lo, lo), min(x.hi, hi)
        if x.lo > x.hi:
            raise _Impossible
        for n, low in x.lows.items():
            base = x.lo >> n << n
            if base == x.hi >> n << n:
                self.narrow(low, x.lo - base, x.hi - base)
        if x.origin and x.origin[0] == "shr":
            _, whole, n = x.origin
            self.narrow(whole, x.lo << n, (x.hi + 1 << n) - 1)
        elif x.origin and x.origin[0] == "sum":
            _, part, more = x.origin
            self.narrow(part, x.lo - more, x.hi - more)
        elif x.origin and x.origin[0] == "less":
            _, part, whole = x.origin
            self.narrow(part, whole - x.hi, whole - x.lo)

    def _expanded(self, poly: Poly) -> Poly:
        """The same with x - q 2^n for each x mod 2^n of which the quotient q is known by now."""
        for monomial in list(poly.terms):
            if len(monomial) == 1 and self._unknowns[monomial[0]].origin[:1] == ("low",):
                _, x, n = self._unknowns[monomial[0]].origin
                if x.lo >> n == x.hi >> n:
                    rest = Poly({monomial: poly.terms[monomial]})
                    known = x.poly - (x.lo >> n << n)
                    poly = poly - rest + known.scaled(poly.terms[monomial])
                    return self._expanded(poly)
        return poly

    def vanishes(self, poly: Poly, prime: int) -> bool:
        """Tells whether it is 0 modulo a prime, whatever the unknowns are on this path."""
        terms: dict[Monomial, int] = {}
        for monomial, x in self._expanded(poly).terms.items():
            left = tuple(i for i in monomial if not self._unknowns[i].known)
            for i in monomial:
                if self._unknowns[i].known:
                    x *= self._unknowns[i].lo
            terms[left] = terms.get(left, 0) + x
        return all(x % prime == 0 for x in terms.values())

    # ---- arithmetic ----

    def add(self, a: Value, b: Value) -> Value:
        if self.literal(a) and self.literal(b):
            return self.constant(a.lo + b.lo)
        zero = self.constant(0)
        if a is zero or b is zero:
            return b if a is zero else a
        zeros = min(a.zeros, b.zeros)
        total = Value(a.lo + b.lo, a.hi + b.hi, a.poly + b.poly, zeros=zeros)
        if self.literal(a) or self.literal(b):
            total.origin = ("sum", a, b.lo) if self.literal(b) else ("sum", b, a.lo)
        return total

    def sub(self, a: Value, b: Value) -> Value:
        if self.literal(a) and self.literal(b):
            return self.constant(a.lo - b.lo)
        if b is self.constant(0):
            return a
        origin: tuple[object, ...] = ()
        if self.literal(a):
            origin = ("less", b, a.lo)
        elif self.literal(b):
            origin = ("sum", a, -b.lo)
        zeros = min(a.zeros, b.zeros)
        return Value(a.lo - b.hi, a.hi - b.lo, a.poly - b.poly, origin, zeros)

    def mul(self, a: Value, b: Value) -> Value:
        if self.literal(a) and self.literal(b):
            return self.constant(a.lo * b.lo)
        zero = self.constant(0)
        if a is zero or b is zero:
            return zero
        key = (id(a), id(b)) if id(a) < id(b) else (id(b), id(a))
        if key not in self._products:
            corners = [x * y for x in (a.lo, a.hi) for y in (b.lo, b.hi)]
            poly, zeros = a.poly * b.poly, a.zeros + b.zeros
            self._products[key] = Value(min(corners), max(corners), poly, ("mul", a, b), zeros)
        return self._products[key]

    # ---- bits ----

    def shl(self, x: Value, n: int) -> Value:
        if self.literal(x):
            return self.constant(x.lo << n)
        return Value(x.lo << n, x.hi << n, x.poly * (1 << n), ("shl", x, n), x.zeros + n)

    def shr(self, x: Value, n: int) -> Value:
        """Floor of x / 2^n, for a plain x."""
        if n == 0:
            return x
        if x.origin and x.origin[0] == "shl" and n >= x.origin[2]:
            return self.shr(x.origin[1], n - x.origin[2])
        self._settle(x, n)
        lo, hi = x.lo >> n, x.hi >> n
        if lo == hi:
            return self.constant(lo)
        rest = self.low(x, n)
        return Value(lo, hi, (x.poly - rest.poly) >> n, ("shr", x, n))

    def low(self, x: Value, n: int) -> Value:
        """x mod 2^n."""
        if n == 0:
            return self.constant(0)
        if n in x.lows:
            return x.lows[n]
        if x.lo >= 0 and x.hi < 1 << n:
            return x
        if x.origin and x.origin[0] == "low" and n <= x.origin[2]:
            return self.low(x.origin[1], n)
        if x.origin and x.origin[0] == "shl":
            _, whole, s = x.origin
            return self.shl(self.low(whole, n - s), s) if s < n else self.constant(0)
        if x.origin and x.origin[0] == "or":
            return self.add(self.low(x.origin[1], n), self.low(x.origin[2], n))
        if 0 <= x.hi >> n <= 1:
            self.look(x)
        self._settle(x, n)
        quotient = x.lo >> n
        if quotient == x.hi >> n:
            base = quotient << n
            return Value(x.lo - base, x.hi - base, x.poly - base, zeros=min(x.zeros, n))
        if n not in x.lows and x.origin and x.origin[0] == "shr":
            _, whole, s = x.origin
            poly = (self.low(whole, s + n).poly - self.low(whole, s).poly) >> s
            x.lows[n] = Value(0, (1 << n) - 1, poly, ("low", x, n))
        if n not in x.lows:
            zeros = min(x.zeros, n)
            x.lows[n] = self.unknown(0, (1 << n) - (1 << zeros), ("low", x, n), zeros)
        return x.lows[n]

    def _settle(self, x: Value, n: int) -> None:
        """Decides on x >> n where that is to be decided."""
        lo, hi = x.lo >> n, x.hi >> n
        if lo == hi:
            return
        if hi - lo < self.cases:
            taken = lo + self.choose(hi - lo + 1)
            self.narrow(x, taken << n, (taken + 1 << n) - 1)
        elif n in self.nonzero and lo == 0:
            if self.choose(2):
                self.narrow(x, 1 << n, x.hi)
            else:
                self.narrow(x, 0, (1 << n) - 1)

    def bits_and(self, x: Value, mask: int) -> Value:
        """x & mask: a sum over the mask's runs of ones."""
        result = self.constant(0)
        at = 0
        while mask >> at:
            if not mask >> at & 1:
                at += 1
                continue
            end = at
            while mask >> end & 1:
                end += 1
            high, low = self.low(x, end), self.low(x, at)
            if at == 0:
                result = high
            elif high is not low:
                most = min(high.hi, (1 << end) - (1 << at))
                least = max(0, high.lo - low.hi)
                run = Value(least, most, high.poly - low.poly, zeros=at)
                result = self.add(result, run)
            at = end
        return result

    def bits_or(self, a: Value, b: Value) -> Value:
        for x, y in ((a, b), (b, a)):
            if x.lo >= 0 and x.hi < 1 << y.zeros:  # no bit in common
                total = self.add(a, b)
                if total is not a and total is not b:
                    total.origin = ("or", a, b)
                return total
        if min(a.lo, b.lo) < 0:
            raise Broken(f"| of {a} and {b}")
        return self.unknown(max(a.lo, b.lo), (1 << max(a.hi, b.hi).bit_length()) - 1)

    # ---- conditions ----

    def compare(self, operation: str, a: Value, b: Value) -> Value:
        """Returns 1, 0, or what may be both."""
        if operation in (">", "<="):
            return self.compare("<" if operation == ">" else ">=", b, a)
        if operation in ("!=", ">="):
            met = self.compare("==" if operation == "!=" else "<", a, b)
            if met.known:
                return self.constant(1 - met.lo)
            return self.unknown(0, 1, ("not", met))
        for tries in range(2):
            if operation == "==":
                if a.known and b.known:
                    return self.constant(int(a.lo == b.lo))
                if a.hi < b.lo or b.hi < a.lo:
                    return self.constant(0)
            elif a.hi < b.lo or a.lo >= b.hi:
                return self.constant(int(a.hi < b.lo))
            if tries == 0:
                self.look(a)
                self.look(b)
        return self.unknown(0, 1, (operation, a, b))

    def holds(self, condition: Value) -> bool:
        """Decides: both ways are gone if need be."""
        if condition.lo > 0 or condition.hi < 0:
            return True
        if condition.known:
            return False
        if condition.lo < 0:
            raise Broken(f"a condition in {condition}")
        answer = bool(self.choose(2))
        self.assume(condition, answer)
        return answer

    def assume(self, condition: Value, answer: bool) -> None:
        if condition.lo >= 0:
            self.narrow(condition, *((1, condition.hi) if answer else (0, 0)))
        if not condition.origin or condition.origin[0] not in CONDITIONS:
            return
        if condition.origin[0] == "not":
            self.assume(condition.origin[1], not answer)
            return
        operation, a, b = condition.origin
        if operation == "<":
            if answer:
                self.narrow(a, a.lo, b.hi - 1)
                self.narrow(b, a.lo + 1, b.hi)
            else:
                self.narrow(a, b.lo, max(a.hi, b.lo))
                self.narrow(b, min(b.lo, a.hi), a.hi)
        elif b.known and a.origin and a.origin[0] in CONDITIONS:
            self.assume(a, bool(b.lo) == answer)
        elif answer:
            lo, hi = max(a.lo, b.lo), min(a.hi, b.hi)
            self.narrow(a, lo, hi)
            self.narrow(b, lo, hi)
        elif b.known and a.lo == b.lo:
            self.narrow(a, a.lo + 1, a.hi)
        elif b.known and a.hi == b.lo:
            self.narrow(a, a.lo, a.hi - 1)


CONDITIONS = ("not", "==", "<")
MOST_PATHS = 50_000


def every_path(make: Callable[[list[list[int]]], Domain], work: Callable[[Domain], None]) -> int:
    """Does the work once for every sequence of choices; returns how many were possible."""
    script: list[list[int]] = []
    possible = 0
    for _ in _scripts(script):
        domain = make(script)
        try:
            work(domain)
            possible += 1
        except _Impossible:
            pass
    return possible


def _scripts(script: list[list[int]]) -> Iterator[None]:
    """Advances the script to the next sequence of choices after each turn."""
    for _ in range(MOST_PATHS):
        yield
        while script and script[-1][0] + 1 == script[-1][1]:
            script.pop()
        if not script:
            return
        script[-1][0] += 1
    raise Broken(f"more than {MOST_PATHS} paths")
