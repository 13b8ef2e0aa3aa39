"""Answers for arrays."""

from pathlib import Path
from typing import Any

import jax
import numpy as np

from experiments.predict.request import Request
from experiments.program import UsageError
from mtljax.build import Run
from mtljax.data import read_arrays
from mtljax.files import npz_of, write_bytes


def answer(run: Run, request: Request) -> str:
    """Write the answers for all examples of a file of arrays, and return a report.

    Raises:
      UsageError: The arrays do not fit the model, or the output is a table.
    """
    target = Path(request.target or '')
    if target.suffix != '.npz' or request.keep:
        raise UsageError(
            f'For arrays, --output should end with .npz, without --keep. Found {target}.'
        )
    try:
        inputs = _fitting(run.example, read_arrays(Path(request.source or '')))
        found = run.answer(inputs, request.tasks, (request.batch_size,))
    except ValueError as error:
        raise UsageError(str(error)) from error
    content = {f'{task}.{part}': x for task, row in found.items() for part, x in row.items()}
    write_bytes(target, npz_of(content))
    return f'{len(jax.tree.leaves(inputs)[0]):,} examples, written to {target}'


def _fitting(example: Any, arrays: dict[str, np.ndarray]) -> Any:
    """Return the arrays in the structure of the inputs of the model.

    Raises:
      UsageError: An array is missing, or has another shape or kind of numbers.
    """
    named = {_name(path): leaf for path, leaf in jax.tree_util.tree_leaves_with_path(example)}
    expected = {name: ('N', *leaf.shape[1:]) for name, leaf in named.items()}
    sizes = {len(array) for name, array in arrays.items() if name in named and array.ndim}
    fits = (
        named.keys() <= arrays.keys()
        and len(sizes) == 1
        and all(
            arrays[name].shape[1:] == leaf.shape[1:] and arrays[name].dtype.kind == leaf.dtype.kind
            for name, leaf in named.items()
        )
    )
    if not fits:
        found = {name: f'{array.dtype}{array.shape}' for name, array in arrays.items()}
        raise UsageError(f'--input should hold arrays of the shapes {expected}. Found {found}.')
    return jax.tree_util.tree_map_with_path(
        lambda path, leaf: arrays[_name(path)].astype(leaf.dtype), example
    )


def _name(path: Any) -> str:
    return jax.tree_util.keystr(path, simple=True, separator='.') or 'inputs'
