"""Writes docs/protocol/vectors/*.json."""

from tools.vectors.files import write

if __name__ == "__main__":
    write()
