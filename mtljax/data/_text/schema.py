"""What was learnt about a text: enough to encode new texts without the text itself."""

import collections
import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import optax

from mtljax import answers, heads, metrics
from mtljax._shown import shown
from mtljax.base import Task
from mtljax.data._splits.array_split import ArraySplit, array_split
from mtljax.data._table.checks import are_texts
from mtljax.data._text.words import MARKS, Words

_KIND, _FORMAT, _LONGEST = 'text', 1, 1 << 20
_UNKNOWN, _OTHER = 0, '(other)'  # no word has brackets


@dataclass(frozen=True)
class TextSchema:
    """The known words of a text, and the length of a sequence.

    Attributes:
      words: The known words in lower case, in the order of their numbers, which begin with 1. All
        other words have the number 0.
      length: The number of words in a sequence.
    """

    words: tuple[str, ...]
    length: int

    @classmethod
    def fit(cls, words: Words, vocabulary: int, length: int) -> 'TextSchema':
        """Number the most frequent words."""
        ranks = collections.Counter(words.lower).most_common(vocabulary)
        return cls(tuple(word for word, _ in ranks), length)

    @property
    def tasks(self) -> dict[str, Task]:
        """The tasks; see `text`."""
        cross_entropy = optax.softmax_cross_entropy_with_integer_labels
        accuracy, names = {'accuracy': metrics.accuracy()}, (_OTHER, *self.words)
        return {
            'next_word': Task(
                heads.token(len(names)), cross_entropy, accuracy, answer=answers.classes(names)
            ),
            'punctuation': Task(
                heads.token(len(MARKS) + 1),
                cross_entropy,
                accuracy,
                answer=answers.classes(('none', *MARKS)),
            ),
            'capital': Task(
                heads.token(), optax.sigmoid_binary_cross_entropy, {'f1': metrics.f1()}
            ),
        }

    @property
    def options(self) -> dict[str, Any]:
        """The options of `backbones.transformer` for these inputs."""
        return {'vocabulary': len(self.words) + 1, 'max_length': self.length, 'causal': True}

    @functools.cached_property
    def _numbers(self) -> dict[str, int]:
        return {word: number for number, word in enumerate(self.words, 1)}

    def encode(self, words: Words) -> np.ndarray:
        """Return the numbers of N words, int32 ``[N]``; 0 for an unknown word."""
        return np.array([self._numbers.get(word, _UNKNOWN) for word in words.lower], np.int32)

    def sequences(self, words: Words) -> np.ndarray:
        """Return N words in sequences, int32 ``[ceil(N / length), length]``, filled up with 0.

        >>> from mtljax.data._text.words import words_of
        >>> TextSchema(('a', 'b'), 2).sequences(words_of('b a! c')).tolist()
        [[2, 1], [0, 0]]
        """
        ids = self.encode(words)
        rest = -len(ids) % self.length
        return np.concatenate([ids, np.zeros(rest, np.int32)]).reshape(-1, self.length)

    def split(self, words: Words) -> ArraySplit:
        """Return the sequences of words as examples with labels; the last word is only a label."""
        ids = self.encode(words)
        count = (len(ids) - 1) // self.length
        following = ids[1:]
        rows = {'ids': ids, 'next_word': following}
        rows |= {'punctuation': words.mark, 'capital': words.capital}
        whole = count * self.length
        rows = {name: row[:whole].reshape(count, self.length) for name, row in rows.items()}
        masks = {'next_word': rows['next_word'] != _UNKNOWN, 'capital': rows['capital'] >= 0}
        rows['capital'] = np.maximum(rows['capital'], 0)
        return array_split(rows.pop('ids'), rows, masks)

    def differences(self, other: 'TextSchema') -> list[str]:
        """Return what differs in another schema, in phrases."""
        found = [] if self.words == other.words else ['other known words']
        if self.length != other.length:
            found.append(f'sequences of {self.length} words there, of {other.length} here')
        return found

    def to_json(self) -> dict[str, Any]:
        """Return the schema as JSON types, for `from_json`."""
        words = list(self.words)
        return {'format': _FORMAT, 'kind': _KIND, 'words': words, 'length': self.length}

    @classmethod
    def describes(cls, content: Any) -> bool:
        """Return whether JSON types describe a schema of a text, and not of a table."""
        return isinstance(content, Mapping) and content.get('kind') == _KIND

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> 'TextSchema':
        """Return the schema that `to_json` described.

        Raises:
          ValueError: This is no schema of a text, or a newer version of mtljax wrote it.

        >>> schema = TextSchema(('a', 'b'), 2)
        >>> TextSchema.from_json(schema.to_json()) == schema
        True
        """
        number = content.get('format')
        if isinstance(number, int) and number > _FORMAT:
            raise ValueError(
                f'The format of the schema should be at most {_FORMAT}. Found {number}. '
                'Use a newer version of mtljax.'
            )
        words, length = content.get('words'), content.get('length')
        known = isinstance(words, list) and are_texts(words) and _OTHER not in words
        if not known or len(set(words)) < len(words) or not words:
            raise ValueError(f'The schema should hold different words. Found {shown(words)}.')
        if type(length) is not int or not 0 < length <= _LONGEST:
            raise ValueError(f'length should be a number of words. Found {shown(length)}.')
        return cls(tuple(words), length)
