"""Last phase: the training, validation and test split."""

from collections.abc import Mapping

import numpy as np

from mtljax._shown import shown
from mtljax.data._daily_series.days import DAY
from mtljax.data._daily_series.window import Window
from mtljax.data._splits.array_split import ArraySplit, array_split


def make_splits(
    window: Window, inputs: np.ndarray, targets: Mapping[str, np.ndarray]
) -> list[ArraySplit]:
    """Cut inputs ``[N, D]`` and targets ``[N]`` into the spans of the window.

    Raises:
      ValueError: A series has no value in a split.
    """
    splits = []
    for part, (first, stop) in window.spans.items():
        rows = (window.days >= first) & (window.days < stop)
        known = window.train if part == 'training' else window.known
        masks = dict(zip(window.names, known[rows].T, strict=True))
        for name, mask in masks.items():
            if not mask.any():
                raise ValueError(
                    f'Series {shown(name)} should have a value in the {part} split, {first} to '
                    f'{stop - DAY}. Found none.'
                )
        parts = {name: column[rows] for name, column in targets.items()}
        splits.append(array_split(inputs[rows], parts, masks))
    return splits
