"""Surgery on the shared parameters, and plain or weighted sums for all other parameters."""

import logging
from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import jax
import optax

from mtljax import trees
from mtljax.base import Params, PyTree
from mtljax.gradients import ModelJacobian, Stacked, as_jacobian
from mtljax.options import check_optional_count
from mtljax.surgery._rows import without_inactive
from mtljax.surgery._surgery import Surgery, Traits, init_of

_log = logging.getLogger(__name__)

Labels = Callable[[str], str] | PyTree


class NothingShared(NamedTuple):
    """The state of a surgery if the model has no shared parameters."""


def on_shared(
    method: optax.GradientTransformationExtraArgs,
    task: Literal['plain', 'weighted'] | None = None,
    *,
    labels: Labels | None = None,
    num_tasks: int | None = None,
) -> Surgery:
    """Apply a surgery to the shared parameters, and sum the gradients of all other parameters.

    A parameter is shared if the losses of several tasks depend on it. A model of `mtljax.sharing`
    stores the shared parameters under ``params['shared']`` and all other parameters, for example
    the heads, under ``params['task']``. The surgery computes the update of the shared parameters.
    The update of the other parameters is ``sum_t w_t g_t``, where ``g_t`` is the gradient of task
    t. The argument ``task`` chooses the weights ``w_t``.

    Put `on_shared` first in ``optax.chain``. Gradient clipping, ``optax.MultiSteps`` and
    ``optax.apply_if_finite`` must come after it. If the model has no shared parameters, the surgery
    does not run, and a warning is logged unless the method is `sum` or `mean`.

    Args:
      method: A surgery, for example ``surgery.pcgrad()``.
      task: The weights ``w_t`` for the parameters that are not shared. ``'plain'`` uses 1, and
        ``'weighted'`` uses the task weights of the method. None means ``'weighted'`` if
        ``method.traits.weighs_heads`` is True, and ``'plain'`` if not. The default is thus the
        choice that the paper of the method makes.
      labels: The label ``'shared'`` or ``'task'`` of every parameter. Pass a function from the path
        of a parameter, such as ``'a/b/c'``, to its label, or a tree of labels in the structure of
        the parameters. You need this only if the parameters do not have the form
        ``{'shared': ..., 'task': ...}``.
      num_tasks: The number of tasks. The default is the number of heads,
        ``len(params['task']['heads'])``. If the parameters have no such entry, and the
        method keeps a state for each task, as `gradvac` does, you must pass this number.

    Raises:
      ValueError: An option or a label is unknown, ``labels`` shares no parameter, or
        ``task='weighted'`` is used with a method that has no task weights.

    >>> import jax.numpy as jnp
    >>> from mtljax import surgery
    >>> tx = on_shared(surgery.mean())
    >>> params = {'shared': jnp.zeros(2), 'task': {'heads': {'a': jnp.zeros(1), 'b': jnp.zeros(1)}}}
    >>> # The gradients of the two tasks; all entries are 1.
    >>> grads = jax.tree.map(lambda leaf: jnp.ones((2, *leaf.shape)), params)
    >>> updates, _ = tx.update(grads, tx.init(params))
    >>> updates['shared'].tolist(), updates['task']['heads']['a'].tolist()
    ([1.0, 1.0], [2.0])
    """
    if task not in (None, 'plain', 'weighted'):
        raise ValueError(f"task should be 'plain', 'weighted' or None. Found task = {task!r}.")
    if not hasattr(method, 'update'):
        raise ValueError(f'method should be a surgery, such as surgery.pcgrad(). Found {method!r}.')
    traits = getattr(method, 'traits', Traits())
    weighted = traits.weighs_heads if task is None else task == 'weighted'
    check_optional_count('num_tasks', num_tasks)
    default_tasks = num_tasks

    def init(params, *, num_tasks=default_tasks):
        shared = _shared_of(params, labels)
        if not jax.tree.leaves(shared):
            _check_labels(labels, params)
            if not traits.plain:
                _log.warning('No parameter is shared: surgery has nothing to act on.')
            return NothingShared()
        if not isinstance(method, Surgery):
            return method.init(shared)
        tasks = num_tasks or _count_heads(params)
        return init_of(method)(shared, **({} if tasks is None else {'num_tasks': tasks}))

    def update(updates, state, params=None, **extra):
        shared, rest, join = _split(updates, params, labels, extra.get('active'))
        if isinstance(state, NothingShared):
            return join(shared.combine(), rest.combine()), state
        below = None if params is None else _shared_of(params, labels)
        combined, state = method.update(shared, state, below, **extra)
        weights = _task_weights(state) if weighted else None
        return join(combined, rest.combine(weights)), state

    return Surgery(init, update, Traits(weighs_heads=weighted, linear=False, whole=True))


def _check_labels(labels: Labels | None, params: Params) -> None:
    """Labels that were written by hand and share nothing are a mistake."""
    if labels is not None:
        paths = trees.paths(params)
        raise ValueError(
            "labels should give the label 'shared' to a parameter or more. Found the label 'task' "
            f'for all {len(paths)} parameters, such as {paths[0]!r}. Correct labels, or leave out '
            'on_shared.'
        )


def _split(updates, params, labels, active) -> tuple[Any, Any, Callable[[Params, Params], Params]]:
    """Return the Jacobians of shared and other parameters, and how to join their results."""
    if isinstance(updates, ModelJacobian) and labels is None:
        shared, rest = updates['shared'], updates['task']
        return shared, rest, lambda first, second: {'shared': first, 'task': second}
    jacobian = without_inactive(as_jacobian(updates, params).realise(), active)
    rows, tasks = jacobian.stacked(), jacobian.num_tasks
    shared, rest = trees.partition(rows, _is_shared(rows, labels))
    if labels is None:
        return (
            Stacked(shared.get('shared'), tasks),
            Stacked(rest, tasks),
            lambda first, second: trees.merge(shared | {'shared': first}, second),
        )
    return Stacked(shared, tasks), Stacked(rest, tasks), trees.merge


def _shared_of(params, labels):
    """Return ``params['shared']``, or with ``labels`` the tree without other parameters."""
    shared, _ = trees.partition(params, _is_shared(params, labels))
    return shared.get('shared') if labels is None else shared


def _is_shared(tree, labels):
    if labels is None:
        labels = _first_key
    if callable(labels):
        names = [labels(path) for path in trees.paths(tree)]
        labels = jax.tree.unflatten(jax.tree.structure(tree), names)
    unknown = set(jax.tree.leaves(labels)) - {'shared', 'task'}
    if unknown:
        raise ValueError(
            "Every parameter should be labelled 'shared' or 'task' (its first key, or labels=...). "
            f'Found labels {sorted(map(str, unknown))}.'
        )
    return jax.tree.map(lambda label: label == 'shared', labels)


def _first_key(path):
    return path.split('/')[0]


def _count_heads(params):
    task = params.get('task') if isinstance(params, dict) else None
    return len(task['heads']) if isinstance(task, dict) and task.get('heads') else None


def _task_weights(state):
    weights = getattr(state, 'task_weights', None)
    if weights is None:
        raise ValueError(
            "on_shared(task='weighted') needs the task weights of the method. Found None: the "
            'method keeps no task weights, or the number of tasks is not known. Pass '
            'num_tasks=T, or a method with task weights.'
        )
    return weights
