"""Letter keys: X25519 keys under which a service is written to, and the files that hold them."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, PublicKey
from sqlalchemy import select

from shared.clock import BadTime, moment, stamp
from shared.ids import NodeName, ServiceName
from shared.keys import BadKey, read_secret, write_secret
from shared.log.tables import LogTables
from shared.store import Work

SEED_SUFFIX: Final = ".seed"


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterSecret:
    """A key that opens letters; it never shows itself in text that people or logs see.

    Args:
        number: which of the service's keys it is.
        made_at: when it was made; it is destroyed some time after that.
        private: the key itself.
    """

    number: int
    made_at: datetime
    private: PrivateKey = field(repr=False)

    @property
    def public(self) -> str:
        """The public key, as ``letter-key.announced`` tells it."""
        return text_of(bytes(self.private.public_key))

    @classmethod
    def generate(cls, number: int, *, at: datetime) -> "LetterSecret":
        """Return a new key from the system's random source."""
        return cls(number=number, made_at=at, private=PrivateKey.generate())

    def save(self, folder: Path) -> None:
        """Write the key into a file of its service's folder that only its owner can read."""
        lines = f"{text_of(bytes(self.private))}\n{stamp(self.made_at)}\n"
        write_secret(folder / f"{self.number}{SEED_SUFFIX}", lines.encode("ascii"))

    @classmethod
    def load(cls, path: Path) -> "LetterSecret":
        """Return the key of a file that ``save`` wrote.

        Raises:
            KeyExposed: others can read the file.
            BadKey: it does not hold such a key.
        """
        lines = read_secret(path).decode("ascii", "replace").split("\n")
        try:
            seed, made_at = lines[0], moment(lines[1])
            return cls(number=int(path.stem), made_at=made_at, private=PrivateKey(bytes_of(seed)))
        except (BadTime, IndexError, TypeError, ValueError, CryptoError) as error:
            raise BadKey(f"{path.name} holds no key for letters") from error


class LetterSecrets:
    """The keys of one service, read anew when its folder has changed.

    Args:
        folder: the service's folder, ``keys/letters/<service>``; it may not be there yet.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._changed: int | None = None
        self._secrets: list[LetterSecret] = []

    def current(self) -> Sequence[LetterSecret]:
        """Return the keys that were not destroyed, the newest first.

        Raises:
            KeyExposed, BadKey: a file is not as it should be.
        """
        try:
            changed = self._folder.stat().st_mtime_ns
        except FileNotFoundError:
            return ()
        if changed != self._changed:
            found = [LetterSecret.load(path) for path in self._folder.glob(f"*{SEED_SUFFIX}")]
            self._secrets = sorted(found, key=lambda one: -one.number)
            self._changed = changed
        return self._secrets


def newest_key(
    work: Work, tables: LogTables, *, node: NodeName, service: ServiceName
) -> str | None:
    """Return the key under which a service of a node is written to now, if one was announced."""
    table = tables.letter_key
    return work.execute(
        select(table.c.key)
        .where(table.c.node == node, table.c.service == service)
        .order_by(table.c.number.desc())
        .limit(1)
    ).scalar_one_or_none()


def public_key(text: str) -> PublicKey:
    """Return the public key that a text says.

    Raises:
        BadKey: it says none.
    """
    try:
        return PublicKey(bytes_of(text))
    except (CryptoError, TypeError, ValueError) as error:
        raise BadKey("not a letter key") from error


def text_of(data: bytes) -> str:
    """Return bytes as unpadded base64url."""
    return urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def bytes_of(text: str) -> bytes:
    """Return the bytes of unpadded base64url, which has one way to be written.

    Raises:
        ValueError: the text is no such thing.
    """
    try:
        data = urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
    except (Base64Error, UnicodeEncodeError) as error:
        raise ValueError("not base64url") from error
    if text_of(data) != text:
        raise ValueError("not base64url in its one form")
    return data
