"""``python -m twiza`` is the command ``twiza``."""

from twiza.cli import main

main()
