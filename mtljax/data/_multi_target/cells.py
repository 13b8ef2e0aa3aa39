"""Reading MATLAB cells, which hold one table for each task."""

import io
import subprocess
import sys
from pathlib import Path

import numpy as np

from mtljax.data._multi_target import mat_process

LAYOUT = 'a .mat file with the cells X (1, T), each [n_t, D], and Y (1, T), each [n_t, 1]'
_LEAST_BOUND, _MOST_TIMES, _SECONDS = 2**29, 20, 600


def read_cells(path: Path) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Read the inputs ``[n_t, D]`` and the targets ``[n_t]`` of each task t, float64.

    The file is read in another process, which may take 512 MiB of memory, or 20 times the size of
    the file if that is more.

    Raises:
      ValueError: The file has no such cells, or they do not fit each other. The error names the
        file and the cell.
    """
    x, y = _cells(path)
    if len(x) != len(y):
        raise ValueError(
            f'{path} should have as many cells in X as in Y. Found {len(x)} and {len(y)}.'
        )
    for index, (inputs, targets) in enumerate(zip(x, y, strict=True), 1):
        _check_cell(path, index, inputs, targets, x[0])
    return x, [np.ravel(b) for b in y]


def _cells(path: Path) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Return the cells of X and of Y."""
    bound = max(_LEAST_BOUND, _MOST_TIMES * path.stat().st_size)
    program = [sys.executable, '-W', 'ignore', mat_process.__file__, str(path), str(bound)]
    try:
        done = subprocess.run(program, capture_output=True, timeout=_SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        raise ValueError(
            f'{path} should be read in {_SECONDS} s. Found that it took longer.'
        ) from error
    if done.returncode:
        said = done.stderr.decode(errors='replace').rstrip().splitlines()
        ended = done.returncode < 0 or not said or 'should' not in said[-1]
        why = ' should be a whole MATLAB file. Found a damaged one' if ended else said[-1]
        raise ValueError(f'{path}{why}. Expected: {LAYOUT}')
    stream = io.BytesIO(done.stdout)
    count, other = np.lib.format.read_array(stream, allow_pickle=False)
    cells = [np.lib.format.read_array(stream, allow_pickle=False) for _ in range(count + other)]
    return cells[:count], cells[count:]


def _check_cell(path, index, x, y, first):
    if x.ndim != 2 or x.shape[1:] != first.shape[1:] or y.size != len(x) or not y.size:
        raise ValueError(
            f'{path}, cell {index}: X should be [n, {first.shape[-1]}] and Y [n, 1]. '
            f'Found {x.shape} and {y.shape}.'
        )
    if not np.isfinite(x).all() or not np.isfinite(y).all():
        raise ValueError(f'{path}, cell {index}: X and Y should be finite.')
