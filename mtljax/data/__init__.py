"""Data sets: tasks and their train, validation and test splits."""

from mtljax.data._arrays import arrays
from mtljax.data._digits import digits
from mtljax.data._mmoe_synthetic import mmoe_synthetic
from mtljax.data._only import only
from mtljax.data._order import batch_indices
from mtljax.data._scenes import scenes
from mtljax.data._split import ArraySplit, array_split

__all__ = [
    'ArraySplit',
    'array_split',
    'arrays',
    'batch_indices',
    'digits',
    'mmoe_synthetic',
    'only',
    'scenes',
]
