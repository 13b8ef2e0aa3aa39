"""Several weightings at once."""

import functools

import jax
import jax.numpy as jnp

from mtljax.base import Weighting


def chain(*weightings: Weighting) -> Weighting:
    """Combine several weightings: the weight of a task is the product of their weights.

    Each weighting receives the original losses and its own random key. Weightings with a function
    ``observe``, such as `famo`, also receive the losses that are computed again after the step. The
    state is the tuple of the states of the weightings.

    Each weighting treats missing labels, and losses that are zero or negative, in the same way as
    without `chain`.

    Args:
      *weightings: The weightings, at least one. Their order affects only the random keys that they
        receive.

    Raises:
      ValueError: No weighting is passed, or an argument is not a weighting.

    >>> from mtljax import weighting
    >>> both = chain(weighting.scale_invariant(), weighting.constant([1.0, 3.0]))
    >>> both.update(jnp.array([0.5, 2.0]), both.init(2))[0].tolist()
    [2.0, 1.5]
    """
    if not weightings:
        raise ValueError('chain needs at least one weighting. Found no argument.')
    for weighting in weightings:
        if not isinstance(weighting, Weighting):
            raise ValueError(
                'chain takes weightings, such as weighting.equal(), one by one. '
                f'Found {weighting!r}.'
            )

    def init(num_tasks):
        return tuple(weighting.init(num_tasks) for weighting in weightings)

    def update(losses, state, *, active=None, key=None):
        keys = [None] * len(weightings) if key is None else jax.random.split(key, len(weightings))
        results = [
            weighting.update(losses, inner, active=active, key=inner_key)
            for weighting, inner, inner_key in zip(weightings, state, keys, strict=True)
        ]
        weights, states = zip(*results, strict=True)
        return functools.reduce(jnp.multiply, weights), states

    def observe(losses_after, state, *, active=None):
        return tuple(
            inner
            if weighting.observe is None
            else weighting.observe(losses_after, inner, active=active)
            for weighting, inner in zip(weightings, state, strict=True)
        )

    observes = any(weighting.observe is not None for weighting in weightings)
    return Weighting(init, update, observe if observes else None)
