"""Models and batches for the rows of the table of sharing schemes."""

import jax
import jax.numpy as jnp
import numpy as np
import optax

from experiments.selfcheck.sharing_schemes import SCHEMES, VARIANTS
from mtljax import Batch, Task, backbones, heads
from tests.helpers import regression, small_tasks

ROWS = SCHEMES | VARIANTS
BACKBONES = {
    1: backbones.mlp((6,), activation=jnp.tanh),
    2: backbones.mlp((6, 4), activation=jnp.tanh),
    3: backbones.mlp((4, 4, 4), activation=jnp.tanh),
}


def tasks_for(scheme):
    """Tasks whose names are unsorted."""
    names = ('wide', 'b', 'a')[: scheme.num_tasks]
    if scheme.tasks == 'alike':
        return {name: regression(2) for name in names}
    if scheme.tasks == 'logits':
        return dict.fromkeys(names, Task(heads.linear(), optax.sigmoid_binary_cross_entropy))
    return {name: small_tasks().get(name) or regression() for name in names}


def batch_for(model, tasks, x, seed=0):
    """Inputs (as they are, or one per task) with targets in the shape of the predictions."""
    rng = np.random.default_rng(seed)
    per_task = isinstance(x, dict)
    predictions = jax.eval_shape(lambda: model.apply(*model.init(jax.random.key(0), x), x)[0])
    targets = {}
    for name, task in tasks.items():
        shape = predictions[name].shape
        if task.loss is optax.softmax_cross_entropy_with_integer_labels:
            targets[name] = rng.integers(shape[-1], size=shape[:-1]).astype(np.int32)
        elif task.loss is optax.sigmoid_binary_cross_entropy:
            targets[name] = rng.integers(2, size=shape).astype(np.float32)
        else:
            targets[name] = rng.normal(size=shape).astype(np.float32)
    size = len(next(iter(x.values())) if per_task else x)
    return Batch(x, targets, {name: np.ones(size, bool) for name in tasks})
