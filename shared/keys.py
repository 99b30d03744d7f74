"""Ed25519 keys in the text form of NATS nkeys, and the files that hold them.

One kind of key serves everything: a node's root, its services, and the operator, accounts and
users of its nats-server. The first letter of the public text says which (``Prefix``).
"""

import hashlib
import os
from base64 import b32decode, b32encode
from binascii import Error as Base32Error
from contextlib import suppress
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import ClassVar, Final, Self

import nkeys  # type: ignore[import-untyped]  # the package ships no types
from nacl import signing
from nacl.exceptions import BadSignatureError
from nacl.exceptions import ValueError as NaclValueError

from shared.refusals import Kind, Refusal

RAW_SIZE: Final = 32
SIGNATURE_SIZE: Final = 64
PUBLIC_LENGTH: Final = 56
SECRET_SIZE_MAX: Final = 64_000
VERIFY_KEYS_CACHED: Final = 4096

_FINGERPRINT_BITS: Final = 96
_CONSONANTS: Final = "bdfghjklmnprstvz"
_VOWELS: Final = "aiou"


class Prefix(StrEnum):
    """What a key is for, by the first letter of its public text.

    Services and users of NATS share a letter and are one member here.
    """

    ROOT = "N"
    OPERATOR = "O"
    ACCOUNT = "A"
    SERVICE = "U"
    USER = "U"


_BYTE_OF: Final = {
    Prefix.ROOT: nkeys.PREFIX_BYTE_SERVER,
    Prefix.OPERATOR: nkeys.PREFIX_BYTE_OPERATOR,
    Prefix.ACCOUNT: nkeys.PREFIX_BYTE_ACCOUNT,
    Prefix.USER: nkeys.PREFIX_BYTE_USER,
}
_PREFIX_OF: Final = {byte: prefix for prefix, byte in _BYTE_OF.items()}


class BadKey(Refusal):
    """A text or a file does not hold a key."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "bad-key"
    title: ClassVar[str] = "This is not a key in nkeys text form"


class BadSignature(Refusal):
    """Bytes carry a signature that this key did not make."""

    kind: ClassVar[Kind] = Kind.FORBIDDEN
    slug: ClassVar[str] = "bad-signature"
    title: ClassVar[str] = "The signature does not belong to these bytes and this key"


class KeyExposed(Refusal):
    """Somebody else on this machine can read a secret file."""

    kind: ClassVar[Kind] = Kind.PRECONDITION
    slug: ClassVar[str] = "key-exposed"
    title: ClassVar[str] = "A secret file can be read by others; chmod 600 it, or make a new key"


class SigningKey:
    """A key that signs. It never shows its seed in text that people or logs see."""

    __slots__ = ("_key", "prefix", "public")

    def __init__(self, raw_seed: bytes, prefix: Prefix) -> None:
        try:
            self._key = signing.SigningKey(raw_seed)
        except NaclValueError as error:
            raise BadKey("a seed has 32 bytes") from error
        self.prefix = prefix
        self.public: str = _public_text(bytes(self._key.verify_key), prefix)

    @classmethod
    def generate(cls, prefix: Prefix) -> Self:
        """Return a new key from the system's random source."""
        return cls(os.urandom(RAW_SIZE), prefix)

    @classmethod
    def from_seed(cls, seed: str) -> Self:
        """Return the key of a seed in text form (``S...``).

        Raises:
            BadKey: the text is not a seed, or its checksum is wrong.
        """
        data = _unarmoured(seed, what="seed")
        if len(data) != RAW_SIZE + 2 or data[0] & 0xF8 != nkeys.PREFIX_BYTE_SEED:
            raise BadKey("not a seed")
        prefix = _PREFIX_OF.get((data[0] & 7) << 5 | data[1] >> 3)
        if prefix is None:
            raise BadKey("a seed of an unknown kind")
        return cls(data[2:], prefix)

    @property
    def seed(self) -> str:
        """The seed in text form. It is the secret itself: never log it, never send it."""
        return str(nkeys.encode_seed(self.raw_seed, _BYTE_OF[self.prefix]).decode("ascii"))

    @property
    def raw_seed(self) -> bytes:
        """The seed's 32 bytes. They are the secret itself: never log them, never send them."""
        return bytes(self._key)

    def sign(self, data: bytes) -> bytes:
        """Return the 64 bytes of the signature of ``data``."""
        return self._key.sign(data).signature

    def save(self, path: Path) -> None:
        """Write the seed into a file that only its owner can read."""
        write_secret(path, self.seed.encode("ascii") + b"\n")

    @classmethod
    def load(cls, path: Path) -> Self:
        """Return the key of a file that ``save`` wrote.

        Raises:
            KeyExposed: the file can be read by the group or by others.
            BadKey: the file does not hold a seed.
        """
        return cls.from_seed(read_secret(path).decode("ascii", "replace").strip())

    def __repr__(self) -> str:
        return f"SigningKey({self.public})"

    def __reduce__(self) -> str | tuple[object, ...]:
        raise TypeError("a signing key is not copied into messages or pickles")


