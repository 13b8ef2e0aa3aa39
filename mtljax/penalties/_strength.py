"""The strength of a penalty: one number for all stages of a network, or one number per stage."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import jax.numpy as jnp
from jax.typing import ArrayLike

from mtljax.base import Array
from mtljax.options import check_option

Strength = ArrayLike | Sequence[ArrayLike] | Mapping[str, ArrayLike]
"""One number for all stages, a list with one number per stage, or ``{stage: number}``."""

_EXPECTED = 'a finite number >= 0, or one per stage'


def check_strength(strength: Any) -> None:
    """Raise an error unless a penalty strength is a number >= 0, or one such number per stage.

    JAX arrays and tracers are not checked.

    >>> check_strength({'stage0': -1.0})
    Traceback (most recent call last):
    ValueError: strength should be a finite number >= 0, or one per stage. Found strength = -1.0.
    """
    if isinstance(strength, Mapping | list | tuple):
        each = strength.values() if isinstance(strength, Mapping) else strength
        for number in each:
            check_option('strength', number, _EXPECTED, lambda array: array >= 0)
    elif callable(strength):
        raise ValueError(
            f'strength should be a number. Found strength = {strength!r}. '
            'For a schedule, wrap the penalty: '
            'optax.inject_hyperparams(penalties.l2)(strength=schedule).'
        )
    elif strength is None or isinstance(strength, str) or jnp.ndim(strength) > 1:
        raise ValueError(f'strength should be {_EXPECTED}. Found strength = {strength!r}.')
    else:
        check_option('strength', strength, _EXPECTED, lambda array: array >= 0, ndim=1)


def strength_by_stage(strength: Strength, paths: Iterable[str]) -> dict[str, ArrayLike]:
    """The strength of every stage, ``{stage: strength}``.

    A stage is the first key of a path, such as ``'stage2'`` for ``'stage2/kernel'``. If the
    strength is a mapping, the result holds only the stages that the mapping names.

    Args:
      strength: One number for all stages, a mapping ``{stage: number}``, or a list or an array with
        one number per stage, in the order of the stages.
      paths: The paths of all leaves.

    Raises:
      ValueError: The mapping names a stage that does not exist, or the list does not have one
        number per stage.

    >>> paths = ['stage10/kernel', 'stage2/kernel', 'stage2/bias']
    >>> strength_by_stage([0.1, 0.2], paths)
    {'stage2': 0.1, 'stage10': 0.2}
    >>> strength_by_stage({'stage1': 0.1}, paths)
    Traceback (most recent call last):
    ValueError: strength should name only the stages ['stage2', 'stage10']. Found ['stage1'].
    """
    stages = sorted({path.split('/')[0] for path in paths}, key=_natural)
    if isinstance(strength, Mapping):
        unknown = sorted(set(strength) - set(stages))
        if unknown:
            raise ValueError(f'strength should name only the stages {stages}. Found {unknown}.')
        return dict(strength)
    numbers: Any = strength
    if not isinstance(numbers, list | tuple) and jnp.ndim(numbers) == 0:
        return dict.fromkeys(stages, numbers)
    if len(numbers) != len(stages):
        raise ValueError(
            f'strength should be one number, or one for each of the stages {stages}. '
            f'Found strength = {strength}.'
        )
    return dict(zip(stages, numbers, strict=True))


def scaled(strength: ArrayLike, value: Array) -> Array:
    """``strength * value``, but 0 if the strength is 0, even if the value is not finite.

    >>> scaled(0.0, jnp.array([jnp.inf, 2.0])).tolist()
    [0.0, 0.0]
    """
    factor = jnp.asarray(strength, value.dtype)
    return jnp.where(factor == 0, 0, factor * value)


def _natural(name: str) -> list[Any]:
    """A key for sorting that puts stage2 before stage10."""
    return [int(part) if part.isdigit() else part for part in re.split(r'(\d+)', name)]
