"""Checks of option values. All error messages have the same form."""

import numbers
from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy as np
from jax.typing import ArrayLike

_LARGEST, _LARGEST_SEED = 2**31 - 1, 2**32 - 1
PerTask = ArrayLike | Sequence[Any]
"""One number for all tasks, or one number per task in an array, a list or a tuple."""


def check_option(
    name: str, value: Any, expected: str, holds: Callable[..., Any] = np.isfinite, *, ndim: int = 0
) -> None:
    """Raise an error if an option is no finite number, has too many axes, or breaks a rule.

    Numbers, lists, tuples and NumPy arrays of numbers are checked. JAX arrays and tracers always
    pass, so that an option can be an argument of a traced function. Whole numbers should fit 32
    bits, as the integers of JAX do.

    Args:
      name: The name of the option.
      value: The value of the option.
      expected: The allowed values in words, for the message.
      holds: The rule: a function that gets the value as a NumPy array, and returns booleans. If one
        of them is False, the value is not allowed.
      ndim: The largest number of axes of the value that is allowed.

    Raises:
      ValueError: The value is not allowed. The message says what it should be, and what was found.

    >>> check_option('scale', -1, 'a finite number > 0', lambda value: value > 0)
    Traceback (most recent call last):
    ValueError: scale should be a finite number > 0. Found scale = -1.
    """
    if isinstance(value, jax.Array) or (
        isinstance(value, list | tuple) and any(isinstance(part, jax.Array) for part in value)
    ):
        return
    array = _numbers(value)
    if array is not None and _is_large(array):
        raise ValueError(
            f'{name} should be {expected}, and a whole number should fit 32 bits. '
            f'Found {name} = {value!r:.200}. Write it as a float.'
        )
    if array is None or array.ndim > ndim or not np.all(holds(array)):
        raise ValueError(f'{name} should be {expected}. Found {name} = {value!r:.200}.')


def _numbers(value: Any) -> np.ndarray | None:
    """Return finite numbers as an array; None if the value holds something else."""
    if not isinstance(value, numbers.Real | list | tuple | np.ndarray | np.generic):
        return None
    try:
        array = np.asarray(value)
    except ValueError:  # lists of different lengths
        return None
    if jax.dtypes.issubdtype(array.dtype, np.floating):
        array = array.astype(np.float64)  # also bfloat16, which NumPy does not know
    if array.dtype.kind not in 'biuf' or not np.isfinite(array).all():
        return None
    return array


def _is_large(array: np.ndarray) -> bool:
    whole = array.dtype.kind in 'iu' and array.size > 0
    return whole and (array.max() > _LARGEST or array.min() < -_LARGEST)


def check_count(name: str, value: Any, least: int, *, most: int = _LARGEST) -> None:
    """Raise an error unless an option is a whole number from ``least`` to ``most``.

    >>> check_count('k', 2.5, 1)
    Traceback (most recent call last):
    ValueError: k should be a whole number >= 1. Found k = 2.5.
    """

    def holds(array):
        return np.issubdtype(array.dtype, np.integer) & (array >= least) & (array <= most)

    large = isinstance(value, int | np.integer) and value > most
    expected = f'from {least} to {most}' if large else f'>= {least}'
    check_option(name, value, f'a whole number {expected}', holds)


def check_optional_count(name: str, value: Any) -> None:
    """Raise an error unless an option is None or a whole number >= 1.

    >>> check_optional_count('size', 0)
    Traceback (most recent call last):
    ValueError: size should be a whole number >= 1. Found size = 0.
    """
    if value is not None:
        check_count(name, value, 1)


def check_flag(name: str, value: Any) -> None:
    """Raise a ValueError unless the value is True or False.

    >>> check_flag('stratify', 'no')
    Traceback (most recent call last):
    ValueError: stratify should be True or False. Found stratify = 'no'.
    """
    if not isinstance(value, bool | np.bool_):
        raise ValueError(f'{name} should be True or False. Found {name} = {value!r}.')


def check_seed(name: str, value: Any) -> None:
    """Raise a ValueError unless the value is a seed, a whole number from 0 to 2^32 - 1.

    >>> check_seed('seed', -1)
    Traceback (most recent call last):
    ValueError: seed should be a whole number from 0 to 4294967295. Found seed = -1.
    """
    whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not whole or not 0 <= value <= _LARGEST_SEED:
        raise ValueError(
            f'{name} should be a whole number from 0 to {_LARGEST_SEED}. '
            f'Found {name} = {value!r:.200}.'
        )


