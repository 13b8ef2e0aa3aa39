"""Plain text: predict the next word, punctuation and capital letters."""

import itertools
from pathlib import Path

from mtljax.base import Dataset
from mtljax.data._reading.paths import as_path, require
from mtljax.data._text.schema import TextSchema
from mtljax.data._text.words import read_text, words_of
from mtljax.options import check_count


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

    An answer has the next word as a text, ``'(other)'`` for an unknown one. A run can answer for
    new texts without the file: see `experiments.predict`.

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
    words = words_of(read_text(file))
    count = len(words.lower)
    ends = [0, count * 8 // 10, count * 9 // 10, count]
    parts = [slice(*pair) for pair in itertools.pairwise(ends)]
    if any(part.stop - part.start <= length for part in parts):
        raise ValueError(
            f'{file}: each split, a tenth of the text or more, should hold more words than '
            f'length = {length}. Found {count} words in all. Reduce length, or use a longer text.'
        )
    schema = TextSchema.fit(words.part(parts[0]), vocabulary, length)
    splits = [schema.split(words.part(part)) for part in parts]
    return Dataset(schema.tasks, *splits, inputs=schema.options, schema=schema.to_json())
