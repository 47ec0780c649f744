"""Curves y^2 = x^3 + a x + b over p = 3 mod 4, of prime order n: group law and octet strings (SEC 1
v2.0).

A point is a pair (x, y) of integers in [0, p), or None for the point at infinity O.
"""

from dataclasses import dataclass, field

Point = tuple[int, int] | None


@dataclass(frozen=True)
class Curve:
    """Domain parameters (p, a, b, G, n) of SEC 1 section 3.1.1; the cofactor is 1."""

    P: int
    A: int
    B: int
    G: tuple[int, int]
    N: int
    _windows: dict[int, list[Point]] = field(default_factory=dict, compare=False, repr=False)

    def is_on_curve(self, x: int, y: int) -> bool:
        """0 <= x, y < p and y^2 = x^3 + ax + b."""
        in_range = 0 <= x < self.P and 0 <= y < self.P
        return in_range and (y * y - x**3 - self.A * x - self.B) % self.P == 0

    def negate(self, point: Point) -> Point:
        return None if point is None else (point[0], -point[1] % self.P)

    def add(self, left: Point, right: Point) -> Point:
        """The group law, SEC 1 v2.0 section 2.2.1, rules 1 to 5."""
        if left is None:
            return right
        if right is None:
            return left
        (x1, y1), (x2, y2) = left, right
        if x1 == x2 and (y1 + y2) % self.P == 0:
            return None
        if x1 == x2:
            slope = (3 * x1 * x1 + self.A) * pow(2 * y1, -1, self.P) % self.P
        else:
            slope = (y2 - y1) * pow(x2 - x1, -1, self.P) % self.P
        x3 = (slope * slope - x1 - x2) % self.P
        return x3, (slope * (x1 - x3) - y1) % self.P

    def multiply(self, scalar: int, point: Point) -> Point:
        """scalar * point for any integer, by doubling and adding."""
        if scalar < 0:
            return self.multiply(-scalar, self.negate(point))
        total: Point = None
        for bit in bin(scalar)[2:]:
            total = self.add(total, total)
            if bit == "1":
                total = self.add(total, point)
        return total

    def _base_window(self, position: int) -> list[Point]:
        """[j * 256^position * G for j in 0..255]."""
        if position in self._windows:
            return self._windows[position]
        step: Point = self.G
        if position > 0:
            below = self._base_window(position - 1)
            step = self.add(below[255], below[1])
        window: list[Point] = [None]
        for _ in range(255):
            window.append(self.add(window[-1], step))
        self._windows[position] = window
        return window

    def multiply_base(self, scalar: int) -> Point:
        """(scalar mod n) * G, one table look-up per byte of the scalar."""
        total: Point = None
        for position, digit in enumerate((scalar % self.N).to_bytes(32, "little")):
            total = self.add(total, self._base_window(position)[digit])
        return total

    def lift_x(self, x: int, odd: int) -> Point:
        """The point with this x whose y has this parity; None when there is none (SEC 1 section
        2.3.4, step 2.4).
        """
        if not 0 <= x < self.P:
            return None
        # A root if there is one, for p = 3 mod 4.
        y = pow(x**3 + self.A * x + self.B, (self.P + 1) // 4, self.P)
        if not self.is_on_curve(x, y):
            return None
        # y = 0 does not occur: n is odd, so no point has order 2.
        return (x, y) if y % 2 == odd else (x, self.P - y)

    def decode_point(self, octets: bytes, *, hybrid: bool = False) -> Point:
        """The point of an encoded public key, or None when it encodes none.

        SEC 1 v2.0 section 2.3.4 for 33 and 65 bytes, which cannot be infinity here; 06 and 07 are
        the hybrid form of ANSI X9.62 section 4.3.6 (the first octet repeats the parity of y); 64
        bytes are x || y, as Ethereum writes them.
        """
        x = int.from_bytes(octets[1:33], "big")
        y = int.from_bytes(octets[33:], "big")
        match len(octets):
            case 33 if octets[0] in (2, 3):
                return self.lift_x(x, octets[0] - 2)
            case 65 if octets[0] == 4 or (hybrid and octets[0] == 6 + y % 2):
                return (x, y) if self.is_on_curve(x, y) else None
            case 64:
                return self.decode_point(b"\x04" + octets)
        return None

    def encode_point(self, point: Point, form: str = "compressed") -> bytes:
        """SEC 1 v2.0 section 2.3.3; forms: compressed (33), uncompressed (65), hybrid (65) and raw
        (64 bytes).
        """
        assert point is not None
        x, y = (value.to_bytes(32, "big") for value in point)
        match form:
            case "compressed":
                return bytes([2 + point[1] % 2]) + x
            case "uncompressed":
                return b"\x04" + x + y
            case "hybrid":
                return bytes([6 + point[1] % 2]) + x + y
            case "raw":
                return x + y
        raise ValueError(form)
