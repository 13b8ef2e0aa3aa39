"""What stages hand to later stages beside their features."""

from typing import Any, NamedTuple

from mtljax.base import Array, Module


class WithSkips(NamedTuple):
    """The output of a stage whose network joins early stages to late ones.

    Units between stages (cross-stitch, attention, modulation) act on the features alone, by
    `on_features`; the skips of a tower stay with it.

    Attributes:
      features: ``[B, ..., C]``.
      skips: a tuple of what later stages read, the newest last: features of earlier stages, or
        integers such as the places of maxima.
    """

    features: Array
    skips: tuple[Any, ...]


def features_of(x: Any) -> Any:
    """The features of a stage's output, with or without skips.

    >>> features_of(WithSkips('features', ())), features_of('features')
    ('features', 'features')
    """
    return x.features if isinstance(x, WithSkips) else x


def with_features(x: Any, features: Any) -> Any:
    """A stage's output with other features, and the skips that it has.

    >>> with_features(WithSkips(1, (2,)), 3)
    WithSkips(features=3, skips=(2,))
    """
    return x._replace(features=features) if isinstance(x, WithSkips) else features


def on_features(module: Module) -> Module:
    """A module that sees the features of its input; the skips go along.

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
