"""The words of a text, the marks between them, and their capital letters."""

import re
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mtljax.data._reading.open import read_lines

MARKS = '.,;:?!'
_WORD = re.compile(r"\d+(?:[.,:]\d+)+|[^\W_]+(?:['’-][^\W_]+)*")  # noqa: RUF001 - both apostrophes


class Words(NamedTuple):
    """The words of a text.

    Attributes:
      there: The N words as the text has them.
      lower: The words in lower case.
      mark: The mark after each word, ``[N]``; 0 is no mark.
      capital: 1 for a capital letter, 0 for a small one, -1 for a letter without case, ``[N]``.
    """

    there: list[str]
    lower: list[str]
    mark: np.ndarray
    capital: np.ndarray

    def part(self, rows: slice) -> 'Words':
        """Return some of the words."""
        return Words(self.there[rows], self.lower[rows], self.mark[rows], self.capital[rows])


def read_text(path: Path) -> str:
    """Read a file of text in UTF-8, gzipped if its name ends in ``.gz``.

    Raises:
      ValueError: The file is not text, or holds none.
    """
    content = ''.join(read_lines(path))
    if '\0' in content:
        line = content[: content.index('\0')].count('\n') + 1
        raise ValueError(
            f'{path}, line {line}: the line should be text. Found a zero byte. '
            'Use a file of plain text.'
        )
    if not content.strip():
        raise ValueError(f'{path} should hold text. Found an empty file. Use another file.')
    return content


def words_of(content: str) -> Words:
    """Divide a text into words.

    >>> words_of('To be, or not?').lower, words_of('To be, or not?').mark.tolist()
    (['to', 'be', 'or', 'not'], [0, 2, 0, 5])
    """
    spans = [match.span() for match in _WORD.finditer(content)]
    words = [content[start:end] for start, end in spans]
    ends = [start for start, _ in spans[1:]] + [len(content)] * bool(spans)
    gaps = [content[end:start] for (_, end), start in zip(spans, ends, strict=True)]
    # Most words and gaps occur many times, so each different one is looked at once.
    lower = {word: word.lower().replace('’', "'") for word in set(words)}  # noqa: RUF001
    mark = {gap: _first_mark(gap) for gap in set(gaps)}
    capital = {word: _capital(word[0]) for word in lower}
    return Words(
        words,
        [lower[word] for word in words],
        np.array([mark[gap] for gap in gaps], np.int32),
        np.array([capital[word] for word in words], np.int32),
    )


def _first_mark(gap: str) -> int:
    return next((MARKS.index(c) + 1 for c in gap if c in MARKS), 0)


def _capital(letter: str) -> int:
    """Return 1 for a capital letter, 0 for a small one, and -1 for a letter without case."""
    return int(letter != letter.lower()) if letter.lower() != letter.upper() else -1
