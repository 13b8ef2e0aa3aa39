"""Plain text: predict the next word, punctuation and capital letters."""

import collections
import itertools
import re
from pathlib import Path
from typing import NamedTuple

import numpy as np
import optax

from mtljax import answers, heads, metrics
from mtljax.base import Dataset, Task
from mtljax.data._reading.open import read_lines
from mtljax.data._reading.paths import as_path, require
from mtljax.data._splits.array_split import ArraySplit, array_split
from mtljax.options import check_count

_MARKS = '.,;:?!'
_WORD = re.compile(r"\d+(?:[.,:]\d+)+|[^\W_]+(?:['’-][^\W_]+)*")  # noqa: RUF001 - both apostrophes
_UNKNOWN = 0


class _Words(NamedTuple):
    """The words of a text.

    Attributes:
      lower: The N words in lower case.
      mark: The mark after each word, ``[N]``; 0 is no mark.
      capital: 1 for a capital letter, 0 for a small one, -1 for a letter without case, ``[N]``.
    """

    lower: list[str]
    mark: np.ndarray
    capital: np.ndarray


def text(path: str | Path, *, length: int = 32, vocabulary: int = 10_000) -> Dataset:
    """A text file, with the tasks ``'next_word'``, ``'punctuation'`` and ``'capital'``.

    The file is UTF-8 text. It is gzipped if its name ends in ``.gz``. The text is divided into
    words, in lower case and without punctuation marks. The words are divided into sequences of
    ``length`` words; a last sequence that is not full is left out. The first 80 percent of the
    words are the training split, the next 10 percent are the validation split, and the last 10
    percent are the test split.

    Inputs are int32 ``[B, length]``. The most frequent words of the training split have the numbers
    1 to ``vocabulary``, and all other words are 0. Targets are ``[B, length]``:

    - ``'next_word'``: the next word. An unknown word has no label.
    - ``'punctuation'``: the first mark between this word and the next one. The marks
      ``. , ; : ? !`` are 1 to 6, and 0 means that there is no mark.
    - ``'capital'``: whether the word begins with a capital letter. A number has no label. A word in
      a script without capital letters has no label either.

    A model must not see later words. The attribute ``inputs`` of the data set holds options for
    `backbones.transformer` that ensure this:
    ``{'vocabulary': ..., 'max_length': length, 'causal': True}``.

    Args:
      path: The file.
      length: The number of words in a sequence.
      vocabulary: The largest number of words that get their own number.

    Raises:
      FileNotFoundError: The file does not exist.
      ValueError: An option is out of range, the file is not text, or the text is too short: each
        split needs more than ``length`` words.

    >>> import tempfile
    >>> from pathlib import Path
    >>> path = Path(tempfile.mkdtemp(), 'play.txt')
    >>> _ = path.write_text('To be, or not to be: that is the question. ' * 20)
    >>> dataset = text(path, length=4)
    >>> # The text has 8 different words. The number 0 is for all other words.
    >>> dataset.train.arrays.inputs[:3].tolist(), dataset.inputs['vocabulary']
    ([[1, 2, 3, 4], [1, 2, 5, 6], [7, 8, 1, 2]], 9)
    >>> dataset.train.arrays.targets['punctuation'][:3].tolist()
    [[0, 2, 0, 0], [0, 4, 0, 0], [0, 1, 0, 2]]
    """
    check_count('length', length, 1)
    check_count('vocabulary', vocabulary, 1)
    file = require(as_path(path), 'a file of text', 'Any text will do: it is yours.')
    words = _words(_content(file))
    count = len(words.lower)
    ends = [0, count * 8 // 10, count * 9 // 10, count]
    parts = [slice(*pair) for pair in itertools.pairwise(ends)]
    if any(part.stop - part.start <= length for part in parts):
        raise ValueError(
            f'{file}: each split, a tenth of the text or more, should hold more words than '
            f'length = {length}. Found {count} words in all. Reduce length, or use a longer text.'
        )
    ranks = collections.Counter(words.lower[parts[0]]).most_common(vocabulary)
    numbers = {word: number for number, (word, _) in enumerate(ranks, 1)}
    ids = np.array([numbers.get(word, _UNKNOWN) for word in words.lower], np.int32)
    inputs = {'vocabulary': len(numbers) + 1, 'max_length': length, 'causal': True}
    splits = [_split(ids[part], words.mark[part], words.capital[part], length) for part in parts]
    return Dataset(_tasks(len(numbers) + 1), *splits, inputs=inputs)


def _content(path: Path) -> str:
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


def _words(content: str) -> _Words:
    spans = [match.span() for match in _WORD.finditer(content)]
    words = [content[start:end] for start, end in spans]
    ends = [start for start, _ in spans[1:]] + [len(content)] * bool(spans)
    gaps = [content[end:start] for (_, end), start in zip(spans, ends, strict=True)]
    # Most words and gaps occur many times, so each different one is looked at once.
    lower = {word: word.lower().replace('’', "'") for word in set(words)}  # noqa: RUF001
    mark = {gap: _first_mark(gap) for gap in set(gaps)}
    capital = {word: _capital(word[0]) for word in lower}
    return _Words(
        [lower[word] for word in words],
        np.array([mark[gap] for gap in gaps], np.int32),
        np.array([capital[word] for word in words], np.int32),
    )


def _first_mark(gap: str) -> int:
    return next((_MARKS.index(c) + 1 for c in gap if c in _MARKS), 0)


def _capital(letter: str) -> int:
    """Return 1 for a capital letter, 0 for a small one, and -1 for a letter without case."""
    return int(letter != letter.lower()) if letter.lower() != letter.upper() else -1


def _split(ids, mark, capital, length: int) -> ArraySplit:
    count = (len(ids) - 1) // length
    following = ids[1:]
    rows = {'ids': ids, 'next_word': following, 'punctuation': mark, 'capital': capital}
    rows = {name: row[: count * length].reshape(count, length) for name, row in rows.items()}
    masks = {'next_word': rows['next_word'] != _UNKNOWN, 'capital': rows['capital'] >= 0}
    rows['capital'] = np.maximum(rows['capital'], 0)
    return array_split(rows.pop('ids'), rows, masks)


def _tasks(vocabulary: int) -> dict[str, Task]:
    cross_entropy = optax.softmax_cross_entropy_with_integer_labels
    accuracy = {'accuracy': metrics.accuracy()}
    return {
        'next_word': Task(heads.token(vocabulary), cross_entropy, accuracy),
        'punctuation': Task(
            heads.token(len(_MARKS) + 1),
            cross_entropy,
            accuracy,
            answer=answers.classes(('none', *_MARKS)),
        ),
        'capital': Task(heads.token(), optax.sigmoid_binary_cross_entropy, {'f1': metrics.f1()}),
    }
