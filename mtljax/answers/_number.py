"""Answers of regressions."""

from collections.abc import Callable, Sequence
from typing import Any

import jax.numpy as jnp

from mtljax.answers._names import check_names
from mtljax.base import Answer
from mtljax.options import check_function


def number(inverse: Callable[[Any], Any] | None = None, unit: str = '') -> Answer:
    """A number in the unit of the user: ``inverse(y)``.

    Args:
      inverse: The function that brings a prediction to this unit; see `Task`. None changes nothing.
      unit: The name of the unit.

    Raises:
      ValueError: ``inverse`` is no function, or ``unit`` is no text.

    >>> number(lambda y: 10 * y + 200, 'EUR').apply(jnp.array([1.5]))['value'].tolist()
    [215.0]
    """
    return numbers((), inverse, unit)


def numbers(
    names: Sequence[Any] = (), inverse: Callable[[Any], Any] | None = None, unit: str = ''
) -> Answer:
    """Several numbers in the unit of the user, ``[B, ..., K]``: ``inverse(y)``.

    Args:
      names: The names of the K numbers, such as the days of a forecast. By default they have none.
      inverse: The function that brings a prediction to this unit; see `Task`. None changes nothing.
      unit: The name of the unit.

    Raises:
      ValueError: Two names are the same, ``inverse`` is no function, or ``unit`` is no text.

    >>> numbers(['monday', 'tuesday']).description['parts']['value']['axis']
    ['monday', 'tuesday']
    """
    check_function('inverse', inverse)
    if not isinstance(unit, str):
        raise ValueError(f'unit should be a text. Found unit = {unit!r:.200}.')
    listed = check_names('names', names, 0)

    def apply(prediction):
        values = prediction if inverse is None else inverse(prediction)
        return {'value': jnp.asarray(values, jnp.float32)}

    part = ({'axis': listed} if listed else {}) | ({'unit': unit} if unit else {})
    return Answer(apply, {'kind': 'number', 'parts': {'value': part}})
