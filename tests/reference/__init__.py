"""Slow big-integer references, written from the standards alone; they share nothing with the
library.

Each file is the text of a standard turned into Python as literally as it goes, and is itself
checked against libsecp256k1 and OpenSSL in ``tests/test_reference.py``.
"""
