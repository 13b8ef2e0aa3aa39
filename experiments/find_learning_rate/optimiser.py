"""The optimiser of a config with another learning rate."""

from collections.abc import Mapping
from typing import Any

import optax

from experiments import build
from experiments.program import UsageError

RATE = 'learning_rate'


def chain(config: Mapping[str, Any], rate: Any) -> optax.GradientTransformation:
    """Return the optax chain of a config, with another learning rate.

    Raises:
      UsageError: The optimiser has no learning rate, or more than one.
    """
    changed = with_rate(config['optimizer'], rate)
    if changed is None:
        raise UsageError(
            f'config.optimizer should have the option {RATE}. Found {config["optimizer"]!r:.200}.'
        )
    surgery = build.shared_surgery(config['surgery'])
    return optax.chain(surgery, build.build(changed, 'optimizer'))


def with_rate(spec: Any, rate: Any) -> Any:
    """Replace the learning rate in a spec. Return None if the spec has no learning rate."""
    if not isinstance(spec, Mapping):
        return None
    if RATE in spec:
        return {**spec, RATE: rate}
    parts = [*spec.get('args', ())]
    changed = [with_rate(part, rate) for part in parts]
    if sum(part is not None for part in changed) != 1:
        return None
    args = [old if new is None else new for old, new in zip(parts, changed, strict=True)]
    return {**spec, 'args': args}
