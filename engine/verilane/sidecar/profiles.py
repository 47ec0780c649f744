"""What a Batch of verilane.proto means: which function of the package judges it, by which rules.

The server calls `judge`, and so does a client that has to do without: same bytes, same verdicts.
"""

from collections.abc import Callable
from functools import lru_cache
from importlib import import_module
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from google.protobuf.unknown_fields import UnknownFieldSet
from numpy.typing import NDArray

from .._columns import Widths
from . import verilane_pb2 as pb
from .errors import Refused

__all__ = [
    "NAMES",
    "PRIORITIES",
    "SCHEMES",
    "Answer",
    "Scheme",
    "judge",
    "packed_widths",
    "profile_of",
    "understood",
]

Wire: TypeAlias = "NDArray[np.uint8] | tuple[NDArray[np.uint8], NDArray[np.uint32]]"

ENCODINGS = {"compact": 0, "der": 1, "der-lax": 2, "fisco": 3}
ED25519_RULES = {"zip215": 0, "rfc8032": 1, "openssl": 2, "strict": 3}
KEY_FORMS = {"any": 0, "sec1": 1, "compressed": 2}
PRIORITIES = {"block": 0, "consensus": 1, "mempool": 2, "bulk": 3}
NO_COLUMN = pb.Column()


class Scheme(NamedTuple):
    """A scheme of the contract. module, function: who judges, in this package. columns: those that
    it takes, and the widths that the function takes packed. fixed_by: the column that fixes n.
    options: fields of a Profile.
    """

    number: int
    name: str
    module: str
    function: str
    columns: dict[str, Widths]
    fixed_by: str
    options: tuple[str, ...] = ()
    encodings: tuple[str, ...] = ("compact",)

    def needed(self, encoding: str) -> tuple[str, ...]:
        """Returns the columns that can't be left out."""
        if self.name != "sm2":
            return tuple(self.columns)
        return ("signatures",) if encoding == "fisco" else ("keys", "signatures")


_POINTS, _DIGESTS = (33, 65, 64), (32,)
_ECDSA: dict[str, Widths] = {"keys": _POINTS, "signatures": (64,), "digests": _DIGESTS}
_XONLY: dict[str, Widths] = {"keys": (32,), "signatures": (64,), "messages": None}
_SM2: dict[str, Widths] = {
    "keys": _POINTS,
    "signatures": (64,),
    "messages": None,
    "digests": _DIGESTS,
    "user_ids": None,
}
_RECOVER: dict[str, Widths] = {"signatures": (65,), "digests": _DIGESTS}
_DER = ("compact", "der", "der-lax")
_ECDSA_OPTIONS = ("low_s", "hybrid_keys", "key_form")

_ALL = (
    *(
        Scheme(number, name, name, "verify_many", _ECDSA, "digests", _ECDSA_OPTIONS, _DER)
        for number, name in ((1, "secp256k1.ecdsa"), (3, "p256.ecdsa"))
    ),
    Scheme(2, "secp256k1.schnorr", "secp256k1.schnorr", "verify_many", _XONLY, "signatures"),
    Scheme(4, "ed25519", "ed25519", "verify_many", _XONLY, "keys", ("ed25519_rule",)),
    Scheme(
        5,
        "sm2",
        "sm2",
        "verify_many",
        _SM2,
        "signatures",
        ("user_id",),
        ("compact", "der", "fisco"),
    ),
    Scheme(
        6,
        "secp256k1.recover",
        "secp256k1.ecdsa",
        "recover_many",
        _RECOVER,
        "digests",
        ("low_s", "parity_ids"),
    ),
)
SCHEMES = {scheme.name: scheme for scheme in _ALL}
NAMES = {scheme.number: scheme.name for scheme in SCHEMES.values()}
_COLUMNS = ("keys", "signatures", "messages", "digests", "user_ids")
_OPTIONS = ("low_s", "hybrid_keys", "parity_ids", "ed25519_rule", "user_id", "key_form")


class Answer(NamedTuple):
    """Verdict codes, a byte for each item; keys, of recovery only: 64 bytes for each item."""

    verdicts: bytes
    keys: bytes = b""


def judge(batch: "pb.Batch", *, device: str | None = None, threads: int | None = None) -> Answer:
    """Returns the verdicts of a batch. Raises Refused where it breaks the contract; what is wrong
    inside an item is its verdict.
    """
    scheme, arguments = understood(batch)
    if scheme.name == "sm2":
        arguments.setdefault("keys", None)
    function: Callable[..., Any] = getattr(
        import_module(f"verilane.{scheme.module}"), scheme.function
    )
    try:
        result = function(**arguments, device=device, threads=threads)
    except (TypeError, ValueError) as error:
        raise Refused(str(error)) from None
    if scheme.function == "recover_many":
        keys, verdicts = result
        return Answer(verdicts.codes.tobytes(), keys.tobytes())
    return Answer(result.codes.tobytes())


def understood(batch: "pb.Batch") -> tuple[Scheme, dict[str, Any]]:
    """Returns a batch's scheme, and the arguments of its function: columns and rules. Raises
    Refused.
    """
    _demand_known("batch", batch)
    _named("priority", PRIORITIES, batch.priority)
    profile = batch.profile.SerializeToString()
    scheme, rules = (_known_rules if len(profile) < _LONGEST_KNOWN else _rules)(profile)
    arguments = dict(rules)
    for name in _COLUMNS:
        given = batch.HasField(name)
        if given and name in scheme.columns:
            part = getattr(batch, name)
            _demand_known(name, part)
            widths = packed_widths(scheme, name, arguments.get("encoding", "compact"))
            arguments[_ARGUMENTS.get(name, name)] = _decoded(name, part, batch.count, widths)
        elif given and getattr(batch, name) != NO_COLUMN:
            raise Refused(f"{scheme.name} takes no {name}")
    encoding = arguments.get("encoding", "compact")
    if missing := [name for name in scheme.needed(encoding) if name not in arguments]:
        raise Refused(f"{scheme.name} needs {' and '.join(missing)}")
    if scheme.name == "sm2":
        _demand_one_user_id(batch)
    return scheme, arguments


