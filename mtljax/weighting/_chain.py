"""Several weightings at once."""

import functools

import jax
import jax.numpy as jnp

from mtljax.base import Weighting


def chain(*weightings: Weighting) -> Weighting:
    """The product of several weightings, ``w_t = prod_k w_t^(k)``.

    Each gets the losses as they are, not as the ones before weigh them, and a key of its own; each
    that observes gets the losses after the step. The state is the tuple of theirs.

    Scale: the product of theirs. Inactive tasks, and losses that are zero or negative: as in each.

    Args:
      *weightings: at least one; their order is of no account, but for the keys.

    Raises:
      ValueError: there is none, or one is no weighting.

    >>> from mtljax import weighting
    >>> both = chain(weighting.scale_invariant(), weighting.constant([1.0, 3.0]))
    >>> both.update(jnp.array([0.5, 2.0]), both.init(2))[0].tolist()
    [2.0, 1.5]
    """
    if not weightings:
        raise ValueError('chain needs at least one weighting. Found none.')
    for one in weightings:
        if not isinstance(one, Weighting):
            raise ValueError(
                f'chain takes weightings, such as weighting.equal(), one by one. Found {one!r}.'
            )

    def init(num_tasks):
        return tuple(one.init(num_tasks) for one in weightings)

    def update(losses, state, *, active=None, key=None):
        keys = [None] * len(weightings) if key is None else jax.random.split(key, len(weightings))
        made = [
            one.update(losses, own, active=active, key=own_key)
            for one, own, own_key in zip(weightings, state, keys, strict=True)
        ]
        weights, states = zip(*made, strict=True)
        return functools.reduce(jnp.multiply, weights), states

    def observe(losses_after, state, *, active=None):
        return tuple(
            own if one.observe is None else one.observe(losses_after, own, active=active)
            for one, own in zip(weightings, state, strict=True)
        )

    observes = any(one.observe is not None for one in weightings)
    return Weighting(init, update, observe if observes else None)
