"""The part of a model that some of its tasks need."""

from collections.abc import Sequence
from typing import Any

import jax
import numpy as np

from mtljax._near import did_you_mean
from mtljax._rows import random_rows
from mtljax.base import MultiTask, Params, State
from mtljax.build._run import Run
from mtljax.module import shapes

_ROWS, _NEAR = 4, 1e-5


def needed(run: Run, tasks: Sequence[str]) -> tuple[MultiTask, Params, State]:
    """Return a model that answers some tasks, with its parameters and its state.

    In schemes such as `sharing.independent`, the parameters of all tasks lie in one array, with one
    row per task. If a model of these tasks alone, with their rows, gives the same predictions, it
    is returned. Otherwise, the whole model is.

    Args:
      run: The run.
      tasks: The tasks. No task means all tasks.

    Raises:
      ValueError: A task is unknown.
    """
    names, whole = run.model.tasks, (run.saved.params, run.saved.state)
    unknown = [name for name in tasks if name not in names]
    if unknown:
        raise ValueError(
            f'tasks should name tasks of {[*names]}. Found {unknown}.{did_you_mean(unknown, names)}'
        )
    chosen = [name for name in names if name in tasks]
    if not tasks or len(chosen) == len(names):
        return run.model, *whole
    try:
        model = run.model_of(chosen)
        expected = jax.eval_shape(model.init, jax.random.key(0), shapes(run.example))
    except ValueError:  # an option of the scheme names another task
        return run.model, *whole
    rows = np.array([names.index(name) for name in chosen])
    part = _rows_of(whole, expected, rows, len(names))
    if part is None:
        return run.model, *whole
    params, state = part
    x = random_rows(run.example, _ROWS)
    right, found = (
        jax.jit(each.apply)(*variables, x)[0]
        for each, variables in ((run.model, whole), (model, (params, state)))
    )
    same = all(
        np.allclose(a, b, rtol=_NEAR, atol=_NEAR)
        for name in chosen
        for a, b in zip(jax.tree.leaves(right[name]), jax.tree.leaves(found[name]), strict=True)
    )
    return (model, params, state) if same else (run.model, *whole)


def _rows_of(whole: Any, expected: Any, rows: np.ndarray, count: int) -> Any:
    """Return the arrays of the smaller model; None if one cannot be found."""
    arrays = {
        jax.tree_util.keystr(path): x for path, x in jax.tree_util.tree_leaves_with_path(whole)
    }

    def find(path: Any, leaf: Any) -> Any:
        found = arrays.get(jax.tree_util.keystr(path))
        if found is not None and found.shape != leaf.shape and found.shape[:1] == (count,):
            found = found[rows]
        return found if found is not None and found.shape == leaf.shape else np.nan

    part = jax.tree_util.tree_map_with_path(find, expected)
    return None if any(isinstance(leaf, float) for leaf in jax.tree.leaves(part)) else part
