"""The sealed archive of a backup: files, one after another, and last the list of what they are."""

import gzip
import hashlib
import io
import json
import os
import tarfile
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any, BinaryIO, Final, Self, cast

from twiza.sealed_files import DamagedFile, SealedReader, SealedWriter

FORMAT: Final = 1
MANIFEST: Final = "manifest.json"
MANIFEST_SIZE_MAX: Final = 16_000_000
COPY_SIZE: Final = 1_000_000
_COMPRESSION: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptFile:
    """A file in an archive, by its path within the home."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What an archive holds, and of which node."""

    node: str
    fingerprint: str
    release: str
    at: str
    files: tuple[KeptFile, ...]

    def written(self) -> bytes:
        """Return it as text for ``read``."""
        return json.dumps({"format": FORMAT, **asdict(self)}, sort_keys=True).encode("utf-8")

    @classmethod
    def read(cls, text: bytes) -> Self:
        """Return what ``written`` wrote.

        Raises:
            DamagedFile: it is no manifest, or one of a later release.
        """
        try:
            told = json.loads(text)
            if told.pop("format") != FORMAT:
                raise DamagedFile("A later release of Twiza wrote it.")
            files = tuple(KeptFile(**one) for one in told.pop("files"))
            return cls(**told, files=files)
        except (ValueError, KeyError, TypeError) as error:
            raise DamagedFile("Its list of files cannot be read.") from error


class ArchiveWriter:
    """Writes an archive. ``close`` writes the end; without it the archive is void.

    Args:
        file: where it goes.
        passphrase: what opens it.
    """

    def __init__(self, file: BinaryIO, passphrase: str) -> None:
        self._sealed = SealedWriter(file, passphrase)
        self._packed = gzip.GzipFile(
            fileobj=cast(IO[bytes], self._sealed), mode="wb", compresslevel=_COMPRESSION, mtime=0
        )
        self._tar = tarfile.TarFile.open(fileobj=self._packed, mode="w|")
        self.files: list[KeptFile] = []

    def add(self, path: str, source: Path) -> None:
        """Add a file of the disk under a path within the home."""
        with source.open("rb") as file:
            self._add(path, file, source.stat().st_size)

    def add_bytes(self, path: str, data: bytes) -> None:
        """Add bytes as a file under a path within the home."""
        self._add(path, io.BytesIO(data), len(data))

    def close(self, manifest: Manifest) -> None:
        """Write the list of what the archive holds, and its end."""
        self.add_bytes(MANIFEST, manifest.written())
        self._tar.close()
        self._packed.close()
        self._sealed.close()

    def _add(self, path: str, file: IO[bytes], size: int) -> None:
        entry = tarfile.TarInfo(path)
        entry.size, entry.mode = size, 0o600
        counted = _Counted(file)
        self._tar.addfile(entry, cast(IO[bytes], counted))
        self.files.append(KeptFile(path=path, size=size, sha256=counted.digest.hexdigest()))


class _Counted:
    """Gives a file's bytes on, and knows their SHA-256 at the end."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self.digest.update(data)
        return data


def unpack(file: BinaryIO, passphrase: str, *, into: Path | None) -> Manifest:
    """Read a whole archive, compare it with its manifest, and write its files where asked to.

    Args:
        file: the archive.
        passphrase: what opens it.
        into: the directory below which its files are written; nowhere where there is none.

    Raises:
        DamagedFile: it is not whole, or holds other things than it says.
        WrongPassphrase: another passphrase opens it.
    """
    found: list[KeptFile] = []
    manifest: Manifest | None = None
    for path, content in _entries(file, passphrase):
        if manifest is not None:
            raise DamagedFile("It goes on after its list of files.")
        if path == MANIFEST:
            manifest = Manifest.read(content.read(MANIFEST_SIZE_MAX))
        else:
            found.append(_copied(path, content, into / path if into is not None else None))
    if manifest is None or list(manifest.files) != found:
        raise DamagedFile("It does not hold what it says.")
    return manifest


def _entries(file: BinaryIO, passphrase: str) -> Iterator[tuple[str, IO[bytes]]]:
    sealed = SealedReader(file, passphrase)
    try:
        packed = gzip.GzipFile(fileobj=cast(Any, sealed), mode="rb")
        with closing(packed), tarfile.open(fileobj=packed, mode="r|") as tar:
            for entry in tar:
                content = tar.extractfile(entry) if entry.isfile() else None
                if content is None or not _stays_inside(entry.name):
                    raise DamagedFile("It holds something else than files of a home.")
                yield entry.name, content
    except (tarfile.TarError, EOFError, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise DamagedFile("It cannot be unpacked.") from error
    if sealed.read():
        raise DamagedFile("It goes on after its end.")


def _copied(path: str, content: IO[bytes], target: Path | None) -> KeptFile:
    digest, size = hashlib.sha256(), 0
    with ExitStack() as stack:
        copy = stack.enter_context(_secret_file(target)) if target is not None else None
        while data := content.read(COPY_SIZE):
            digest.update(data)
            size += len(data)
            if copy is not None:
                copy.write(data)
        if copy is not None:
            copy.flush()
            os.fsync(copy.fileno())
    return KeptFile(path=path, size=size, sha256=digest.hexdigest())


def _secret_file(target: Path) -> BinaryIO:
    for folder in (*reversed(target.parents), target.parent):
        folder.mkdir(exist_ok=True, mode=0o700)
    return os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def _stays_inside(path: str) -> bool:
    parts = PurePosixPath(path).parts
    return bool(parts) and not path.startswith("/") and ".." not in parts
