"""Files that open with a passphrase only, written and read in pieces.

A file is a line that says what it is, a line of JSON that says how the key is made, and frames:
four bytes of length and a piece of libsodium's secretstream. The last frame is marked, so that a
file that was cut short does not pass for whole. The line of JSON is authenticated with the first.

Source: Biryukov et al. (2021), Argon2, RFC 9106; libsodium, crypto_secretstream_xchacha20poly1305.
"""

import json
import struct
from base64 import b64decode, b64encode
from typing import BinaryIO, ClassVar, Final

from nacl import bindings, pwhash, utils
from nacl.exceptions import CryptoError

from shared.refusals import Kind, Refusal

MAGIC: Final = b"twiza backup 1\n"
PIECE_SIZE: Final = 256 * 1024
HEADER_SIZE_MAX: Final = 1_000
PASSPHRASE_LENGTH_MIN: Final = 12
# A file from elsewhere must not make this machine work for hours or fill its memory.
OPERATIONS_MAX: Final = 16
MEMORY_MAX: Final = 1_073_741_824
_OPERATIONS: Final = pwhash.argon2id.OPSLIMIT_MODERATE
_MEMORY: Final = pwhash.argon2id.MEMLIMIT_MODERATE
_LENGTH: Final = struct.Struct(">I")


class WeakPassphrase(Refusal):
    """A passphrase is too short to keep a node's keys."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "weak-passphrase"
    title: ClassVar[str] = f"A passphrase has at least {PASSPHRASE_LENGTH_MIN} characters"


class WrongPassphrase(Refusal):
    """A file does not open with this passphrase."""

    kind: ClassVar[Kind] = Kind.FORBIDDEN
    slug: ClassVar[str] = "wrong-passphrase"
    title: ClassVar[str] = "This passphrase does not open the file, or its beginning was changed"


class DamagedFile(Refusal):
    """A file is no backup, or is not whole, or was changed."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "damaged-backup"
    title: ClassVar[str] = "This file is no backup of Twiza, or it is damaged"


class SealedWriter:
    """Takes bytes and writes them sealed. ``close`` writes the end; without it the file is void.

    Args:
        file: where the sealed bytes go.
        passphrase: what opens them.

    Raises:
        WeakPassphrase: it is too short.
    """

    def __init__(self, file: BinaryIO, passphrase: str) -> None:
        if len(passphrase) < PASSPHRASE_LENGTH_MIN:
            raise WeakPassphrase("Take several words that nobody else would put together.")
        self._file = file
        self._state = bindings.crypto_secretstream_xchacha20poly1305_state()
        salt = utils.random(pwhash.argon2id.SALTBYTES)
        key = _key(passphrase, salt, _OPERATIONS, _MEMORY)
        start = bindings.crypto_secretstream_xchacha20poly1305_init_push(self._state, key)
        self._header = _header(salt, start)
        self._pending = bytearray()
        file.write(MAGIC + self._header)

    def write(self, data: bytes) -> int:
        """Take bytes."""
        self._pending += data
        while len(self._pending) > PIECE_SIZE:
            self._push(
                bytes(self._pending[:PIECE_SIZE]),
                bindings.crypto_secretstream_xchacha20poly1305_TAG_MESSAGE,
            )
            del self._pending[:PIECE_SIZE]
        return len(data)

    def flush(self) -> None:
        """Do nothing: what is pending is written when a piece is full, and at the end."""

    def close(self) -> None:
        """Write what is pending, and the end."""
        self._push(bytes(self._pending), bindings.crypto_secretstream_xchacha20poly1305_TAG_FINAL)
        self._pending.clear()

    def _push(self, piece: bytes, tag: int) -> None:
        sealed = bindings.crypto_secretstream_xchacha20poly1305_push(
            self._state, piece, self._header, tag
        )
        self._header = b""
        self._file.write(_LENGTH.pack(len(sealed)) + sealed)


class SealedReader:
    """Gives the bytes of a sealed file.

    Raises:
        DamagedFile: it is no such file.
        WrongPassphrase: another passphrase opens it.
    """

    def __init__(self, file: BinaryIO, passphrase: str) -> None:
        self._file = file
        self._state = bindings.crypto_secretstream_xchacha20poly1305_state()
        self._ended = False
        if file.read(len(MAGIC)) != MAGIC:
            raise DamagedFile("It does not begin like one.")
        header = file.readline(HEADER_SIZE_MAX)
        start, key = _opened(header, passphrase)
        bindings.crypto_secretstream_xchacha20poly1305_init_pull(self._state, start, key)
        try:
            self._ready = self._pull(header)
        except CryptoError as error:
            raise WrongPassphrase() from error

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes: at most ``size``, all that is left for -1, none at the end.

        Raises:
            DamagedFile: bytes were changed, or the file was cut short.
        """
        while not self._ended and (size < 0 or len(self._ready) < size):
            try:
                self._ready += self._pull(b"")
            except CryptoError as error:
                raise DamagedFile("Its bytes were changed.") from error
        size = len(self._ready) if size < 0 else size
        found, self._ready = self._ready[:size], self._ready[size:]
        return found

    def _pull(self, header: bytes) -> bytes:
        length = self._file.read(_LENGTH.size)
        if len(length) < _LENGTH.size:
            raise DamagedFile("It was cut short.")
        (size,) = _LENGTH.unpack(length)
        if size > PIECE_SIZE + bindings.crypto_secretstream_xchacha20poly1305_ABYTES:
            raise DamagedFile("A piece is larger than any that we write.")
        sealed = self._file.read(size)
        if len(sealed) < size:
            raise DamagedFile("It was cut short.")
        piece, tag = bindings.crypto_secretstream_xchacha20poly1305_pull(
            self._state, sealed, header
        )
        self._ended = tag == bindings.crypto_secretstream_xchacha20poly1305_TAG_FINAL
        return bytes(piece)


def _header(salt: bytes, start: bytes) -> bytes:
    told = {
        "kdf": "argon2id",
        "memory": _MEMORY,
        "operations": _OPERATIONS,
        "salt": b64encode(salt).decode("ascii"),
        "start": b64encode(start).decode("ascii"),
    }
    return json.dumps(told, sort_keys=True).encode("ascii") + b"\n"


def _opened(header: bytes, passphrase: str) -> tuple[bytes, bytes]:
    """Return where the stream starts, and its key."""
    try:
        told = json.loads(header)
        salt, start = b64decode(told["salt"]), b64decode(told["start"])
        operations, memory = int(told["operations"]), int(told["memory"])
    except (ValueError, KeyError, TypeError) as error:
        raise DamagedFile("It does not say how its key is made.") from error
    lengths = (
        pwhash.argon2id.SALTBYTES,
        bindings.crypto_secretstream_xchacha20poly1305_HEADERBYTES,
    )
    if operations > OPERATIONS_MAX or memory > MEMORY_MAX or (len(salt), len(start)) != lengths:
        raise DamagedFile("Its key would be made in another way than ours.")
    return start, _key(passphrase, salt, operations, memory)


def _key(passphrase: str, salt: bytes, operations: int, memory: int) -> bytes:
    return pwhash.argon2id.kdf(
        bindings.crypto_secretstream_xchacha20poly1305_KEYBYTES,
        passphrase.encode("utf-8"),
        salt,
        opslimit=operations,
        memlimit=memory,
    )
