"""Tensors in PyTorch files. A tensor is a view of a storage."""

import functools
import math
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import numpy as np

_KINDS = {
    'Double': np.float64,
    'Float': np.float32,
    'Half': np.float16,
    'BFloat16': jnp.bfloat16,
    'Long': np.int64,
    'Int': np.int32,
    'Short': np.int16,
    'Char': np.int8,
    'Byte': np.uint8,
    'Bool': np.bool_,
    'ComplexFloat': np.complex64,
    'ComplexDouble': np.complex128,
}
STORAGES = {f'torch.{kind}Storage': np.dtype(dtype) for kind, dtype in _KINDS.items()}
STORAGES['torch.storage.UntypedStorage'] = np.dtype(np.uint8)
DTYPES = {f'torch.{np.dtype(dtype).name}': np.dtype(dtype) for dtype in _KINDS.values()}
DTYPES |= {f'torch.uint{bits}': np.dtype(f'uint{bits}') for bits in (16, 32, 64)}
DTYPES |= {
    f'torch.{dtype.__name__}': np.dtype(dtype) for dtype in (jnp.float8_e4m3fn, jnp.float8_e5m2)
}
_MOST_AXES = 32
_LONGEST = 2**48


@dataclass(eq=False)
class Storage:
    """A row of little-endian values, which several tensors may use."""

    dtype: np.dtype
    numel: int
    data: Any = None

    @property
    def nbytes(self) -> int:
        """The size of the values in bytes."""
        return self.numel * self.dtype.itemsize

    @functools.cached_property
    def truth(self) -> np.ndarray:
        """The bytes as booleans, one array for all tensors. A byte that is not 0 is True."""
        return np.frombuffer(self.data, np.uint8) != 0


@dataclass(frozen=True, eq=False)
class Tensor:
    """A view of a storage. Offset, shape and strides count elements of ``dtype``."""

    storage: Storage
    dtype: np.dtype
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    @property
    def nbytes(self) -> int:
        """The size of a copy in bytes."""
        return math.prod(self.shape) * self.dtype.itemsize

    def array(self) -> np.ndarray:
        """A read-only view of the storage."""
        whole = self.dtype.itemsize * (self.storage.nbytes // self.dtype.itemsize)
        values = np.frombuffer(self.storage.data, np.uint8)[:whole]
        values = self.storage.truth if self.dtype == bool else values.view(self.dtype)
        moves = all(self.shape)  # the stride of an axis of 0 or 1 entries may be any number
        steps = [
            stride * self.dtype.itemsize if moves and n > 1 else 0
            for n, stride in zip(self.shape, self.strides, strict=True)
        ]
        return np.lib.stride_tricks.as_strided(
            values[self.offset :], self.shape, steps, writeable=False
        )


def tensor(storage: Any, offset: Any, shape: Any, strides: Any, dtype: Any = None) -> Tensor:
    """A tensor, after a check that it lies inside its storage.

    Raises:
      ValueError: The tensor does not lie inside its storage.

    >>> floats = Storage(np.dtype(np.float32), 6)
    >>> tensor(floats, 0, (2, 3), (3, 1)).nbytes
    24
    >>> tensor(floats, 1, (2, 3), (3, 1))
    Traceback (most recent call last):
    ValueError: A tensor reaches outside its storage of 6 values: offset 1, shape (2, 3), ...
    """
    if not isinstance(storage, Storage) or not isinstance(shape, tuple | list):
        raise ValueError('It has a tensor without storage or shape.')
    if not isinstance(strides, tuple | list) or not len(shape) == len(strides) <= _MOST_AXES:
        raise ValueError(f'It has a tensor of {len(shape)} axes with other strides, or too many.')
    if not all(type(n) is int and 0 <= n < 2**63 for n in (offset, *shape, *strides)):
        raise ValueError(
            'It has a tensor whose offset, shape or strides are not whole numbers >= 0.'
        )
    if any(n >= _LONGEST for n in shape):
        raise ValueError(f'It has a tensor of {max(shape)} entries along an axis.')
    dtype = storage.dtype if dtype is None else dtype
    room = storage.nbytes // dtype.itemsize
    last = offset + sum((n - 1) * step for n, step in zip(shape, strides, strict=True))
    if offset > room or (math.prod(shape) and last >= room):
        raise ValueError(
            f'A tensor reaches outside its storage of {room} values: offset {offset}, shape '
            f'{tuple(shape)}, strides {tuple(strides)}.'
        )
    return Tensor(storage, dtype, offset, tuple(shape), tuple(strides))
