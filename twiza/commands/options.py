"""Options that several commands share."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from services.node.home import Home


def default_home() -> Path:
    """Return the home that is meant where none is named."""
    return Path(os.environ.get("TWIZA_HOME") or "~/.local/share/twiza").expanduser()


HomeOption = Annotated[
    Path,
    typer.Option(
        "--home",
        help="The node's home directory; $TWIZA_HOME, or ~/.local/share/twiza.",
        default_factory=default_home,
        show_default=False,
        file_okay=False,
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
TokenOption = Annotated[
    str,
    typer.Option(
        "--token", envvar="TWIZA_TOKEN", show_default=False, help="A token that says who asks."
    ),
]
LangOption = Annotated[
    str, typer.Option(help="ar, en, es, fr or pt; the terminal's where none is named.")
]
StewardOption = Annotated[
    Path | None,
    typer.Option(
        "--as-steward", help="A file with a steward's token.", exists=True, dir_okay=False
    ),
]


def token_of(token: str, file: Path | None) -> str:
    """Return the token that was given; none where none was, and the machine's operator asks."""
    return file.read_text("ascii", "replace").strip() if file is not None else token


def opened(home: Path) -> "Home":
    """Return the home that a command works on; of what happens there only warnings are logged.

    Raises:
        BadHome: no node was founded there.
    """
    import logging

    from services.node.home import Home
    from shared import logs
    from twiza.release import release

    found = Home.opened(home.expanduser())
    logs.configure("twiza", found.settings().name, release(), level=logging.WARNING)
    return found
