"""The idx format of MNIST: unsigned bytes in an array of known shape."""

from pathlib import Path

import numpy as np

from mtljax.data._reading.open import read_bytes

_UNSIGNED_BYTES = 8


def read_idx(path: Path, ndim: int) -> np.ndarray:
    """Read the unsigned bytes of an idx file, gzipped or not.

    The file holds two zero bytes, the type, the number of axes, their sizes (32 bits, big-endian)
    and the values.

    Args:
      path: The file, gzipped if its name ends in ``.gz``.
      ndim: The expected number of axes: 1 for labels, 3 for images.

    Raises:
      ValueError: The file is empty, of another type or rank, cut short, or too long. The error
        names the file, and the example where the values end.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp(), 'labels')
    >>> _ = path.write_bytes(bytes([0, 0, 8, 1, 0, 0, 0, 3, 5, 0, 4]))
    >>> read_idx(path, 1).tolist()
    [5, 0, 4]
    """
    content = read_bytes(path)
    start = 4 + 4 * ndim
    if content[:4] != bytes([0, 0, _UNSIGNED_BYTES, ndim]) or len(content) < start:
        raise ValueError(
            f'{path} should be an idx file of unsigned bytes with {ndim} axes, beginning with the '
            f'bytes 0 0 {_UNSIGNED_BYTES} {ndim} and {ndim} sizes. Found {len(content)} bytes, '
            f'{list(content[:4])} first.'
        )
    sizes = [int(size) for size in np.frombuffer(content, '>u4', ndim, 4)]
    count, each = sizes[0], int(np.prod(sizes[1:], dtype=np.int64))
    length = len(content) - start
    if length < count * each:
        raise ValueError(
            f'{path} should hold {count} examples of {each} bytes. Found an end in example '
            f'{length // each}: the file is cut short. Copy it again.'
        )
    if length > count * each or not count * each:
        raise ValueError(f'{path} should hold {count} x {each} bytes of values. Found {length}.')
    return np.frombuffer(content, np.uint8, offset=start).reshape(sizes)
