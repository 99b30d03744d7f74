"""How alike words are: trigrams of letters, weighted by how rare they are, in integers.

It needs no language: letters of one word stand in other languages, too, and small differences of
spelling do little. All sums are of whole numbers, so no order of summing matters.

Source: TF-IDF with the cosine of the angle, Salton and Buckley (1988), over character n-grams.
"""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from scipy import sparse  # type: ignore[import-untyped]  # scipy comes without types

from services.exchange.candidates.columns import Ints
from services.exchange.candidates.entries import TEXT_MAX

UNIT: Final = 1_024
"""The length of a text's row of weights; likeness is the product of two rows in its square."""
OFTEN: Final = 3
"""A trigram that stands more often in a text counts as if it stood so often."""
COMMON_MAX: Final = 400
"""A trigram of more texts of a group does not lead from one to another."""
CHUNK: Final = 200_000
ROWS: Final = 1_000

_LETTER: Final = 21
_SPACE: Final = ord(" ")


class Likeness:
    """The rows of weights of different texts."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._rows = _weights(texts)

    def of(self, one: Ints, other: Ints) -> Ints:
        """Return how alike pairs of texts are, per mille, by the texts' numbers."""
        if not one.size:
            return np.empty(0, np.int64)
        width = self._rows.shape[0]
        low, high = np.minimum(one, other), np.maximum(one, other)
        different, where = np.unique(low * width + high, return_inverse=True)
        found = np.empty(different.size, np.int64)
        for begin in range(0, different.size, CHUNK):
            part = different[begin : begin + CHUNK]
            product = self._rows[part // width].multiply(self._rows[part % width])
            found[begin : begin + CHUNK] = np.asarray(product.sum(axis=1)).ravel()
        return _per_mille(found)[where]

    def nearest(self, wanted: Ints, offered: Ints, least: int, most: int) -> tuple[Ints, Ints]:
        """Return pairs of wanted and offered texts that are alike, at most so many of each wanted.

        What is returned is only likely to be alike: trigrams that many have are left out.

        Args:
            wanted, offered: numbers of texts, each once.
            least: half of this likeness is asked for, because some trigrams are left out.
        """
        columns = self._rows[offered]
        often = np.bincount(columns.indices, minlength=columns.shape[1])
        columns.data[often[columns.indices] > COMMON_MAX] = 0
        columns.eliminate_zeros()
        across = columns.T.tocsr()
        found_wanted, found_offered = [], []
        for begin in range(0, wanted.size, ROWS):
            part = wanted[begin : begin + ROWS]
            product = (self._rows[part] @ across).tocoo()
            alike = product.data * 2_000 >= least * UNIT * UNIT
            row, column, points = product.row[alike], product.col[alike], product.data[alike]
            order = np.lexsort((column, -points, row))
            row, column = row[order].astype(np.int64), column[order]
            kept = ranks(row) < most
            found_wanted.append(part[row[kept]])
            found_offered.append(offered[column[kept]])
        if not found_wanted:
            return np.empty(0, np.int64), np.empty(0, np.int64)
        return np.concatenate(found_wanted), np.concatenate(found_offered)


def ranks(groups: Ints) -> Ints:
    """Return the place of each row within its group, from 0; groups stand together."""
    if not groups.size:
        return np.empty(0, np.int64)
    begins = np.flatnonzero(np.concatenate(([True], groups[1:] != groups[:-1])))
    lengths = np.diff(np.append(begins, groups.size))
    return np.arange(groups.size) - np.repeat(begins, lengths)


def _weights(texts: Sequence[str]) -> Any:
    """Return a sparse matrix with a row of weights for each text, of length about UNIT."""
    row, gram = _trigrams(texts)
    _, gram = np.unique(gram, return_inverse=True)
    width = int(gram.max()) + 1 if gram.size else 1
    cells, counts = np.unique(row * width + gram, return_counts=True)
    row, gram = cells // width, cells % width
    texts_with = np.bincount(gram, minlength=width)
    rarity = 64 + np.rint(64 * np.log2((len(texts) + 1) / (texts_with + 1))).astype(np.int64)
    weight = np.minimum(counts, OFTEN) * rarity[gram]
    square = np.bincount(row, weights=(weight * weight).astype(np.float64), minlength=len(texts))
    data = np.rint(weight * UNIT / np.sqrt(square[row])).astype(np.int64)
    return sparse.csr_array((data, (row, gram)), shape=(len(texts), width), dtype=np.int64)


def _trigrams(texts: Sequence[str]) -> tuple[Ints, Ints]:
    """Return the number of a text and a trigram for each trigram of each text.

    The blank before and after a word is a letter; between two words there is no trigram.
    """
    padded = [f" {' '.join(text[:TEXT_MAX].split())} " for text in texts]
    letters = np.frombuffer("".join(padded).encode("utf-32-le", "replace"), "<u4").astype(np.int64)
    row = np.repeat(np.arange(len(texts)), [len(text) for text in padded])
    if letters.size < 3:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    first, middle, last = letters[:-2], letters[1:-1], letters[2:]
    whole = (row[:-2] == row[2:]) & (middle != _SPACE)
    return row[:-2][whole], (((first << _LETTER) | middle) << _LETTER | last)[whole]


def _per_mille(points: Ints) -> Ints:
    # Equal texts may miss the square by what rounding took from each weight.
    found: Ints = np.minimum(1_000, (points * 1_000 + UNIT * UNIT // 200) // (UNIT * UNIT))
    return found
