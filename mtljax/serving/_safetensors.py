"""Named arrays in the format of safetensors."""

from collections.abc import Mapping

import ml_dtypes
import numpy as np

_DTYPES = {
    'F32': np.float32,
    'F64': np.float64,
    'F16': np.float16,
    'BF16': ml_dtypes.bfloat16,
    'I8': np.int8,
    'I16': np.int16,
    'I32': np.int32,
    'I64': np.int64,
    'U8': np.uint8,
    'U16': np.uint16,
    'U32': np.uint32,
    'U64': np.uint64,
    'BOOL': np.bool_,
}


def to_safetensors(arrays: Mapping[str, np.ndarray]) -> bytes:
    """Return named arrays as the bytes of a file .safetensors."""
    from safetensors.numpy import save  # an extra

    return save({name: np.ascontiguousarray(array) for name, array in arrays.items()})


def from_safetensors(content: bytes) -> dict[str, np.ndarray]:
    """Return the arrays of a file .safetensors.

    Raises:
      ValueError: The content is damaged.

    >>> from_safetensors(to_safetensors({'a': np.arange(3)}))
    {'a': array([0, 1, 2]...)}
    """
    from safetensors import SafetensorError, deserialize

    try:
        return {
            name: np.frombuffer(part['data'], _DTYPES[part['dtype']]).reshape(part['shape'])
            for name, part in deserialize(content)
        }
    except (SafetensorError, KeyError) as error:
        raise ValueError(f'The weights are damaged: {error!s:.200}.') from error
