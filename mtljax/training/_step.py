"""One training step: losses, weighting, task gradients, surgery and optimizer."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from mtljax.base import Array, Batch, Key, MultiTask, Task, TrainState, Weighting
from mtljax.gradients import Cut, check_engine, task_gradients
from mtljax.module import shapes
from mtljax.options import check_count, check_flag
from mtljax.training._check import check_batch, check_tasks, with_rows
from mtljax.training._conflicts import conflicts
from mtljax.training._finite import finite_updates
from mtljax.training._gradient_norms import gradient_norms as norms_of
from mtljax.training._initial import initial_variables
from mtljax.training._objective import objective
from mtljax.training._over_rows import check_rows, check_whole_batches
from mtljax.training._shape_text import ROWS
from mtljax.weighting import equal

_ORDER = (
    'Surgery comes first in the optax chain, and clipping, MultiSteps and apply_if_finite come '
    'after it: optax.chain(surgery.on_shared(surgery.sum()), optax.adam(1e-3)).'
)


class TrainStep(NamedTuple):
    """The two functions of a training step, as `train_step` returns them.

    Attributes:
      init: A function ``(key, batch) -> TrainState`` that makes the state at step 0. It also checks
        that the model, the tasks, the batch and the optax chain fit each other.
      update: A pure function ``(state, batch) -> (state, info)`` that does one step. ``info`` has
        the entries ``loss``, ``weight`` and ``active``, each of the form ``{task: scalar}``: the
        loss of the task, its weight, and whether the batch has a label of the task. The entry
        ``finite`` has booleans: ``finite['task'][task]`` says whether the update of the head of the
        task is finite, and ``finite['shared']`` says it for the shared parameters. With the option
        ``gradient_norms``, the entry ``gradient`` has the norm of each task gradient. The entry
        ``conflict`` has what a `surgery.watch` in the optax chain measured, ``{name: scalar}``.
        ``update`` is not compiled. Apply ``jax.jit``, ``pmap``, ``scan`` or ``vmap`` to it.
    """

    init: Callable[..., TrainState]
    update: Callable[[TrainState, Batch], tuple[TrainState, dict[str, Any]]]


def train_step(
    model: MultiTask,
    tasks: Mapping[str, Task],
    tx: optax.GradientTransformation,
    *,
    weighting: Weighting | None = None,
    engine: str = 'auto',
    prefer: str = 'time',
    micro_batches: int = 1,
    pooled: bool = False,
    augment: Callable[[Key, Batch], Batch] | None = None,
    gradient_norms: bool = False,
    axis_name: str | None = None,
) -> TrainStep:
    """Build the training step of a model, for any sharing scheme, weighting and surgery.

    A step computes the loss of every task on a batch, weights the losses, computes the gradient of
    every task, and updates the parameters with the optax chain.

    Args:
      model: A multi-task model, made by a sharing scheme from a backbone and heads.
      tasks: The `Task` of each task name, ``{task: Task}``.
      tx: An optax chain that begins with a surgery, such as
        ``surgery.on_shared(surgery.pcgrad())``.
      weighting: The method that chooses the weights of the losses. None means `weighting.equal`.
      engine: The name of the method that computes the task gradients. The names are explained in
        `gradients.task_gradients`. ``'auto'`` chooses a method.
      prefer: What ``engine='auto'`` tries to save, ``'time'`` or ``'memory'``.
      micro_batches: The number of slices into which a batch is divided. The slices run one after
        the other, which saves memory. The surgery receives the gradients of the whole batch.
      pooled: The loss of a task is a sum over its labels in the batch, divided by a count. If
        False, the count is the number of labels of this task. If True, the count is the number of
        labels of all tasks together.
      augment: A function ``(key, batch) -> batch`` that changes the examples at random but keeps
        all shapes, such as `data.augment_scenes`. It runs on the device at the start of each step.
        None means no augmentation.
      gradient_norms: Whether ``info`` has the norm of the gradient of the weighted loss of each
        task, as the surgery gets it. The gradient is that of the shared parameters. If the tasks
        share nothing, it is that of the own parameters of the task. If the surgery does not need
        the gradients of single tasks, as `surgery.sum`, a step takes much longer.
      axis_name: The axis name of the surrounding ``pmap``, if there is one. Each device then
        receives a part of the batch. The losses, label counts and gradients are averaged over the
        devices before the surgery.

    Returns:
      A `TrainStep` with the functions ``init`` and ``update``.

    Raises:
      ValueError: A task of the model is missing in ``tasks``, or an option is out of range.
        ``init`` also raises this error if the shapes of the model, the tasks and the batch do not
        fit each other, or if ``tx`` does not begin with a surgery.

    >>> from mtljax import backbones, data, sharing, surgery
    >>> digits = data.digits(train=100, validation=10, test=10)
    >>> model = sharing.hard(backbones.mlp((8,)), digits.heads)
    >>> step = train_step(model, digits.tasks, optax.chain(surgery.sum(), optax.sgd(0.1)))
    >>> state = step.init(jax.random.key(0), digits.train.example)
    >>> state, info = step.update(state, digits.train.take(slice(0, 32)))
    >>> sorted(info['loss'])
    ['left', 'right']
    """
    check_tasks(model, tasks)
    check_engine(engine, prefer)
    check_count('micro_batches', micro_batches, 1)
    check_flag('gradient_norms', gradient_norms)
    check_whole_batches(model.tasks, tasks, micro_batches, axis_name)
    weighting = equal() if weighting is None else weighting
    if not isinstance(weighting, Weighting):
        raise ValueError(
            'weighting should be a Weighting, such as weighting.equal(). '
            f'Found weighting = {weighting!r}.'
        )
    tx = optax.with_extra_args_support(tx)
    step = _Step(model, tasks, tx, weighting, engine, prefer, micro_batches, pooled, augment)
    step = dataclasses.replace(step, gradient_norms=gradient_norms, axis_name=axis_name)
    return TrainStep(step.init, step.update)


@dataclasses.dataclass(frozen=True)
class _Step:
    """The parts of a step; `train_step` explains them."""

    model: MultiTask
    tasks: Mapping[str, Task]
    tx: optax.GradientTransformationExtraArgs
    weighting: Weighting
    engine: str
    prefer: str
    micro_batches: int
    pooled: bool
    augment: Callable[[Key, Batch], Batch] | None
    gradient_norms: bool = False
    axis_name: str | None = None

    def init(self, key: Key, batch: Batch) -> TrainState:
        """Check that all parts fit, and return the initial state."""
        model, batch = self.model, with_rows(shapes(batch))
        init_key, key = jax.random.split(key)
        params, state = initial_variables(model, init_key, batch.inputs)
        predictions = check_batch(model, self.tasks, params, state, batch)
        for name in model.tasks:
            check_rows(name, self.tasks[name], predictions[name], batch.targets[name])
        start = TrainState(
            step=jnp.zeros((), jnp.int32),
            params=params,
            state=state,
            weighting=self.weighting.init(len(model.tasks)),
            opt_state=self.tx.init(params),
            key=key,
        )
        start = _without_repeats(_strong(start))
        if self.axis_name is None:
            rows = with_rows(batch, ROWS * self.micro_batches)
            jax.eval_shape(dataclasses.replace(self, engine='batched').update, start, rows)
        return start

    def update(self, state: TrainState, batch: Batch) -> tuple[TrainState, dict[str, Any]]:
        """Make one step: losses, weights, gradients, surgery and optimizer, in this order."""
        key, model_key, weighting_key, surgery_key = jax.random.split(state.key, 4)
        losses_of, active = self._objective(state, batch, model_key)
        (losses, model_state), jacobian = task_gradients(
            losses_of,
            state.params,
            engine=self.engine,
            prefer=self.prefer,
            axis_name=self.axis_name,
            has_aux=True,
        )
        weights, weighting_state = self.weighting.update(
            losses, state.weighting, active=active, key=weighting_key
        )
        jacobian = jacobian.scale(weights)  # the norms below use the same rows as the surgery
        updates, opt_state = _apply(
            self.tx, jacobian, state, losses=losses, active=active, key=surgery_key
        )
        params = optax.apply_updates(state.params, updates)
        if self.weighting.observe is not None:
            after = _mean(losses_of(params)[0], self.axis_name)
            weighting_state = self.weighting.observe(after, weighting_state, active=active)
        model_state = _mean_changes(state.state, model_state, self.axis_name)
        info = {'loss': losses, 'weight': weights, 'active': active}
        if self.gradient_norms:
            info['gradient'] = norms_of(jacobian, state.params, active)
        info = {name: dict(zip(self.model.tasks, row, strict=True)) for name, row in info.items()}
        info |= {'finite': finite_updates(updates, self.model.tasks)}
        info |= {'conflict': conflicts(opt_state, self.model.tasks)}
        step = jnp.asarray(optax.safe_increment(state.step))
        end = TrainState(step, params, model_state, weighting_state, opt_state, key)
        return _strong(end), info

    def _objective(self, state: TrainState, batch: Batch, key: Key) -> tuple[Cut, Array]:
        """Augment the batch if wanted, and return its losses and which tasks are active."""
        if self.axis_name is not None:
            key = jax.random.fold_in(key, jax.lax.axis_index(self.axis_name))
        if self.augment is not None:
            key, augment_key = jax.random.split(key)
            batch = self.augment(augment_key, batch)
        return objective(
            self.model,
            self.tasks,
            state.state,
            batch,
            key,
            micro_batches=self.micro_batches,
            pooled=self.pooled,
            axis_name=self.axis_name,
        )


def _strong(tree: Any) -> Any:
    """Make weak dtypes, as of ``jnp.full(2, 0.5)``, strong: a change would compile again."""
    return jax.tree.map(
        lambda x: jax.lax.convert_element_type(x, x.dtype) if jax.typeof(x).weak_type else x, tree
    )


def _without_repeats(state: TrainState) -> TrainState:
    """Copy arrays that occur twice, because donated buffers must differ."""
    seen = set()

    def own(leaf):
        repeated = id(leaf) in seen
        seen.add(id(leaf))
        return jnp.copy(leaf) if repeated else leaf

    return jax.tree.map(own, state)


def _apply(tx, jacobian, state, *, losses, active, key):
    try:
        updates, opt_state = tx.update(
            jacobian,
            state.opt_state,
            state.params,
            losses=losses,
            active=active,
            key=key,
            value=losses.sum(),
        )
        fits = jax.tree.map(lambda new, old: new.shape == old.shape, updates, state.params)
    except (AttributeError, TypeError, ValueError) as error:
        raise ValueError(
            f'The optimiser failed on per-task gradients. {_ORDER} '
            f'Found {type(error).__name__}: {error}'
        ) from error
    if not all(jax.tree.leaves(fits)):
        raise ValueError(f'The optimiser gave no update in the shape of the parameters. {_ORDER}')
    return updates, opt_state


def _mean(tree, axis_name):
    return tree if axis_name is None else jax.lax.pmean(tree, axis_name)


def _mean_changes(before, after, axis_name):
    """Average changed running statistics over devices; other state does not change."""

    def settle(old, new):
        moving = new is not old and jnp.issubdtype(new.dtype, jnp.inexact)
        return _mean(new, axis_name) if moving else new

    return jax.tree.map(settle, before, after)
