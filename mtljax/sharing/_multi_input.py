"""Models with a separate input for each task."""

from mtljax.base import MultiTask
from mtljax.module import multitask, split_key
from mtljax.sharing._passes import step_toward


def multi_input(model: MultiTask) -> MultiTask:
    """Change a model so that each task has its own examples: the new input is ``{task: x_t}``.

    The prediction of task t is the output of ``model`` for task t on the input ``x_t``. The model
    runs once per task, and the batch sizes of the tasks may differ. The parameters do not change.

    If the shared network has a state, such as batch statistics, each of the T tasks updates it in a
    training step. Each update moves the state by 1/T of the usual change.

    Args:
      model: A model that a sharing scheme built.

    Raises:
      ValueError: ``model`` is not a `MultiTask`. ``init`` also raises this error if the tasks of
        the inputs are not the tasks of ``model``.

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
        raise ValueError(f'model should be a MultiTask. Found {model!r}.')
    tasks = model.tasks

    def init(key, x):
        names = sorted(x) if isinstance(x, dict) else type(x).__name__
        if names != sorted(tasks):
            raise ValueError(
                f'x should be {{task: x}} with the tasks {list(tasks)}. Found {names}.'
            )
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
            outputs, state = model.readout(
                params, {**after, 'shared': shared}, z, tasks=(task,), key=second, train=train
            )
            predictions[task] = outputs[task]
        return predictions, state

    return multitask(init, features, readout, tasks=tasks, coupled=True, auxiliary=model.auxiliary)
