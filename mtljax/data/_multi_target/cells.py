"""Reading MATLAB cells, which hold one table for each task."""

from pathlib import Path

import numpy as np

LAYOUT = 'a .mat file with the cells X (1, T), each [n_t, D], and Y (1, T), each [n_t, 1]'


def read_cells(path: Path) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Read the inputs ``[n_t, D]`` and the targets ``[n_t]`` of each task t, float64.

    Raises:
      ValueError: The file has no such cells, or they do not fit each other. The error names the
        file and the cell.
    """
    from scipy.io import loadmat  # slow to import

    try:
        content = loadmat(path, variable_names=['X', 'Y'])
    except Exception as error:  # a file that is cut raises one of many kinds
        raise ValueError(
            f'{path} should be a whole MATLAB file. Found: {error}. Expected: {LAYOUT}'
        ) from error
    x, y = (_cells(path, name, content.get(name)) for name in 'XY')
    if len(x) != len(y):
        raise ValueError(
            f'{path} should have as many cells in X as in Y. Found {len(x)} and {len(y)}.'
        )
    for index, (inputs, targets) in enumerate(zip(x, y, strict=True), 1):
        _check_cell(path, index, inputs, targets, x[0])
    return [np.asarray(a, np.float64) for a in x], [np.ravel(b).astype(np.float64) for b in y]


def _cells(path, name, array):
    if array is None or array.dtype != object or not array.size:
        kind = 'nothing' if array is None else f'{array.dtype} {array.shape}'
        raise ValueError(f'{path}: {name} should be cells. Found {kind}. Expected: {LAYOUT}')
    return list(array.ravel())


def _check_cell(path, index, x, y, first):
    if any(np.asarray(cell).dtype.kind not in 'iufb' for cell in (x, y)):
        raise ValueError(f'{path}, cell {index}: X and Y should hold numbers.')
    if x.ndim != 2 or x.shape[1:] != first.shape[1:] or y.size != len(x) or not y.size:
        raise ValueError(
            f'{path}, cell {index}: X should be [n, {first.shape[-1]}] and Y [n, 1]. '
            f'Found {x.shape} and {y.shape}.'
        )
    if not np.isfinite(x).all() or not np.isfinite(y).all():
        raise ValueError(f'{path}, cell {index}: X and Y should be finite.')
