"""What the file of a model says about itself."""

import datetime
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

import jax
import numpy as np

from mtljax import answers
from mtljax.base import MultiTask, Task
from mtljax.serving._weights import Weights


def described(
    model: MultiTask, tasks: Mapping[str, Task], chosen: Sequence[str], inputs: Any
) -> dict[str, Any]:
    """Return what the chosen tasks of a model answer, and what it reads, as JSON types."""
    names = [name for name in model.tasks if not chosen or name in chosen]
    return {
        'tasks': {name: dict(answers.of(tasks[name]).description) for name in names},
        'inputs': shapes_of(inputs),
    }


def shapes_of(inputs: Any) -> dict[str, Any]:
    """Return the shapes and dtypes of inputs as JSON types; the number of rows is ``None``.

    >>> shapes_of({'x': np.zeros((2, 3), np.float32)})
    {'x': {'dtype': 'float32', 'shape': [None, 3]}}
    """
    leaves = jax.tree_util.tree_leaves_with_path(inputs)
    return {
        jax.tree_util.keystr(path, simple=True, separator='/') or 'inputs': {
            'dtype': str(np.dtype(leaf.dtype)),
            'shape': [None, *leaf.shape[1:]],
        }
        for path, leaf in leaves
    }


def size_of(weights: Weights, dtype: str = 'float32') -> dict[str, Any]:
    """Return how many weights there are, and how large they are, as JSON types."""
    leaves = weights.values()
    return {
        'dtype': dtype,
        'numbers': sum(leaf.size for leaf in leaves),
        'bytes': sum(leaf.nbytes for leaf in leaves),
    }


def origin() -> dict[str, Any]:
    """Return when and by which versions a file is made, as JSON types."""
    today = datetime.datetime.now(datetime.UTC).date()
    return {
        'versions': {'mtljax': version('mtljax'), 'jax': jax.__version__},
        'created': today.isoformat(),
    }


def check_finite(weights: Weights) -> None:
    """Raise an error if a weight is not finite."""
    for name, leaf in weights.items():
        if np.issubdtype(leaf.dtype, np.floating) and not np.isfinite(leaf).all():
            raise ValueError(
                f'All parameters should be finite. Found others in {name}. The training diverged.'
            )
