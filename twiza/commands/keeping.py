"""Keeping a node safe: backups, and what is restored from them."""

import os
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, ClassVar, Final

import typer

from shared.refusals import Kind, Refusal
from twiza import printing
from twiza.commands.options import HomeOption, JsonOption, opened

PASSPHRASE: Final = "TWIZA_BACKUP_PASSPHRASE"  # noqa: S105  # the name of a variable

PassphraseFile = Annotated[
    Path | None,
    typer.Option(
        help=f"A file with the passphrase; else ${PASSPHRASE}, else it is asked for.",
        exists=True,
        dir_okay=False,
    ),
]


class NoPassphrase(Refusal):
    """There is no passphrase, and nobody to ask for one."""

    kind: ClassVar[Kind] = Kind.BAD_REQUEST
    slug: ClassVar[str] = "no-passphrase"
    title: ClassVar[str] = "A backup needs a passphrase"


def backup(
    folder: Annotated[Path, typer.Argument(help="The directory for the backup.", file_okay=False)],
    *,
    home: HomeOption,
    passphrase_file: PassphraseFile = None,
    as_json: JsonOption = False,
) -> None:
    """Back the node up into one sealed file: databases, pages, keys and settings of one moment.

    The node may run meanwhile. The file is read back before it gets its name.
    """
    from twiza.backup import back_up

    found = opened(home)
    secret = _passphrase(passphrase_file, twice=True)
    made = back_up(found, folder, passphrase=secret)
    if as_json:
        printing.as_json(asdict(made))
        return
    printing.facts({"file": made.path, "at": made.at, "bytes": made.size, "files": made.files})
    printing.say("Keep the passphrase somewhere else: without it nobody can open this file.")


def restore(
    file: Annotated[Path, typer.Argument(help="The backup.", exists=True, dir_okay=False)],
    *,
    home: HomeOption,
    passphrase_file: PassphraseFile = None,
    check: Annotated[
        bool, typer.Option("--check", help="Read the backup through, and restore nothing.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Restore a node from a backup into an empty home, after all of it was checked.

    Each log goes on in a new epoch at the next start, so that nothing published is lost.
    """
    from twiza import restore as restoring

    secret = _passphrase(passphrase_file, twice=False)
    os.umask(0o077)
    path = home.expanduser().absolute()
    if check:
        manifest = restoring.check(file, passphrase=secret)
    else:
        manifest = restoring.restore(file, path, passphrase=secret)
    told = {
        "node": manifest.node,
        "fingerprint": manifest.fingerprint,
        "at": manifest.at,
        "release": manifest.release,
        "files": len(manifest.files),
    }
    if as_json:
        printing.as_json(told | {"restored": not check})
        return
    printing.facts(told)
    if check:
        printing.say("This backup is whole. Nothing was restored.")
    else:
        printing.say(
            "Make sure that the old node never runs again: two with one key are taken for one "
            f"that lies. Then start this one with: twiza up --home {path}"
        )


def _passphrase(file: Path | None, *, twice: bool) -> str:
    """Return the passphrase from where it is given, or ask for it.

    Raises:
        NoPassphrase: it is given nowhere, and this is no terminal.
    """
    if file is not None:
        return file.read_text("utf-8").strip("\r\n")
    if given := os.environ.get(PASSPHRASE):
        return given
    if not os.isatty(0):
        raise NoPassphrase(f"Give it with --passphrase-file, or in ${PASSPHRASE}.")
    return str(typer.prompt("Passphrase", hide_input=True, confirmation_prompt=twice, err=True))
