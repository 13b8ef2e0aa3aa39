"""Stored features: the inputs of a data set whose frozen stages have already run."""

from collections.abc import Callable
from typing import Any, NamedTuple

from mtljax.base import Dataset


class Features(NamedTuple):
    """The inputs of a data set that `precompute` returns: stored outputs of frozen stages.

    This is a type of its own, so you cannot augment the features or give them to a model for images
    by mistake.

    Attributes:
      values: The output of the frozen stages, ``[B, ...]`` for B examples.
    """

    values: Any


def check_augment(dataset: Dataset, augment: Callable | None) -> None:
    """Raise an error if stored features would be augmented.

    Raises:
      ValueError: ``augment`` is given, and the inputs are stored features.
    """
    if augment is not None and isinstance(dataset.train.example.inputs, Features):
        raise ValueError(
            'augment should be None for stored features, which belong to images that never change. '
            f'Found augment = {augment!r}. Leave augment out, or train on the images with '
            'module.freeze.'
        )
