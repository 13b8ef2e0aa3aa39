"""The types of values in the Open Inference Protocol."""

import math
from collections.abc import Sequence
from itertools import chain
from typing import Any

import jax.numpy as jnp
import numpy as np

BYTES = 'BYTES'
_NUMPY = {
    'BOOL': np.dtype(np.bool_),
    **{
        f'{sign}INT{bits}': np.dtype(f'{sign}int{bits}'.lower())
        for sign in ('', 'U')
        for bits in (8, 16, 32, 64)
    },
    **{f'FP{bits}': np.dtype(f'float{bits}') for bits in (16, 32, 64)},
    'BF16': np.dtype(jnp.bfloat16),
}
_NAMES = {dtype: name for name, dtype in _NUMPY.items()}
KNOWN = (BYTES, *_NUMPY)
_LENGTH = 4  # bytes that hold the length of a text


def datatype_of(dtype: Any) -> str:
    """Return the name of a type of NumPy.

    Raises:
      ValueError: The protocol has no such type.

    >>> datatype_of(np.float32)
    'FP32'
    """
    found = _NAMES.get(np.dtype(dtype))
    if found is None:
        raise ValueError(f'The inputs should have a type of {[*_NUMPY]}. Found {dtype}.')
    return found


def dtype_of(datatype: str) -> np.dtype:
    """Return the type of NumPy with this name."""
    return _NUMPY[datatype]


def from_values(datatype: str, values: Any, shape: Sequence[int]) -> np.ndarray:
    """Return the array that JSON describes, flat or nested. None stands for a missing value.

    Args:
      datatype: The name of the type.
      values: The values, in the order of the rows.
      shape: The shape.

    Raises:
      ValueError: The values do not fit the shape or the type.

    >>> from_values('FP32', [[1, 2.5], [None, 3]], [2, 2]).tolist()
    [[1.0, 2.5], [nan, 3.0]]
    """
    flat = _flat(values, shape)
    accepted = _accepted(datatype)
    for at, value in enumerate(flat):
        if type(value) not in accepted:
            raise ValueError(f'values of the type {datatype}. Found another one at place {at}')
    if datatype == BYTES:
        array = np.empty(len(flat), object)
        array[:] = flat
        return array.reshape(shape)
    if None in flat:
        flat = [math.nan if value is None else value for value in flat]
    try:
        with np.errstate(over='ignore'):
            return (
                np.array(flat, np.float64 if 'F' in datatype else _NUMPY[datatype])
                .astype(_NUMPY[datatype])
                .reshape(shape)
            )
    except OverflowError as error:
        raise ValueError(f'values that fit {datatype}. Found a larger one') from error


def _accepted(datatype: str) -> tuple[type, ...]:
    if datatype == BYTES:
        return str, type(None)
    if datatype == 'BOOL':
        return (bool,)
    return (int,) if 'INT' in datatype else (int, float, type(None))


def _flat(values: Any, shape: Sequence[int]) -> list[Any]:
    size = math.prod(shape)
    if not isinstance(values, list):
        raise ValueError('a list of values')
    if len(shape) > 1 and values and isinstance(values[0], list):
        for length in shape[1:]:
            if not all(isinstance(inner, list) and len(inner) == length for inner in values):
                raise ValueError('lists that fit the shape')
            values = list(chain.from_iterable(values))
    if len(values) != size:
        raise ValueError(f'{size} values. Found {len(values)}')
    return values


def from_bytes(datatype: str, content: memoryview, shape: Sequence[int]) -> np.ndarray:
    """Return the array that bytes hold, in the order of the rows, with the smallest byte first.

    A text is preceded by its length, a whole number of four bytes.

    Raises:
      ValueError: The bytes do not fit the shape or the type.

    >>> from_bytes('INT16', memoryview(bytes([1, 0, 2, 0])), [2]).tolist()
    [1, 2]
    """
    size = math.prod(shape)
    if datatype == BYTES:
        texts = _texts(content, size)
        array = np.empty(len(texts), object)
        array[:] = texts
        return array.reshape(shape)
    dtype = _NUMPY[datatype]
    if len(content) != size * dtype.itemsize:
        raise ValueError(f'{size * dtype.itemsize} bytes. Found {len(content)}')
    array = np.frombuffer(content, np.uint8 if datatype == 'BOOL' else dtype)
    return array.astype(dtype).reshape(shape)


def _texts(content: memoryview, size: int) -> list[str]:
    texts, start = [], 0
    for number in range(size):
        first = start + _LENGTH
        start = first + int.from_bytes(content[start:first], 'little')
        if start > len(content) or first > len(content):
            raise ValueError(f'{size} texts. Found only {number} whole ones')
        try:
            texts.append(str(content[first:start], 'utf-8'))
        except UnicodeDecodeError as error:
            raise ValueError(f'texts in UTF-8. Found others at place {number}') from error
    if start != len(content):
        raise ValueError(f'{size} texts. Found {len(content) - start} more bytes')
    return texts


def to_bytes(datatype: str, array: np.ndarray) -> bytes:
    r"""Return the bytes of an array, as `from_bytes` reads them.

    >>> to_bytes('BYTES', np.array(['ab'], object))
    b'\x02\x00\x00\x00ab'
    """
    if datatype != BYTES:
        return array.astype(_NUMPY[datatype]).tobytes()
    texts = [text.encode('utf-8', 'replace') for text in array.ravel()]
    return b''.join(len(text).to_bytes(_LENGTH, 'little') + text for text in texts)
