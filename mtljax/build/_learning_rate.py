"""The learning rate of an optimiser that a config describes, for the log."""

from collections.abc import Mapping
from typing import Any

from mtljax.build._make import make

_NAME = 'learning_rate'
_CHAIN = 'optax:chain'


def learning_rate(spec: Any) -> Any:
    """Return the learning rate of an optimiser, a number or a schedule; None if it is not known.

    It is known if the optimiser has the option ``learning_rate``, or if it is an ``optax:chain`` in
    which one part has it. Other functions, such as ``optax:MultiSteps``, may count steps in another
    way.

    Args:
      spec: The spec of the optimiser.

    >>> learning_rate({'fn': 'optax:chain', 'args': [{'fn': 'optax:sgd', 'learning_rate': 0.1}]})
    0.1
    """
    if not isinstance(spec, Mapping):
        return None
    if spec.get('fn') == _CHAIN:
        known = [rate for each in spec.get('args', ()) if (rate := learning_rate(each)) is not None]
        return known[0] if len(known) == 1 else None
    rate = make(spec.get(_NAME), f'optimizer.{_NAME}')
    is_number = isinstance(rate, int | float) and not isinstance(rate, bool)
    return rate if callable(rate) or is_number else None
