"""What references of proofs come to: verdicts, and bytes that lack the form they must have."""

OK, BAD_KEY, BAD_SIGNATURE, BAD_MESSAGE, MISMATCH = 1, 2, 3, 4, 5


class Malformed(Exception):
    pass


def demand(holds: bool) -> None:
    if not holds:
        raise Malformed
