"""Options that several commands share."""

import os
from pathlib import Path
from typing import Annotated

import typer


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
