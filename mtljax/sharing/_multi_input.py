"""One input per task."""

from mtljax.base import MultiTask
from mtljax.module import multitask, split_key
from mtljax.sharing._passes import step_toward


def multi_input(model: MultiTask) -> MultiTask:
    """Any scheme, where every task has examples of its own: ``x`` is ``{task: x_t}``.

    ``prediction_t = model(x_t)_t``: each task's inputs run through the model once, and only that
    task is read out; batch sizes may differ. Parameters are those of ``model``; what its trunk
    writes into the state (batch statistics, loads of shared gates) moves by one T-th with each
    task's pass.

    Args:
      model: a sharing scheme.

    Raises:
      ValueError: ``model`` is none; at init, inputs with other tasks than the model's.

    >>> import jax
    >>> import jax.numpy as jnp
    >>> from mtljax import backbones, heads, sharing
    >>> model = sharing.hard(backbones.mlp((8,)), {'b': heads.linear(3), 'a': heads.linear()})
    >>> model = multi_input(model)
    >>> x = {'a': jnp.ones((2, 4)), 'b': jnp.zeros((5, 4))}
    >>> params, state = model.init(jax.random.key(0), x)
    >>> {task: y.shape for task, y in model.apply(params, state, x)[0].items()}
    {'b': (5, 3), 'a': (2,)}
    """
    if not isinstance(model, MultiTask):
        raise ValueError(f'multi_input wraps a sharing scheme. Found {model!r}.')
    tasks = model.tasks

    def init(key, x):
        found = sorted(x) if isinstance(x, dict) else type(x).__name__
        if found != sorted(tasks):
            raise ValueError(f'multi_input expects {{task: x}} of {list(tasks)}. Found {found}.')
        return model.init(key, x[tasks[0]])

    def features(params, state, x, *, key=None, train=False):
        return x, state

    def readout(params, state, x, *, tasks=None, key=None, train=False):
        keys = dict(zip(model.tasks, split_key(key, len(model.tasks)), strict=True))
        predictions = {}
        for task in model.tasks if tasks is None else tasks:
            first, second = split_key(keys[task], 2)
            z, after = model.features(params, state, x[task], key=first, train=train)
            shared = step_toward(state['shared'], after['shared'], len(model.tasks))
            found, state = model.readout(
                params, {**after, 'shared': shared}, z, tasks=(task,), key=second, train=train
            )
            predictions[task] = found[task]
        return predictions, state

    return multitask(init, features, readout, tasks=tasks, coupled=True, auxiliary=model.auxiliary)
