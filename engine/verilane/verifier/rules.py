"""Which scheme an item is of, and under which rules it is judged."""

from dataclasses import dataclass, field
from functools import lru_cache

from .. import sm2
from .._cpu_verifier import (
    ED25519_RULES,
    ENCODINGS,
    HYBRID_KEYS,
    KEY_FORMS,
    LOW_S,
    SCHEMES,
    SM2_ENCODINGS,
)

__all__ = ["Rules", "rules_of"]


@dataclass(frozen=True)
class Rules:
    """A scheme and its rules; the defaults are each standard's own.

    scheme: "secp256k1.ecdsa", "secp256k1.schnorr", "p256.ecdsa", "ed25519" or "sm2".
    encoding: ECDSA: "compact", "der", "der-lax"; SM2: "compact", "der", "fisco".
    low_s, hybrid_keys: ECDSA. key_form: ECDSA: "any", "sec1", "compressed".
    rule: Ed25519: "zip215", "rfc8032", "openssl", "strict".
    user_id: SM2, 8191 bytes at most. digests: SM2: messages are e, 32 bytes, and need no user ID.
    What they mean is said where the scheme's verify_many is.

    Raises ValueError for what the scheme does not know.
    """

    scheme: str
    encoding: str = "compact"
    low_s: bool = False
    hybrid_keys: bool = False
    key_form: str = "any"
    rule: str = "zip215"
    user_id: bytes = sm2.DEFAULT_USER_ID
    digests: bool = False
    code: int = field(init=False, repr=False, compare=False)
    """The scheme, as C takes it."""
    option: int = field(init=False, repr=False, compare=False)
    """The encoding or the rule, as C takes it."""
    flags: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        code = _named("scheme", self.scheme, SCHEMES)
        is_ecdsa, is_sm2 = self.scheme.endswith(".ecdsa"), self.scheme == "sm2"
        option = 0
        if is_ecdsa or is_sm2:
            option = _named("encoding", self.encoding, SM2_ENCODINGS if is_sm2 else ENCODINGS)
        elif self.scheme == "ed25519":
            option = _named("rule", self.rule, ED25519_RULES)
        self._refuse(
            encoding=self.encoding != "compact" and not (is_ecdsa or is_sm2),
            low_s=self.low_s and not is_ecdsa,
            hybrid_keys=self.hybrid_keys and not is_ecdsa,
            key_form=self.key_form != "any" and not is_ecdsa,
            rule=self.rule != "zip215" and self.scheme != "ed25519",
            user_id=self.user_id != sm2.DEFAULT_USER_ID and not is_sm2,
            digests=self.digests and not is_sm2,
        )
        if len(self.user_id) > sm2.USER_ID_MOST:
            raise ValueError(f"user_id: expected {sm2.USER_ID_MOST} bytes at most")
        flags = LOW_S if self.low_s else 0
        flags |= HYBRID_KEYS if self.hybrid_keys else 0
        flags |= _named("key form", self.key_form, KEY_FORMS)
        for name, value in (("code", code), ("option", option), ("flags", flags)):
            object.__setattr__(self, name, value)

    def _refuse(self, **given: bool) -> None:
        for name, refused in given.items():
            if refused:
                raise ValueError(f"{name}: {self.scheme} has no such option")

    @property
    def signed_id(self) -> bytes | None:
        """The user ID that is hashed into what was signed, or None."""
        return self.user_id if self.scheme == "sm2" and not self.digests else None


def _named(what: str, name: str, known: dict[str, int]) -> int:
    try:
        return known[name]
    except (KeyError, TypeError):
        raise ValueError(f"no {what} is named {name!r}; there are: {', '.join(known)}") from None


@lru_cache(maxsize=64)
def _by_name(scheme: str) -> Rules:
    return Rules(scheme)


def rules_of(rules: "Rules | str") -> Rules:
    """Returns Rules; a scheme's name stands for its own with all defaults. ValueError for a name
    that none has.
    """
    if isinstance(rules, Rules):
        return rules
    if not isinstance(rules, str):
        raise TypeError(f"rules: expected Rules or a scheme's name, got {type(rules).__name__}")
    return _by_name(rules)
