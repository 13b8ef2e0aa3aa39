"""A model of several tasks from its two halves."""

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
    """Make a `MultiTask` model from functions. Its ``apply`` runs ``features``, then ``readout``.

    Args:
      init: ``(key, x) -> (params, state)``. The parameters have the layout that `MultiTask`
        describes.
      features: ``(params, state, x, *, key, train) -> (z, state)``, from the inputs to the
        features. It reads only ``params['shared']``.
      readout: ``(params, state, z, *, tasks=None, key, train) -> ({task: prediction}, state)``,
        from the features to the predictions.
      tasks: The names of the tasks. Arrays with one entry per task follow this order.
      coupled: Whether ``readout`` also reads ``params['shared']``.
      auxiliary: ``(state, task) -> scalar``, an extra loss that training adds to the loss of the
        task. By default there is none.

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
