"""The idx format of MNIST: unsigned bytes in an array of known shape."""

from pathlib import Path

import numpy as np

from mtljax.data._reading.open import read_bytes

_UNSIGNED_BYTES = 8


def read_idx(path: Path, ndim: int) -> np.ndarray:
    """The unsigned bytes of an idx file, gzipped or not.

    Two zero bytes, the type, the number of axes, their sizes (32 bits, big-endian), the values.

    Args:
      path: of the file; gzipped if it ends in ``.gz``.
      ndim: how many axes it should have: 1 for labels, 3 for images.

    Raises:
      ValueError: it is empty, of another type or rank, cut short, or too long; it names the file,
        and the example where the values end.

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
            f'{path} is no idx file of unsigned bytes with {ndim} axes: it should begin with the '
            f'bytes 0 0 {_UNSIGNED_BYTES} {ndim} and {ndim} sizes. Found {len(content)} bytes, '
            f'{list(content[:4])} first.'
        )
    sizes = [int(size) for size in np.frombuffer(content, '>u4', ndim, 4)]
    count, each = sizes[0], int(np.prod(sizes[1:], dtype=np.int64))
    found = len(content) - start
    if found < count * each:
        raise ValueError(
            f'{path} is cut short: {count} examples of {each} bytes are expected. '
            f'The values end in example {found // each}.'
        )
    if found > count * each or not count * each:
        raise ValueError(f'{path} should hold {count} x {each} bytes of values. Found {found}.')
    return np.frombuffer(content, np.uint8, offset=start).reshape(sizes)
