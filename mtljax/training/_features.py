"""Inputs that frozen stages have read already."""

from collections.abc import Callable
from typing import Any, NamedTuple

from mtljax.base import Dataset


class Features(NamedTuple):
    """Inputs that `precompute` has made: the output of frozen stages for each example.

    A type of its own, so that neither an augmentation of images nor a model that reads images takes
    them for such.

    Attributes:
      values: the output of the prefix, ``[B, ...]``.
    """

    values: Any


def check_augment(dataset: Dataset, augment: Callable | None) -> None:
    """Refuse to augment what is no input any more.

    Raises:
      ValueError: it says so.
    """
    if augment is not None and isinstance(dataset.train.example.inputs, Features):
        raise ValueError(
            'Stored features are those of the images as they are: an augmentation would need the '
            'frozen stages at every step. Leave augment out, or train on the images with '
            'module.freeze.'
        )
