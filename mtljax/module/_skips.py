"""Skip connections: outputs of early stages that later stages read."""

from typing import Any, NamedTuple

from mtljax.base import Array, Module


class WithSkips(NamedTuple):
    """The output of a stage in a network with skip connections.

    A stage is one module of a backbone. In networks such as U-Net, late stages read outputs of
    early stages. A sharing scheme may put units between the stages, for example to mix the features
    of two tasks. These units change the features only; see `on_features`. If every task has a copy
    of the network, each copy reads its own skips.

    Attributes:
      features: The features, ``[B, ..., C]``.
      skips: A tuple of outputs that later stages read, with the newest last. They are features of
        earlier stages, or integers such as the positions of the maxima in max pooling.
    """

    features: Array
    skips: tuple[Any, ...]


def features_of(x: Any) -> Any:
    """The features in the output of a stage, which may be a `WithSkips` or plain features.

    >>> from mtljax.module import WithSkips
    >>> features_of(WithSkips('features', ())), features_of('features')
    ('features', 'features')
    """
    return x.features if isinstance(x, WithSkips) else x


def with_features(x: Any, features: Any) -> Any:
    """Replace the features in the output of a stage, and keep its skips.

    Skips are outputs of earlier stages that later stages read; see `WithSkips`.

    Args:
      x: The output of a stage, a `WithSkips` or plain features.
      features: The new features.

    >>> from mtljax.module import WithSkips
    >>> with_features(WithSkips(1, (2,)), 3)
    WithSkips(features=3, skips=(2,))
    """
    return x._replace(features=features) if isinstance(x, WithSkips) else features


def on_features(module: Module) -> Module:
    """Make a module that applies ``module`` to the features of its input, and keeps the skips.

    Skips are outputs of earlier stages that later stages read; see `WithSkips`.

    Args:
      module: The module to apply. It reads plain features, not a `WithSkips`.

    >>> from mtljax import Module
    >>> from mtljax.module import WithSkips
    >>> double = Module(lambda key, x: ({}, {}), lambda params, state, x, **_: (2 * x, state))
    >>> on_features(double).apply({}, {}, WithSkips(1, (5,)))[0]
    WithSkips(features=2, skips=(5,))
    """

    def init(key, x):
        return module.init(key, features_of(x))

    def apply(params, state, x, *, key=None, train=False):
        y, state = module.apply(params, state, features_of(x), key=key, train=train)
        return with_features(x, y), state

    return Module(init, apply)
