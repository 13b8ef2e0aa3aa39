"""A program that reads the cells of a MATLAB file: python mat_process.py FILE MOST_BYTES.

A damaged file can end the interpreter inside SciPy, so the file is read in a process of its own.
This file is run as a program, and imports nothing of mtljax. It writes arrays in the .npy format to
the standard output: the numbers of cells in X and in Y, the cells of X, and the cells of Y. Or it
writes one line to the standard error.
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np
from scipy.io import loadmat


def main(path: str, most_bytes: str) -> str | None:
    """Read the file and write its cells; return a message if it is refused."""
    _bound_memory(int(most_bytes))
    try:
        content = loadmat(path, variable_names=['X', 'Y'])
    except (Exception, MemoryError) as error:  # a file that is cut raises one of many kinds
        return f' should be a whole MATLAB file. Found: {type(error).__name__}, {error!s:.200}'
    cells: dict[str, Any] = {}
    for name in 'XY':
        array = content.get(name)
        if not isinstance(array, np.ndarray) or array.dtype != object or not array.size:
            whole = isinstance(array, np.ndarray)
            kind = f'{array.dtype} {array.shape}' if whole else 'nothing'
            return f': {name} should be cells. Found {kind}'
        cells |= {f'{name}{index}': cell for index, cell in enumerate(array.ravel())}
    for name, cell in cells.items():
        if not isinstance(cell, np.ndarray) or cell.dtype.kind not in 'iufb':
            return f', cell {int(name[1:]) + 1}: X and Y should hold numbers. Found others'
    counts = np.array([sum(name.startswith(kind) for name in cells) for kind in 'XY'])
    for array in (counts, *cells.values()):
        kind = array.dtype if array is counts else np.float64
        np.lib.format.write_array(sys.stdout.buffer, array.astype(kind), allow_pickle=False)
    return None


def _bound_memory(most_bytes: int) -> None:
    """Let this process take only so much more memory, where the system can do that."""
    try:
        import resource
    except ImportError:  # Windows
        return
    pages = Path('/proc/self/statm')
    if pages.exists():
        used = int(pages.read_text().split()[0]) * resource.getpagesize()
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        most = used + most_bytes
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(resource.RLIMIT_AS, (most, hard))


if __name__ == '__main__':
    said = main(*sys.argv[1:])
    sys.exit(said)
