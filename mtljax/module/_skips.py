"""Skips: outputs of stages for later stages, beside the features."""

from typing import Any, NamedTuple

from mtljax.base import Array, Module


class WithSkips(NamedTuple):
    """The output of a stage in a network where late stages read early ones.

    Units between stages (cross-stitch, attention, modulation) act on the features only, with
    `on_features`. The skips of a tower stay with the tower.

    Attributes:
      features: ``[B, ..., C]``.
      skips: A tuple of outputs that later stages read, the newest last: features of earlier stages,
        or integers such as the places of maxima.
    """

    features: Array
    skips: tuple[Any, ...]


def features_of(x: Any) -> Any:
    """The features in the output of a stage, with or without skips.

    >>> features_of(WithSkips('features', ())), features_of('features')
    ('features', 'features')
    """
    return x.features if isinstance(x, WithSkips) else x


def with_features(x: Any, features: Any) -> Any:
    """The output of a stage with new features and the same skips.

    >>> with_features(WithSkips(1, (2,)), 3)
    WithSkips(features=3, skips=(2,))
    """
    return x._replace(features=features) if isinstance(x, WithSkips) else features


def on_features(module: Module) -> Module:
    """A module that reads the features of its input; skips are passed on.

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
