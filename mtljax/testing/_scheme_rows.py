"""The rules for the models of a sharing scheme; each function raises an AssertionError."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from mtljax import trees
from mtljax.base import Batch, MultiTask, Params, PyTree, State, Task

_RTOL, _ATOL = 1e-4, 1e-5


class Facts(NamedTuple):
    """The results of one compiled function, which all checks read.

    Attributes:
      params: Random parameters.
      state: The first state.
      predictions: ``{task: prediction}`` outside training.
      trained: ``{task: prediction}`` in training.
      last: ``{task: prediction}`` of a readout of the last task only.
      rolled: The predictions if task t reads the examples rolled by t; {} if they are not computed.
      read: The state after a prediction.
      after: The state after a training step.
      losses: The losses, ``[T]`` for T tasks.
      weights: Random loss weights, ``[T]``.
      jacobian: The task gradients, a tree of leaves ``[T, ...]``.
      combined: The weighted sum of the task gradients, from the engine.
      whole: The gradient of the weighted sum of the losses, from ``jax.grad``.
    """

    params: Params
    state: State
    predictions: dict[str, Any]
    trained: dict[str, Any]
    last: dict[str, Any]
    rolled: dict[str, Any]
    read: State
    after: State
    losses: Any
    weights: Any
    jacobian: Params
    combined: Params
    whole: Params


def check_order(model: MultiTask, tasks: Mapping[str, Task]) -> None:
    """Check that the tasks of the model have the order of the heads."""
    if not isinstance(model, MultiTask):
        raise AssertionError(f'layout: a scheme should return a MultiTask. Found {model!r}.')
    _equal('layout: model.tasks', model.tasks, tuple(tasks))


def check_layout(model: MultiTask, facts: Facts) -> None:
    """Check that parameters have the layout of `MultiTask`, and each task has a prediction."""
    _equal('layout: the keys of params', sorted(facts.params), ['shared', 'task'])
    heads = sorted(facts.params['task'].get('heads', ()))
    _equal("layout: the keys of params['task']['heads']", heads, sorted(model.tasks))
    _equal('layout: the tasks of the predictions', sorted(facts.predictions), sorted(model.tasks))


def check_reach(model: MultiTask, facts: Facts) -> None:
    """Check that several losses reach each leaf of 'shared', and one each leaf of 'task'."""
    for path, leaf in _leaves(facts.jacobian['shared']):
        reaching = _names(model, _is_reached(leaf))
        if len(reaching) < 2:
            raise AssertionError(
                f'reach: two or more losses should have a gradient at shared/{path}. '
                f"Found {reaching}. Store it under params['task']."
            )
    for path, leaf in _leaves(facts.jacobian['task']):
        reaching = _names(model, _is_reached(leaf))
        if len(reaching) != 1 and not _is_reached_row_by_row(leaf):
            raise AssertionError(
                f'reach: one loss should have a gradient at task/{path}, or loss t at row t only. '
                f"Found {reaching}. Store it under params['shared']."
            )
    for at, name in enumerate(model.tasks):
        for path, leaf in _leaves(facts.jacobian['task']['heads'][name]):
            if not _is_reached(leaf)[at]:
                raise AssertionError(
                    f'reach: the loss of {name!r} should reach {path} of its head.'
                )


def check_gradients(facts: Facts) -> None:
    """Check that the task gradients sum to the gradient of the whole model."""
    _close('gradients: the combination of the engine', facts.combined, facts.whole)
    total = jax.tree.map(lambda leaf: np.tensordot(facts.weights, leaf, 1), facts.jacobian)
    _close('gradients: the weighted sum of the rows', total, facts.whole)


def check_losses(model: MultiTask, tasks: Mapping[str, Task], batch: Batch, facts: Facts) -> None:
    """Check that each loss is the loss of the prediction, plus the auxiliary loss.

    A loss is not compared if training changes its prediction (batch norm, dropout).
    """
    for at, (name, task) in enumerate(tasks.items()):
        prediction = facts.predictions[name]
        if not _is_close(prediction, facts.trained[name]):
            continue
        loss = np.mean(task.loss(prediction, batch.targets[name]))
        extra = 0 if model.auxiliary is None else model.auxiliary(facts.after, name)
        _close(f'losses: the loss of {name!r}', facts.losses[at], loss + extra)


def check_readout(model: MultiTask, facts: Facts) -> None:
    """Check that a readout of one task equals that of all tasks."""
    name = model.tasks[-1]
    _close(f'readout: a readout of {name!r} only', facts.last, {name: facts.predictions[name]})


def check_state(facts: Facts) -> None:
    """Check that the state keeps its structure, shapes and dtypes, and changes in training only."""
    _equal('state: its leaves after training', _avals(facts.after), _avals(facts.state))
    _close('state: after a prediction without training', facts.read, facts.state)


def check_inputs(model: MultiTask, facts: Facts) -> None:
    """Check that a prediction depends on the input of its task only, with one input per task."""
    for at, name in enumerate(model.tasks if facts.rolled else ()):
        expected = jax.tree.map(lambda leaf, at=at: np.roll(leaf, at, 0), facts.predictions[name])
        _close(f'inputs: the prediction of {name!r}', facts.rolled[name], expected)


def check_jit(model: MultiTask, batch: Batch, facts: Facts) -> None:
    """Check that the predictions are the same with and without jit."""
    args = jax.tree.map(jnp.asarray, (facts.params, facts.state, batch.inputs))
    predictions, _ = model.apply(*args)
    _close('jit: the predictions without jit', jax.device_get(predictions), facts.predictions)


def check_missing_labels(facts: Facts, missing: Facts) -> None:
    """Check that other tasks do not change if the labels of the last task are missing."""
    for path, leaf in _leaves(missing.jacobian):
        if not np.isfinite(leaf).all():
            raise AssertionError(f'missing labels: the gradient at {path} should be finite.')
    pairs = [(each.losses, each.jacobian) for each in (missing, facts)]
    others, expected = (jax.tree.map(lambda leaf: leaf[:-1], pair) for pair in pairs)
    _close('missing labels: the losses and gradients of the other tasks', others, expected)


def _is_reached(leaf: np.ndarray) -> np.ndarray:
    """Return which losses have a gradient anywhere in a leaf ``[T, ...]``."""
    return np.any(leaf.reshape(len(leaf), -1), axis=-1)


def _is_reached_row_by_row(leaf: np.ndarray) -> bool:
    """Return whether a leaf ``[T, T, ...]`` has a gradient of loss t in row t only."""
    if leaf.ndim < 2:
        return False
    reach = leaf.reshape(*leaf.shape[:2], -1).any(-1)
    return np.array_equal(reach, np.eye(len(leaf), dtype=bool))


def _names(model: MultiTask, marks: np.ndarray) -> list[str]:
    return [name for name, mark in zip(model.tasks, marks, strict=True) if mark]


def _leaves(tree: PyTree) -> list[tuple[str, np.ndarray]]:
    leaves = jax.tree_util.tree_leaves_with_path(tree)
    return [(trees.path_name(path), np.asarray(leaf)) for path, leaf in leaves]


def _avals(tree: PyTree) -> dict[str, str]:
    return {path: f'{leaf.dtype}{list(leaf.shape)}' for path, leaf in _leaves(tree)}


def _is_close(value: PyTree, expected: PyTree) -> bool:
    close = jax.tree.map(lambda a, b: np.allclose(a, b, _RTOL, _ATOL), value, expected)
    return all(jax.tree.leaves(close))


def _equal(what: str, value: Any, expected: Any) -> None:
    if value != expected:
        raise AssertionError(f'{what} should be {expected}. Found {value}.')


def _close(what: str, value: PyTree, expected: PyTree) -> None:
    """Compare two trees, leaf by leaf."""
    _equal(f'{what}: the structure', jax.tree.structure(value), jax.tree.structure(expected))
    for (path, leaf), (_, other) in zip(_leaves(value), _leaves(expected), strict=True):
        if not np.allclose(leaf, other, _RTOL, _ATOL):
            worst = np.max(np.abs(leaf - other))
            raise AssertionError(
                f'{what} should be the same to {_RTOL}. Found a difference of {worst:.2g} at '
                f'{path or "the value"}.'
            )
