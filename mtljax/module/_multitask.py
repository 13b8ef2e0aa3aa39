"""A multi-task model from its two halves."""

from collections.abc import Callable, Sequence

from mtljax.base import MultiTask
from mtljax.module._shapes import split_key


def multitask(
    init: Callable,
    features: Callable,
    readout: Callable,
    *,
    tasks: Sequence[str],
    coupled: bool = False,
    auxiliary: Callable | None = None,
) -> MultiTask:
    """A `MultiTask` whose ``apply`` is ``readout`` after ``features``.

    Args:
      init: ``(key, x) -> (params, state)``, with the layout of `MultiTask`.
      features: The function up to the features ``z``; it reads ``params['shared']`` only.
      readout: The function from the features to the predictions.
      tasks: The names of the tasks, in the order of every T axis.
      coupled: Whether ``readout`` reads ``params['shared']`` too.
      auxiliary: ``(state, task) -> scalar``; training adds it to the loss of that task.

    >>> def init(key, x):
    ...     return {'shared': {'w': x[0]}, 'task': {'heads': {'a': 1.0}}}, {}
    >>> def features(params, state, x, *, key=None, train=False):
    ...     return x @ params['shared']['w'], state
    >>> def readout(params, state, z, *, tasks=None, key=None, train=False):
    ...     return {'a': z * params['task']['heads']['a']}, state
    >>> import jax
    >>> model = multitask(init, features, readout, tasks=['a'])
    >>> x = jax.numpy.ones((2, 3))
    >>> model.apply(*model.init(jax.random.key(0), x), x)[0]['a'].tolist()
    [3.0, 3.0]
    """

    def apply(params, state, x, *, key=None, train=False):
        first, second = split_key(key, 2)
        z, state = features(params, state, x, key=first, train=train)
        return readout(params, state, z, key=second, train=train)

    return MultiTask(
        init,
        apply,
        features=features,
        readout=readout,
        tasks=tuple(tasks),
        coupled=coupled,
        auxiliary=auxiliary,
    )
