"""What a checkpoint should hold: the names, the shapes and the checksums of its arrays."""

import zlib
from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
import numpy as np

from mtljax.base import PyTree
from mtljax.files import sum_of_json, with_checksum, without_checksum

FORMAT = 1  # of checkpoints; a newer version of mtljax may write a larger number


class NewerFormatError(Exception):
    """A checkpoint was written by a newer version of mtljax.

    Args:
      found: The number of the format of the checkpoint.
    """

    def __init__(self, found: int):
        super().__init__(
            f'The format of a checkpoint should be at most {FORMAT}. Found {found}. '
            'Use a newer version of mtljax.'
        )


class Leaf(NamedTuple):
    """One array of a checkpoint.

    Attributes:
      path: The path of the array in the state.
      dtype: The name of its dtype.
      shape: Its shape.
      sum: The CRC-32 of its bytes.
    """

    path: str
    dtype: str
    shape: tuple[int, ...]
    sum: int

    @property
    def kind(self) -> str:
        """The array without its values, for example ``params/w float32[3]``."""
        return f'{self.path} {self.dtype}{list(self.shape)}'


class Checks(NamedTuple):
    """What is known about the content of a checkpoint.

    Attributes:
      score: The score of the state on the validation split.
      progress: The CRC-32 of the mapping ``progress``.
      leaves: The arrays of the state.
      needs: The step of another checkpoint without which this one is of no use, or None.
    """

    score: float
    progress: int
    leaves: tuple[Leaf, ...]
    needs: int | None = None

    def to_json(self) -> dict[str, Any]:
        """Return a mapping for JSON, which has a checksum of its own."""
        content = {
            'format': FORMAT,
            'score': None if self.score == -np.inf else self.score,
            'progress': self.progress,
            'leaves': [list(leaf) for leaf in self.leaves],
            'needs': self.needs,
        }
        return with_checksum(content)


def from_json(content: Mapping[str, Any]) -> Checks:
    """Undo `Checks.to_json`.

    Raises:
      ValueError: The checksum does not fit.
      NewerFormatError: A newer version of mtljax wrote the checks.
    """
    content = without_checksum(content, required=True)
    if content['format'] > FORMAT:
        raise NewerFormatError(content['format'])
    leaves = [(path, dtype, tuple(shape), sum) for path, dtype, shape, sum in content['leaves']]
    score = -np.inf if content['score'] is None else content['score']
    found = tuple(Leaf(*leaf) for leaf in leaves)
    return Checks(score, content['progress'], found, content.get('needs'))


def checks_of(state: PyTree, progress: Mapping[str, Any], score: float) -> Checks:
    """Return the checks of a tree of NumPy arrays and of its progress.

    >>> checks = checks_of({'w': np.ones(3)}, {'note': 'first'}, 0.5)
    >>> [leaf.kind for leaf in checks.leaves]
    ['w float64[3]']
    >>> from_json(checks.to_json()) == checks
    True
    """
    named = jax.tree_util.tree_leaves_with_path(state)
    leaves = [
        Leaf(name_of(path), str(leaf.dtype), tuple(leaf.shape), sum_of(leaf))
        for path, leaf in named
    ]
    return Checks(score, sum_of_json(progress), tuple(leaves))


def name_of(path: Any) -> str:
    """Return the name of a leaf, which is the same for a named tuple and for a dict."""
    return jax.tree_util.keystr(path, simple=True, separator='/')


def sum_of(array: np.ndarray) -> int:
    """Return the CRC-32 of the bytes of an array."""
    return zlib.crc32(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)
