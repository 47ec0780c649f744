# Made by grpcio-tools 1.74.0 from verilane.proto (make proto).
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Scheme(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SCHEME_UNSPECIFIED: _ClassVar[Scheme]
    SECP256K1_ECDSA: _ClassVar[Scheme]
    SECP256K1_SCHNORR: _ClassVar[Scheme]
    P256_ECDSA: _ClassVar[Scheme]
    ED25519: _ClassVar[Scheme]
    SM2: _ClassVar[Scheme]
    SECP256K1_RECOVER: _ClassVar[Scheme]

class Encoding(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ENCODING_COMPACT: _ClassVar[Encoding]
    ENCODING_DER: _ClassVar[Encoding]
    ENCODING_DER_LAX: _ClassVar[Encoding]
    ENCODING_FISCO: _ClassVar[Encoding]

class Ed25519Rule(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RULE_ZIP215: _ClassVar[Ed25519Rule]
    RULE_RFC8032: _ClassVar[Ed25519Rule]
    RULE_OPENSSL: _ClassVar[Ed25519Rule]
    RULE_STRICT: _ClassVar[Ed25519Rule]

class KeyForm(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    KEY_FORM_ANY: _ClassVar[KeyForm]
    KEY_FORM_SEC1: _ClassVar[KeyForm]
    KEY_FORM_COMPRESSED: _ClassVar[KeyForm]

class Priority(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PRIORITY_BLOCK: _ClassVar[Priority]
    PRIORITY_CONSENSUS: _ClassVar[Priority]
    PRIORITY_MEMPOOL: _ClassVar[Priority]
    PRIORITY_BULK: _ClassVar[Priority]
SCHEME_UNSPECIFIED: Scheme
SECP256K1_ECDSA: Scheme
SECP256K1_SCHNORR: Scheme
P256_ECDSA: Scheme
ED25519: Scheme
SM2: Scheme
SECP256K1_RECOVER: Scheme
ENCODING_COMPACT: Encoding
ENCODING_DER: Encoding
ENCODING_DER_LAX: Encoding
ENCODING_FISCO: Encoding
RULE_ZIP215: Ed25519Rule
RULE_RFC8032: Ed25519Rule
RULE_OPENSSL: Ed25519Rule
RULE_STRICT: Ed25519Rule
KEY_FORM_ANY: KeyForm
KEY_FORM_SEC1: KeyForm
KEY_FORM_COMPRESSED: KeyForm
PRIORITY_BLOCK: Priority
PRIORITY_CONSENSUS: Priority
PRIORITY_MEMPOOL: Priority
PRIORITY_BULK: Priority

class Profile(_message.Message):
    __slots__ = ("scheme", "encoding", "low_s", "hybrid_keys", "parity_ids", "ed25519_rule", "user_id", "key_form")
    SCHEME_FIELD_NUMBER: _ClassVar[int]
    ENCODING_FIELD_NUMBER: _ClassVar[int]
    LOW_S_FIELD_NUMBER: _ClassVar[int]
    HYBRID_KEYS_FIELD_NUMBER: _ClassVar[int]
    PARITY_IDS_FIELD_NUMBER: _ClassVar[int]
    ED25519_RULE_FIELD_NUMBER: _ClassVar[int]
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    KEY_FORM_FIELD_NUMBER: _ClassVar[int]
    scheme: Scheme
    encoding: Encoding
    low_s: bool
    hybrid_keys: bool
    parity_ids: bool
    ed25519_rule: Ed25519Rule
    user_id: bytes
    key_form: KeyForm
    def __init__(self, scheme: _Optional[_Union[Scheme, str]] = ..., encoding: _Optional[_Union[Encoding, str]] = ..., low_s: bool = ..., hybrid_keys: bool = ..., parity_ids: bool = ..., ed25519_rule: _Optional[_Union[Ed25519Rule, str]] = ..., user_id: _Optional[bytes] = ..., key_form: _Optional[_Union[KeyForm, str]] = ...) -> None: ...

class Column(_message.Message):
    __slots__ = ("data", "offsets")
    DATA_FIELD_NUMBER: _ClassVar[int]
    OFFSETS_FIELD_NUMBER: _ClassVar[int]
    data: bytes
    offsets: bytes
    def __init__(self, data: _Optional[bytes] = ..., offsets: _Optional[bytes] = ...) -> None: ...

class Batch(_message.Message):
    __slots__ = ("id", "profile", "count", "keys", "signatures", "messages", "digests", "user_ids", "tags", "priority")
    ID_FIELD_NUMBER: _ClassVar[int]
    PROFILE_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    KEYS_FIELD_NUMBER: _ClassVar[int]
    SIGNATURES_FIELD_NUMBER: _ClassVar[int]
    MESSAGES_FIELD_NUMBER: _ClassVar[int]
    DIGESTS_FIELD_NUMBER: _ClassVar[int]
    USER_IDS_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    PRIORITY_FIELD_NUMBER: _ClassVar[int]
    id: int
    profile: Profile
    count: int
    keys: Column
    signatures: Column
    messages: Column
    digests: Column
    user_ids: Column
    tags: bytes
    priority: Priority
    def __init__(self, id: _Optional[int] = ..., profile: _Optional[_Union[Profile, _Mapping]] = ..., count: _Optional[int] = ..., keys: _Optional[_Union[Column, _Mapping]] = ..., signatures: _Optional[_Union[Column, _Mapping]] = ..., messages: _Optional[_Union[Column, _Mapping]] = ..., digests: _Optional[_Union[Column, _Mapping]] = ..., user_ids: _Optional[_Union[Column, _Mapping]] = ..., tags: _Optional[bytes] = ..., priority: _Optional[_Union[Priority, str]] = ...) -> None: ...

class BatchStatus(_message.Message):
    __slots__ = ("id", "outcome", "verdicts", "tags", "keys", "reason")
    class Outcome(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        DONE: _ClassVar[BatchStatus.Outcome]
        REFUSED: _ClassVar[BatchStatus.Outcome]
        FAILED: _ClassVar[BatchStatus.Outcome]
    DONE: BatchStatus.Outcome
    REFUSED: BatchStatus.Outcome
    FAILED: BatchStatus.Outcome
    ID_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    VERDICTS_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    KEYS_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    id: int
    outcome: BatchStatus.Outcome
    verdicts: bytes
    tags: bytes
    keys: bytes
    reason: str
    def __init__(self, id: _Optional[int] = ..., outcome: _Optional[_Union[BatchStatus.Outcome, str]] = ..., verdicts: _Optional[bytes] = ..., tags: _Optional[bytes] = ..., keys: _Optional[bytes] = ..., reason: _Optional[str] = ...) -> None: ...

class LimitsRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class Limits(_message.Message):
    __slots__ = ("batch_items", "message_bytes", "stream_batches", "version")
    BATCH_ITEMS_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_BYTES_FIELD_NUMBER: _ClassVar[int]
    STREAM_BATCHES_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    batch_items: int
    message_bytes: int
    stream_batches: int
    version: str
    def __init__(self, batch_items: _Optional[int] = ..., message_bytes: _Optional[int] = ..., stream_batches: _Optional[int] = ..., version: _Optional[str] = ...) -> None: ...