# A column of the contract whose argument is called something else.
_ARGUMENTS = {"user_ids": "user_id"}


def _demand_known(what: str, message: "pb.Batch | pb.Profile | pb.Column") -> None:
    """Refuses fields that a later contract has, and those of another type: who sends them means
    something by them.
    """
    if len(UnknownFieldSet(message)):
        raise Refused(f"{what}: a field that this server does not know")


def _rules(profile_bytes: bytes) -> tuple[Scheme, dict[str, Any]]:
    """Returns an encoded profile's scheme, and its rules as the scheme's function takes them."""
    profile = pb.Profile.FromString(profile_bytes)
    _demand_known("profile", profile)
    name = NAMES.get(profile.scheme)
    if name is None:
        raise Refused(f"no scheme has the number {profile.scheme}")
    return SCHEMES[name], _options(profile, SCHEMES[name])


# A few profiles come again and again.
_known_rules = lru_cache(256)(_rules)
_LONGEST_KNOWN = 256


def _options(profile: "pb.Profile", scheme: Scheme) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for name in _OPTIONS:
        given = profile.HasField(name) if name == "user_id" else getattr(profile, name) != 0
        if given and name not in scheme.options:
            raise Refused(f"{scheme.name} takes no {name}")
        if given and name not in ("ed25519_rule", "user_id", "key_form"):
            result[name] = True
    if "ed25519_rule" in scheme.options:
        result["rule"] = _named("rule", ED25519_RULES, profile.ed25519_rule)
    if "key_form" in scheme.options:
        result["key_form"] = _named("key form", KEY_FORMS, profile.key_form)
    if profile.HasField("user_id"):
        result["user_id"] = profile.user_id
    encoding = _named("encoding", ENCODINGS, profile.encoding)
    if encoding not in scheme.encodings:
        raise Refused(f"{scheme.name} takes no encoding {encoding}")
    if len(scheme.encodings) > 1:
        result["encoding"] = encoding
    return result


def _named(what: str, names: dict[str, int], number: int) -> str:
    for name, value in names.items():
        if value == number:
            return name
    raise Refused(f"no {what} has the number {number}")


def _demand_one_user_id(batch: "pb.Batch") -> None:
    if batch.HasField("user_ids") and batch.profile.HasField("user_id"):
        raise Refused("sm2 takes a user_id or user_ids, not both")
    if batch.HasField("digests") and (
        batch.HasField("user_ids") or batch.profile.HasField("user_id")
    ):
        raise Refused("sm2 takes no user ID with digests")


def packed_widths(scheme: Scheme, name: str, encoding: str) -> Widths:
    """Returns what the scheme's function takes as an array of shape (n, width)."""
    if name == "signatures" and encoding != "compact":
        return (128,) if encoding == "fisco" else None
    return scheme.columns[name]


def _decoded(name: str, part: "pb.Column", n: int, widths: Widths) -> Wire:
    """Returns a column as an array of shape (n, width), or as data and offsets."""
    data = np.frombuffer(part.data, np.uint8)
    if part.offsets:
        if len(part.offsets) != 4 * (n + 1):
            raise Refused(f"{name}: {len(part.offsets)} bytes of offsets for {n} items")
        return data, np.frombuffer(part.offsets, "<u4")
    width, rest = divmod(len(data), n) if n else (0, len(data))
    if rest:
        raise Refused(f"{name}: {len(data)} bytes for {n} items")
    if n == 0 or (widths is not None and width not in widths):
        # Of a wrong length, all of them: a verdict, as in a column of any lengths.
        return data, np.arange(n + 1, dtype=np.uint32) * np.uint32(width)
    return data.reshape(n, width)


def profile_of(
    scheme: Scheme,
    *,
    encoding: str = "compact",
    rule: str = "zip215",
    key_form: str = "any",
    user_id: bytes | None = None,
    **flags: bool,
) -> "pb.Profile":
    """Returns a profile; ValueError or TypeError for a rule that the scheme does not have."""
    if encoding not in scheme.encodings:
        names = ", ".join(scheme.encodings)
        raise ValueError(f"no encoding is named {encoding!r} in {scheme.name}; there are: {names}")
    if rule not in ED25519_RULES:
        raise ValueError(f"no rule is named {rule!r}; there are: {', '.join(ED25519_RULES)}")
    if key_form not in KEY_FORMS:
        raise ValueError(f"no key form is named {key_form!r}; there are: {', '.join(KEY_FORMS)}")
    given = {name for name, value in flags.items() if value or name not in _OPTIONS}
    given |= {"key_form"} if key_form != "any" else set()
    given |= {"ed25519_rule"} if rule != "zip215" else set()
    given |= {"user_id"} if user_id is not None else set()
    for name in sorted(given - set(scheme.options)):
        raise TypeError(f"{scheme.name} takes no {'rule' if name == 'ed25519_rule' else name}")
    fields: dict[str, Any] = {name: True for name, value in flags.items() if value}
    fields["scheme"] = scheme.number
    fields["encoding"] = ENCODINGS[encoding]
    fields["ed25519_rule"] = ED25519_RULES[rule]
    fields["key_form"] = KEY_FORMS[key_form]
    return pb.Profile(user_id=user_id, **fields)