def verify(public: str, data: bytes, signature: bytes) -> None:
    """Return quietly when ``signature`` was made over ``data`` by this key.

    Args:
        public: the key in text form; its decoded form is remembered.
        data: the very bytes that were signed.
        signature: 64 bytes.

    Raises:
        BadKey: the text is not a public key.
        BadSignature: another key, other bytes, or no signature at all.
    """
    key = _verify_key(public)
    if len(signature) != SIGNATURE_SIZE:
        raise BadSignature(f"a signature has {SIGNATURE_SIZE} bytes")
    try:
        key.verify(data, signature)
    except BadSignatureError as error:
        raise BadSignature(f"not signed by {public}") from error


def raw_public(public: str) -> bytes:
    """Return the 32 bytes of a public key in text form.

    Raises:
        BadKey: the text is not a public key, or its checksum is wrong.
    """
    return _parsed_public(public)[1]


def prefix_of(public: str) -> Prefix:
    """Return what a public key is for.

    Raises:
        BadKey: the text is not a public key, or its checksum is wrong.
    """
    return _parsed_public(public)[0]


def public_text(raw: bytes, prefix: Prefix) -> str:
    """Return the text form of the 32 bytes of a public key.

    Raises:
        BadKey: there are not 32 bytes.
    """
    if len(raw) != RAW_SIZE:
        raise BadKey(f"a public key has {RAW_SIZE} bytes")
    return _public_text(raw, prefix)


def fingerprint(public: str) -> str:
    """Return six pronounceable words that two people can compare over the telephone.

    They say the first 96 bits of the SHA-256 of the raw public key, sixteen bits a word.

    Raises:
        BadKey: the text is not a public key.

    Source: Wilkerson (2009), A Proposal for Proquints, arXiv:0901.4016.
    """
    digest = hashlib.sha256(raw_public(public)).digest()[: _FINGERPRINT_BITS // 8]
    halves = (int.from_bytes(digest[at : at + 2], "big") for at in range(0, len(digest), 2))
    return "-".join(map(proquint, halves))


def proquint(bits: int) -> str:
    """Return sixteen bits as a word of five letters that can be said in every language.

    Source: Wilkerson (2009), A Proposal for Proquints, arXiv:0901.4016.
    """
    return (
        _CONSONANTS[bits >> 12 & 15]
        + _VOWELS[bits >> 10 & 3]
        + _CONSONANTS[bits >> 6 & 15]
        + _VOWELS[bits >> 4 & 3]
        + _CONSONANTS[bits & 15]
    )


def write_secret(path: Path, data: bytes) -> None:
    """Write a file of mode 0600 all at once: a reader sees the old one, the new one, never a half.

    A folder that is missing is made with mode 0700.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f".{path.name}.{os.getpid()}.new")
    with suppress(FileNotFoundError):
        draft.unlink()
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    _sync_folder(path.parent)


def read_secret(path: Path) -> bytes:
    """Return a secret file's bytes, having looked at who else can read it.

    Raises:
        KeyExposed: the group or others have any right to the file.
    """
    with path.open("rb") as file:
        if os.fstat(file.fileno()).st_mode & 0o077:
            raise KeyExposed(path.name)
        return file.read(SECRET_SIZE_MAX)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _public_text(raw: bytes, prefix: Prefix) -> str:
    body = bytes([_BYTE_OF[prefix]]) + raw
    return b32encode(body + _checksum(body)).decode("ascii")


def _checksum(body: bytes) -> bytes:
    return int(nkeys.crc16(bytearray(body))).to_bytes(2, "little")


def _unarmoured(text: str, *, what: str) -> bytes:
    """Return what a text says without its checksum, which has been checked.

    The text must be the one way to write it, so that a key has one name only.
    """
    try:
        data = b32decode(text + "=" * (-len(text) % 8))
    except (Base32Error, ValueError) as error:
        raise BadKey(f"not a {what}") from error
    if len(data) < 3 or b32encode(data).decode("ascii").rstrip("=") != text:
        raise BadKey(f"not a {what}")
    if _checksum(data[:-2]) != data[-2:]:
        raise BadKey(f"the checksum of this {what} is wrong")
    return data[:-2]


@lru_cache(maxsize=VERIFY_KEYS_CACHED)
def _parsed_public(public: str) -> tuple[Prefix, bytes]:
    if len(public) != PUBLIC_LENGTH:
        raise BadKey("not a public key")
    data = _unarmoured(public, what="public key")
    prefix = _PREFIX_OF.get(data[0])
    if prefix is None:
        raise BadKey("a public key of an unknown kind")
    return prefix, data[1:]


@lru_cache(maxsize=VERIFY_KEYS_CACHED)
def _verify_key(public: str) -> signing.VerifyKey:
    return signing.VerifyKey(raw_public(public))