def check_seeds(seeds: Any) -> None:
    """Raise a ValueError unless these are one or more different seeds; see `check_seed`.

    >>> check_seeds([0, 0])
    Traceback (most recent call last):
    ValueError: seeds should be one or more different seeds. Found seeds = [0, 0].
    """
    known = isinstance(seeds, Sequence) and not isinstance(seeds, str)
    for seed in seeds if known else ():
        check_seed('seed', seed)
    if not known or not seeds or len(set(seeds)) < len(seeds):
        raise ValueError(
            f'seeds should be one or more different seeds. Found seeds = {seeds!r:.200}.'
        )


def check_function(name: str, value: Any) -> None:
    """Raise a ValueError unless the value is None or can be called.

    >>> check_function('select', 3)
    Traceback (most recent call last):
    ValueError: select should be a function or None. Found select = 3.
    """
    if value is not None and not callable(value):
        raise ValueError(f'{name} should be a function or None. Found {name} = {value!r:.200}.')


def check_sizes(name: str, value: Any, least: int = 1) -> None:
    """Raise an error unless an option is a sequence of ``least`` or more whole numbers >= 1.

    >>> check_sizes('widths', 64)
    Traceback (most recent call last):
    ValueError: widths should be 1 or more whole numbers >= 1, in a sequence. Found widths = 64.
    """
    known = isinstance(value, Sequence | np.ndarray) and not isinstance(value, str)
    if not known or len(value) < least or not all(_is_size(size) for size in value):
        raise ValueError(
            f'{name} should be {least} or more whole numbers >= 1, in a sequence. '
            f'Found {name} = {value!r:.200}.'
        )


def check_share(name: str, value: Any) -> None:
    """Raise an error if an option is outside ``[0, 1)``; see `check_option`.

    >>> check_share('dropout', 1.0)
    Traceback (most recent call last):
    ValueError: dropout should be in [0, 1). Found dropout = 1.0.
    """
    check_option(name, value, 'in [0, 1)', lambda array: (array >= 0) & (array < 1))


def check_fraction(name: str, value: Any, *, ndim: int = 0) -> None:
    """Raise an error if an option is outside ``[0, 1]``; see `check_option`.

    >>> check_fraction('leak', 1.5)
    Traceback (most recent call last):
    ValueError: leak should be in [0, 1]. Found leak = 1.5.
    """
    check_option(name, value, 'in [0, 1]', lambda array: (array >= 0) & (array <= 1), ndim=ndim)


def check_positive(name: str, value: Any) -> None:
    """Raise an error if an option is not above 0; see `check_option`.

    >>> check_positive('temperature', 0)
    Traceback (most recent call last):
    ValueError: temperature should be a finite number > 0. Found temperature = 0.
    """
    check_option(name, value, 'a finite number > 0', lambda array: array > 0)


def check_not_negative(name: str, value: Any) -> None:
    """Raise an error if an option is below 0; see `check_option`.

    >>> check_not_negative('ridge', -1)
    Traceback (most recent call last):
    ValueError: ridge should be a finite number >= 0. Found ridge = -1.
    """
    check_option(name, value, 'a finite number >= 0', lambda array: array >= 0)


def check_weights(name: str, value: Any) -> None:
    """Raise an error unless an option is a list of numbers >= 0; see `check_option`.

    >>> check_weights('preference', [1, -1])
    Traceback (most recent call last):
    ValueError: preference should be T finite numbers >= 0. Found preference = [1, -1].
    """

    def holds(array):
        return (array.ndim == 1) & (array >= 0)

    check_option(name, value, 'T finite numbers >= 0', holds, ndim=1)


def check_one_per_task(name: str, value: Any, num_tasks: int, *, or_one: bool = False) -> None:
    """Raise an error unless an option is a list with one value per task.

    Args:
      name: The name of the option.
      value: The value of the option.
      num_tasks: The number of tasks.
      or_one: Whether one number for all tasks is allowed too.

    >>> check_one_per_task('scale', [1, 2], 3)
    Traceback (most recent call last):
    ValueError: scale should be one per task, 3. Found scale = [1, 2].
    """
    shape = np.shape(value)
    if shape != (num_tasks,) and not (or_one and shape == ()):
        raise ValueError(f'{name} should be one per task, {num_tasks}. Found {name} = {value!r}.')


def _is_size(value: Any) -> bool:
    whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    return bool(whole and 1 <= value <= _LARGEST)
