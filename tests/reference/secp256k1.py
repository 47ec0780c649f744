"""The curve secp256k1: parameters (SEC 2 v2.0 section 2.4.1); the rest is weierstrass.py's."""

from .weierstrass import Curve, Point

__all__ = ["BETA", "CURVE", "LAMBDA", "G", "N", "P", "Point"]

# SEC 2 v2.0 section 2.4.1.
P = 2**256 - 2**32 - 2**9 - 2**8 - 2**7 - 2**6 - 2**4 - 1
A, B = 0, 7
G = (
    0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798,
    0x483ADA7726A3C4655DA4FBFC0E1108A8FD17B448A68554199C47D08FFB10D4B8,
)
N = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141

# The endomorphism (x, y) -> (BETA x, y) multiplies by LAMBDA (Gallant, Lambert, Vanstone 2001,
# section 2, example 4): BETA^3 = 1 mod p and LAMBDA^3 = 1 mod n, both other than 1, and they belong
# together. test_reference.py checks it.
BETA = 0x7AE96A2B657C07106E64479EAC3434E99CF0497512F58995C1396C28719501EE
LAMBDA = 0x5363AD4CC05C30E0A5261C028812645A122E22EA20816678DF02967C1B23BD72

CURVE = Curve(P, A, B, G, N)
is_on_curve, negate, add, multiply = CURVE.is_on_curve, CURVE.negate, CURVE.add, CURVE.multiply
multiply_base, lift_x = CURVE.multiply_base, CURVE.lift_x
decode_point, encode_point = CURVE.decode_point, CURVE.encode_point
