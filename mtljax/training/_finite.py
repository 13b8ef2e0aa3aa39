"""Checks that losses, weights, updates and parameters are finite."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from mtljax.base import Params, Weighting
from mtljax.training._evaluate import Results

_ADVICE = (
    'The last good checkpoint is kept. Check the data, lower the learning rate, or clip the '
    'gradients after the surgery.'
)


class NonFiniteLossError(FloatingPointError):
    """The error of a run in which a loss, a weight or an update became NaN or infinite.

    The message names the first cause: the task, the method if it is known, and the step. If the run
    has a ``workdir``, its last checkpoint before the error stays.
    """


def finite_updates(updates: Params, tasks: Sequence[str]) -> dict[str, Any]:
    """Return whether the updates of the shared parameters and of each head are finite.

    A gradient that is not finite reaches every array of a head, and a task weight that is not
    finite reaches every shared array. So the smallest array of each is enough, which costs nothing.

    >>> updates = {'shared': jnp.ones(2), 'task': {'heads': {'a': jnp.array([1.0, jnp.nan])}}}
    >>> jax.tree.map(bool, finite_updates(updates, ['a']))
    {'shared': True, 'task': {'a': False}}
    """
    parts = updates if isinstance(updates, dict) else {}
    heads = (
        (parts.get('task') or {}).get('heads', {}) if isinstance(parts.get('task'), dict) else {}
    )
    return {
        'shared': _is_finite(parts.get('shared')),
        'task': {task: _is_finite(heads.get(task)) for task in tasks},
    }


def check_infos(infos: Sequence[dict[str, Any]], start: int, weighting: Weighting | None) -> None:
    """Raise a NonFiniteLossError for the first value of a chunk that is not finite.

    Args:
      infos: The info of each seed, with a first axis of steps.
      start: The number of steps before the chunk.
      weighting: The weighting, or None.
    """
    for info in infos:
        causes = [cause for cause in _causes(info, weighting) if cause is not None]
        if causes:
            first = min(causes)
            raise NonFiniteLossError(f'{first.text} at step {start + first.step + 1}. {first.why}')


class _Cause(NamedTuple):
    """Something that is not finite. The earliest step counts, and then the order in the step."""

    step: int
    order: int
    text: str
    why: str


def _causes(info: dict[str, Any], weighting: Weighting | None) -> list[_Cause | None]:
    losses = info['loss']
    return [
        _first(0, losses, lambda task, step: f'The loss of task {task!r} is {losses[task][step]}'),
        _weight(info, weighting),
        _head(info),
        _shared(info),
    ]


def _first(order: int, values: dict[str, np.ndarray], text: Any, why: str = _ADVICE) -> Any:
    bad = {task: np.flatnonzero(~np.isfinite(row)) for task, row in values.items()}
    steps = {task: int(rows[0]) for task, rows in bad.items() if len(rows)}
    if not steps:
        return None
    task = min(steps, key=lambda name: steps[name])
    return _Cause(steps[task], order, text(task, steps[task]), why)


def _weight(info: dict[str, Any], weighting: Weighting | None) -> _Cause | None:
    function = '' if weighting is None else weighting.update.__qualname__
    name = function.split('.')[0] or 'the weighting'
    found = _first(
        1, info['weight'], lambda task, step: f'The weight of task {task!r} by {name} is not finite'
    )
    if found is None:
        return None
    low = _not_positive(info, found.step)
    if not low:
        return found
    return found._replace(
        text=f'The weighting {name} needs positive losses. Found {low}',
        why=f'Change the loss, or use another weighting. {_ADVICE}',
    )


def _head(info: dict[str, Any]) -> _Cause | None:
    losses = info['loss']
    found = _first(
        2,
        {task: np.where(whole, 0.0, np.nan) for task, whole in info['finite']['task'].items()},
        lambda task, step: (
            f'The gradient of task {task!r} is not finite, although its loss is '
            f'{losses[task][step]:.4g},'
        ),
    )
    if found is None or not _not_positive(info, found.step):
        return found
    return found._replace(why=f'If a surgery needs positive losses, change the loss. {_ADVICE}')


def _shared(info: dict[str, Any]) -> _Cause | None:
    bad = np.flatnonzero(~info['finite']['shared'])
    if not len(bad):
        return None
    step = int(bad[0])
    text = 'The update of the shared parameters is not finite'
    low = _not_positive(info, step)
    if low:
        text += f', and the surgery may need positive losses. Found {low}'
    return _Cause(step, 3, text, _ADVICE)


def _not_positive(info: dict[str, Any], step: int) -> str:
    """Describe the losses that are not positive at a step."""
    low = {
        task: row[step]
        for task, row in info['loss'].items()
        if row[step] <= 0 and info['active'][task][step]
    }
    return ', '.join(f'a loss of {value:.4g} for task {task!r}' for task, value in low.items())


def check_params(params: Params, results: Results, step: int) -> None:
    """Check the parameters after the last update, because no step has computed their loss yet."""
    if not all(bool(jnp.isfinite(leaf).all()) for leaf in jax.tree.leaves(params)):
        tasks = [task for task, row in results.items() if not math.isfinite(row['loss'])]
        raise NonFiniteLossError(
            f'After the update of step {step}, the parameters and the validation losses of the '
            f'tasks {tasks} are not finite. The last good checkpoint is kept.'
        )


def _under(tree: Any, name: str) -> Any:
    return tree.get(name, {}) if isinstance(tree, dict) else {}


def _is_finite(tree: Any) -> jax.Array:
    leaves = jax.tree.leaves(tree)
    smallest = min(leaves, key=lambda leaf: leaf.size, default=jnp.zeros(()))
    return jnp.isfinite(smallest).all()
