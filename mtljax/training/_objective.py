"""The losses of one batch, as a function that is divided at the features."""

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp

from mtljax.base import Array, Batch, Key, MultiTask, State, Task
from mtljax.gradients import Cut
from mtljax.losses import label_count
from mtljax.options import check_count
from mtljax.training._ignored import with_ignored
from mtljax.training._task_loss import loss_sum


def objective(
    model: MultiTask,
    tasks: Mapping[str, Task],
    state: State,
    batch: Batch,
    key: Key,
    *,
    micro_batches: int = 1,
    pooled: bool = False,
    axis_name: str | None = None,
) -> tuple[Cut, Array]:
    """Make the loss function of a batch, and find the tasks that have a label in the batch.

    The loss of task t is by default ``L_t = sum_i m_ti l_t(x_i) / sum_i m_ti``. Here ``l_t(x_i)``
    is the loss of the task on example i. ``m_ti`` is 1, or the weight of the label, if example i
    has a label of the task, and 0 if not. The number of labels in what follows is ``sum_i m_ti``.
    If the model has an auxiliary loss for the task, it is added to ``L_t``.

    Args:
      model: The multi-task model.
      tasks: The `Task` of each task name, ``{task: Task}``.
      state: The state of the model before the step.
      batch: A batch. With ``axis_name``, this is the part of the batch on one device.
      key: The random key for dropout.
      micro_batches: The number of slices into which the batch is divided. The slices run one after
        the other, so that only the activations of one slice are in memory.
      pooled: If True, the divisor of ``L_t`` is the number of labels of all tasks together, instead
        of the number of labels of task t.
      axis_name: The axis name of the surrounding ``pmap``, if there is one. The divisor is then the
        number of labels on all devices, divided by the number of devices. So the mean of the losses
        over the devices is the loss of the whole batch.

    Returns:
      Two values. The first is a function from the parameters to the losses and the new state of the
      model. This function is a `gradients.Cut`: it has one part for the shared network, which
      computes the features, and one part for the heads, which computes the losses from the
      features. The second value is an array of T booleans for T tasks, True for tasks with a label
      in the batch.

    >>> from mtljax import backbones, data, sharing
    >>> digits = data.digits(train=4, validation=2, test=2)
    >>> model = sharing.hard(backbones.mlp((8,)), digits.heads)
    >>> batch, key = digits.train.example, jax.random.key(0)
    >>> params, state = model.init(key, batch.inputs)
    >>> losses_of, active = objective(model, digits.tasks, state, batch, key)
    >>> losses_of(params)[0].shape, active.tolist()
    ((2,), [True, True])
    """
    check_count('micro_batches', micro_batches, 1)
    batch = with_ignored(batch, tasks)
    counts = [label_count(batch.mask[name], batch.weight.get(name)) for name in model.tasks]
    counts = jnp.stack(counts)
    counts = counts if axis_name is None else jax.lax.pmean(counts, axis_name)
    divisor = jnp.full_like(counts, counts.sum()) if pooled else counts
    divisor = jnp.where(divisor > 0, divisor, 1)
    trunk_key, readout_key = jax.random.split(key)
    features, sums = _features(model), _sums(model, tasks)
    inputs, labels = batch.inputs, (batch.targets, batch.mask, batch.weight)
    if micro_batches > 1:
        features, sums = _scanned_features(features), _scanned_sums(sums)
        inputs, labels = _slices((inputs, labels), micro_batches)
        trunk_key, readout_key = jax.random.split(key, (2, micro_batches))

    def trunk(shared):
        return features(shared, state, inputs, trunk_key)

    def loss(params, z, carry, task):
        total, carry = sums((model.tasks[task],), params, carry, z, labels, readout_key)
        return total[0] / divisor[task], carry

    def losses(params, z, carry):
        total, carry = sums(model.tasks, params, carry, z, labels, readout_key)
        return total / divisor, carry

    return Cut(trunk, loss, losses, len(model.tasks), model.coupled), counts > 0


def _features(model: MultiTask):
    def features(shared, state, inputs, key):
        return model.features({'shared': shared}, state, inputs, key=key, train=True)

    return features


def _sums(model: MultiTask, tasks: Mapping[str, Task]):
    """Return a function that sums the loss of each named task over its labels, ``[len(names)]``.

    An auxiliary loss counts once per label, so that slices and devices average it like the other
    losses.
    """

    def sums(names, params, state, z, labels, key):
        targets, mask, weight = labels
        predictions, state = model.readout(params, state, z, tasks=names, key=key, train=True)
        totals = []
        for name in names:
            where = (mask[name], weight.get(name))
            total = loss_sum(tasks[name], predictions[name], targets[name], *where)
            if model.auxiliary is not None:
                total = total + model.auxiliary(state, name) * label_count(*where)
            totals.append(total)
        return jnp.stack(totals), state

    return sums


def _slices(tree: Any, count: int):
    """Reshape leaves ``[B, ...]`` to ``[count, B / count, ...]``, every count-th example a slice.

    With this order, each device of a sharded batch keeps its examples.
    """

    def sliced(leaf):
        if leaf.shape[0] % count:
            raise ValueError(
                'micro_batches should divide the batch size. Found '
                f'micro_batches = {count}, and a batch of {leaf.shape[0]} examples.'
            )
        return leaf.reshape(-1, count, *leaf.shape[1:]).swapaxes(0, 1)

    return jax.tree.map(sliced, tree)


def _scanned_features(features):
    def scanned(shared, state, inputs, keys):
        def body(state, one):
            z, state = jax.checkpoint(features)(shared, state, *one)
            return state, z

        state, z = jax.lax.scan(body, state, (inputs, keys))
        return z, state

    return scanned


def _scanned_sums(sums):
    def scanned(names, params, state, z, labels, keys):
        def body(state, one):
            def total(params, state, one):
                return sums(names, params, state, *one)

            totals, state = jax.checkpoint(total)(params, state, one)
            return state, totals

        state, totals = jax.lax.scan(body, state, (z, labels, keys))
        return totals.sum(axis=0), state

    return scanned
