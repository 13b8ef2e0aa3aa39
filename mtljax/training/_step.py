"""One training step: losses, weighting, per-task gradients, surgery, optimiser."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from mtljax.base import Batch, Key, MultiTask, Task, TrainState, Weighting
from mtljax.gradients import check_engine, task_gradients
from mtljax.module import shapes
from mtljax.training._check import ROWS, check_batch, check_tasks, with_rows
from mtljax.training._objective import objective
from mtljax.weighting import equal

_ORDER = (
    'Surgery comes first in the optax chain, and clipping, MultiSteps and apply_if_finite behind '
    'it: optax.chain(surgery.on_shared(surgery.sum()), optax.adam(1e-3)).'
)


class TrainStep(NamedTuple):
    """A pure training step.

    Attributes:
      init: ``(key, batch) -> TrainState``; also checks model, tasks, batch and chain by their
        shapes.
      update: ``(state, batch) -> (state, info)``; ``info`` holds ``loss``, ``weight`` and
        ``active``, each ``{task: scalar}``. jit, pmap, scan and vmap are the caller's.
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
    axis_name: str | None = None,
) -> TrainStep:
    """Build the step of a model: the same whatever the scheme, weighting, method and engine.

    Args:
      model: a sharing scheme on a backbone and heads.
      tasks: ``{task: Task}``, one for each of the model's tasks.
      tx: an optax chain that begins with a surgery.
      weighting: of the losses; `weighting.equal` when left out.
      engine: see `gradients.task_gradients`.
      prefer: what the engine ``'auto'`` spares, ``'time'`` or ``'memory'``.
      micro_batches: slices of the batch that run one after the other, accumulated per task before
        surgery.
      pooled: divide the losses by the labels of all tasks, not by each task's own.
      augment: ``(key, batch) -> batch`` of the same shapes, run on the device before anything else,
        such as `data.augment_scenes`.
      axis_name: the axis of a surrounding pmap; each device then sees its part of the batch, and
        losses, label counts and gradients are averaged over devices before the surgery.

    Raises:
      ValueError: a model task without a `Task` or an option out of range (here); shapes that do not
        fit, or a chain that does not begin with a surgery (in ``init``).

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
    if micro_batches < 1:
        raise ValueError(f'micro_batches should be at least 1. Found {micro_batches}.')
    weighting = equal() if weighting is None else weighting
    if not isinstance(weighting, Weighting):
        raise ValueError(
            f'weighting should be one, such as weighting.equal(). Found {weighting!r}.'
        )
    tx = optax.with_extra_args_support(tx)

    def init(key, batch):
        batch = with_rows(shapes(batch))
        init_key, key = jax.random.split(key)
        params, state = jax.jit(lambda k: model.init(k, batch.inputs))(init_key)
        check_batch(model, tasks, params, state, batch)
        start = TrainState(
            step=jnp.zeros((), jnp.int32),
            params=params,
            state=state,
            weighting=weighting.init(len(model.tasks)),
            opt_state=tx.init(params),
            key=key,
        )
        start = _without_repeats(start)
        if axis_name is None:
            rows = with_rows(batch, ROWS * micro_batches)
            jax.eval_shape(lambda s, b: advance(s, b, 'batched'), start, rows)
        return start

    def update(state, batch):
        return advance(state, batch, engine)

    def advance(state, batch, engine):
        key, model_key, weighting_key, surgery_key = jax.random.split(state.key, 4)
        if axis_name is not None:
            model_key = jax.random.fold_in(model_key, jax.lax.axis_index(axis_name))
        if augment is not None:
            model_key, augment_key = jax.random.split(model_key)
            batch = augment(augment_key, batch)
        losses_of, active = objective(
            model,
            tasks,
            state.state,
            batch,
            model_key,
            micro_batches=micro_batches,
            pooled=pooled,
            axis_name=axis_name,
        )
        (losses, model_state), jacobian = task_gradients(
            losses_of,
            state.params,
            engine=engine,
            prefer=prefer,
            axis_name=axis_name,
            has_aux=True,
        )
        weights, weighting_state = weighting.update(
            losses, state.weighting, active=active, key=weighting_key
        )
        updates, opt_state = _apply(
            tx, jacobian.scale(weights), state, losses=losses, active=active, key=surgery_key
        )
        params = optax.apply_updates(state.params, updates)
        if weighting.observe is not None:
            after = _mean(losses_of(params)[0], axis_name)
            weighting_state = weighting.observe(after, weighting_state, active=active)
        model_state = _mean_changes(state.state, model_state, axis_name)
        info = {'loss': losses, 'weight': weights, 'active': active}
        info = {name: dict(zip(model.tasks, row, strict=True)) for name, row in info.items()}
        step = jnp.asarray(optax.safe_increment(state.step))
        return TrainState(step, params, model_state, weighting_state, opt_state, key), info

    return TrainStep(init, update)


def _without_repeats(state: TrainState) -> TrainState:
    """Copies where one array stands for two: buffers that are donated must differ."""
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
    """Running statistics as the mean over devices; what did not change stays as it is."""

    def settle(old, new):
        moving = new is not old and jnp.issubdtype(new.dtype, jnp.inexact)
        return _mean(new, axis_name) if moving else new

    return jax.tree.map(settle, before, after)
