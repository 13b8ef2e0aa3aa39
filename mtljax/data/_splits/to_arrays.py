"""A user's arrays as those that JAX computes with."""

from typing import Any

import jax
import numpy as np


def to_arrays(name: str, tree: Any) -> Any:
    """A tree of NumPy arrays of numbers; a list of numbers is an array, and no tree.

    Raises:
      ValueError: what holds no numbers; it says which leaf of ``name``.

    >>> to_arrays('inputs', {'x': [[1, 2], [3, 4]]})['x'].shape
    (2, 2)
    >>> to_arrays('inputs', {'x': ['a', 'b']})
    Traceback (most recent call last):
    ValueError: inputs['x'] should hold numbers. Found dtype <U1, first 'a'.
    """

    def one(path, leaf):
        where = name + jax.tree_util.keystr(path)
        try:
            array = np.asarray(leaf)
        except ValueError as error:
            raise ValueError(f'{where} is no array: {error}') from error
        kind = array.dtype
        if kind.kind != 'b' and not jax.dtypes.issubdtype(kind, np.number):
            first = f', first {array.item(0)!r:.40}' if array.size else ''
            raise ValueError(f'{where} should hold numbers. Found dtype {kind}{first}.')
        return array

    return jax.tree_util.tree_map_with_path(one, tree, is_leaf=_is_list_of_numbers)


def _is_list_of_numbers(tree: Any) -> bool:
    if not isinstance(tree, list | tuple) or not tree:
        return False
    return all(_is_list_of_numbers(part) or _is_scalar(part) for part in tree)


def _is_scalar(part: Any) -> bool:
    return isinstance(part, str | bytes) or (part is None) or np.isscalar(part)


def finite(name: str, tree: Any) -> Any:
    """The tree in `narrow` dtypes.

    Raises:
      ValueError: a number that is not finite; it says which leaf of ``name``, and where.
    """

    def one(path, leaf):
        where = name + jax.tree_util.keystr(path)
        leaf = narrow(where, leaf)
        bad = ~np.isfinite(leaf)
        if bad.any():
            raise ValueError(
                f'{where} should be finite. Found {at_first(leaf, bad)}, and {bad.sum()} such '
                'entries in all.'
            )
        return leaf

    return jax.tree_util.tree_map_with_path(one, tree)


def narrow(name: str, leaf: np.ndarray) -> np.ndarray:
    """A copy in the dtype that JAX keeps by default: 32 bits; too large floats become infinite.

    Raises:
      ValueError: integers that do not fit.
    """
    with np.errstate(over='ignore'):
        found = leaf.astype(jax.dtypes.canonicalize_dtype(leaf.dtype))
    if leaf.dtype.kind in 'iu' and not (found == leaf).all():
        raise ValueError(
            f'{name}: integers up to {np.abs(leaf).max()} do not fit {found.dtype}, which JAX '
            'computes with: number them from 0.'
        )
    return found


def at_first(leaf: np.ndarray, bad: np.ndarray) -> str:
    """The first of the entries that are bad, and its index.

    >>> at_first(np.array([1.0, np.nan]), np.array([False, True]))
    'nan at (1,)'
    """
    index = np.unravel_index(int(bad.argmax()), bad.shape)
    return f'{leaf[index]} at {tuple(map(int, index))}'
