"""Turning a user's arrays into arrays that JAX can compute with."""

from typing import Any

import jax
import numpy as np


def to_arrays(name: str, tree: Any) -> Any:
    """Return a tree of NumPy arrays of numbers; a list of numbers becomes one array.

    Raises:
      ValueError: A leaf holds no numbers. The error names the leaf.

    >>> to_arrays('inputs', {'x': [[1, 2], [3, 4]]})['x'].shape
    (2, 2)
    >>> to_arrays('inputs', {'x': ['a', 'b']})
    Traceback (most recent call last):
    ValueError: inputs['x'] should hold numbers. Found dtype <U1, first 'a'.
    """

    def to_array(path, leaf):
        where = name + jax.tree_util.keystr(path)
        try:
            array = np.asarray(leaf)
        except (ValueError, TypeError, RuntimeError) as error:  # the last two are of PyTorch
            raise ValueError(
                f'{where} should be an array. Found: {error}. Pass a NumPy array, for a tensor of '
                'PyTorch tensor.detach().cpu().float().numpy().'
            ) from error
        kind = array.dtype
        if isinstance(leaf, np.ma.MaskedArray) and np.ma.is_masked(leaf):
            raise ValueError(
                f'{where} should be an array without masked entries. Found '
                f'{int(np.ma.getmaskarray(leaf).sum())}. Fill them, or mask the labels with mask=.'
            )
        if kind.kind == 'c':
            raise ValueError(
                f'{where} should hold real numbers. Found dtype {kind}. Pass the real and the '
                'imaginary parts as two features.'
            )
        if kind.kind != 'b' and not jax.dtypes.issubdtype(kind, np.number):
            first = f', first {array.item(0)!r:.40}' if array.size else ''
            raise ValueError(f'{where} should hold numbers. Found dtype {kind}{first}.')
        if 0 in array.shape[1:]:
            raise ValueError(
                f'{where} should hold numbers for every example. Found shape {array.shape}.'
            )
        return _native(array)

    if not jax.tree.leaves(tree):
        raise ValueError(f'{name} should be an array [N, ...] or a tree of them. Found {tree!r}.')
    return jax.tree_util.tree_map_with_path(to_array, tree, is_leaf=_is_list_of_numbers)


def _native(array: np.ndarray) -> np.ndarray:
    """Return the array in the byte order of this machine, and in 64 bits at most."""
    kind = array.dtype
    if kind.kind == 'f' and kind.itemsize > 8:
        return array.astype(np.float64)
    return array if kind.isnative else array.astype(kind.newbyteorder('='))


def _is_list_of_numbers(tree: Any) -> bool:
    if not isinstance(tree, list | tuple) or not tree:
        return False
    return all(_is_list_of_numbers(part) or _is_scalar(part) for part in tree)


def _is_scalar(part: Any) -> bool:
    return isinstance(part, str | bytes) or (part is None) or np.isscalar(part)


def finite(name: str, tree: Any) -> Any:
    """Return the tree in `narrow` dtypes, after checking that all numbers are finite.

    Raises:
      ValueError: A number is not finite. The error names the leaf and the index.
    """

    def checked(path, leaf):
        where = name + jax.tree_util.keystr(path)
        leaf = narrow(where, leaf)
        bad = ~np.isfinite(leaf)
        if bad.any():
            raise ValueError(
                f'{where} should be finite. Found {at_first(leaf, bad)}, and {bad.sum()} such '
                'entries in all.'
            )
        return leaf

    return jax.tree_util.tree_map_with_path(checked, tree)


def narrow(name: str, leaf: np.ndarray) -> np.ndarray:
    """Return a copy in JAX's default dtype of 32 bits.

    Raises:
      ValueError: A number does not fit.
    """
    with np.errstate(over='ignore'):
        copy = leaf.astype(jax.dtypes.canonicalize_dtype(leaf.dtype))
    if leaf.dtype.kind == 'f' and leaf.dtype != copy.dtype:
        large = np.isinf(copy) & np.isfinite(leaf)
        if large.any():
            raise ValueError(
                f'{name} should fit {copy.dtype}. Found {at_first(leaf, large)}, and {large.sum()} '
                'such entries in all. Divide by a constant.'
            )
    if leaf.dtype.kind in 'iu' and not (copy == leaf).all():
        raise ValueError(
            f'{name} should fit {copy.dtype}, the integers of JAX. Found integers up to '
            f'{np.abs(leaf).max()}. Number them from 0.'
        )
    return copy


def at_first(leaf: np.ndarray, bad: np.ndarray) -> str:
    """Describe the first bad entry: its value and its index.

    >>> at_first(np.array([1.0, np.nan]), np.array([False, True]))
    'nan at (1,)'
    """
    index = np.unravel_index(int(bad.argmax()), bad.shape)
    return f'{leaf[index]} at {tuple(map(int, index))}'
