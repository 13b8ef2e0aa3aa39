"""A weighting under test, with its weights in all situations that are checked."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from mtljax.base import PyTree, Weighting

TASKS, STEPS = 5, 12
SUBSET = np.array([1, 4])


class Steps(NamedTuple):
    """The arguments of a weighting in some steps: arrays ``[steps, T]``, and one key per step."""

    losses: Any
    after: Any
    active: Any
    keys: Any


@dataclass(frozen=True, eq=False)
class WeightingCase:
    """A weighting and the properties that it should have; see `check_weighting`."""

    weighting: Weighting | Callable[[np.ndarray], Weighting]
    draws: bool = False
    rtol: float = 1e-5

    def of(self, ids: Any) -> Weighting:
        """Return the weighting of the tasks with these indices."""
        return self.weighting if isinstance(self.weighting, Weighting) else self.weighting(ids)

    def compiled(self, ids: Any) -> Callable[[Steps], tuple[PyTree, Any]]:
        """Return `scan_of`, compiled."""
        return jax.jit(scan_of(self.of(np.asarray(ids))))

    @functools.cached_property
    def answers(self) -> dict[str, tuple[PyTree, Any]]:
        """The last state and the weights of all steps in every situation, from one program."""
        named = situations()
        stacked = jax.tree.map(lambda *leaves: jnp.stack(leaves), *named.values())
        results = jax.device_get(jax.jit(jax.vmap(scan_of(self.of(np.arange(TASKS)))))(stacked))
        rows = (jax.tree.map(lambda x, i=i: x[i], results) for i in range(len(named)))
        return dict(zip(named, rows, strict=True))


def situations() -> dict[str, Steps]:
    """Return the arguments of the steps in each situation, by its name."""
    ids = np.arange(TASKS)
    plain = steps_of(ids)
    active = np.isin(ids, SUBSET)
    broken = plain._replace(
        losses=np.where(active, plain.losses, np.nan).astype(np.float32),
        after=np.where(active, plain.after, -1e20).astype(np.float32),
        active=np.broadcast_to(active, plain.active.shape),
    )
    some = plain.active & (np.arange(STEPS) % 4 != 1)[:, None]
    return {
        'plain': plain,
        'other seed': steps_of(ids, seed=1),
        'subset': broken,
        'steps without a label': plain._replace(active=some),
    }


def steps_of(ids: Any, steps: int = STEPS, seed: int = 0, dtype: Any = np.float32) -> Steps:
    """Return random losses of the tasks with these indices; all tasks are active."""
    rng = np.random.default_rng(seed)
    losses, fall = rng.uniform(0.1, 5, (steps, 64)), rng.uniform(0.5, 1.1, (steps, 64))
    keys = jax.random.split(jax.random.key(seed), steps)
    losses, after = (each[:, ids].astype(dtype) for each in (losses, losses * fall))
    return Steps(losses, after, np.ones(losses.shape, bool), keys)


def step_of(weighting: Weighting) -> Callable[[PyTree, Steps], tuple[PyTree, Any]]:
    """Return ``(state, arguments) -> (state, weights)``: an update, then an observation."""

    def step(state, each):
        weights, state = weighting.update(each.losses, state, active=each.active, key=each.keys)
        if weighting.observe is not None:
            state = weighting.observe(each.after, state, active=each.active)
        return state, weights

    return step


def scan_of(weighting: Weighting) -> Callable[[Steps], tuple[PyTree, Any]]:
    """Return ``(steps) -> (last state, weights of every step)``, from the first state."""

    def scan(steps):
        return jax.lax.scan(step_of(weighting), weighting.init(steps.losses.shape[1]), steps)

    return scan
