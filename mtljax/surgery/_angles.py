"""The angles between the task gradients, of all parameters and of each stage."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float

from mtljax import trees
from mtljax.base import Jacobian, Params
from mtljax.gradients import Stacked, cosines

_LEAST, _MOST = 1e-24, 1e30  # squared norms that keep their digits in float32


class Angles(NamedTuple):
    """The lengths of the task gradients and the angles between them, for T tasks.

    Attributes:
      norms: The norm of each gradient, ``[T]``. NaN for a task without a label in the batch.
      cosines: The cosine of each two gradients, ``[T, T]``. NaN if a task has no label in the
        batch, or if its gradient is zero.

    At a stage, a cosine is also NaN if a norm is below 1e-12 or above 1e15.
    """

    norms: Float[Array, 'T']
    cosines: Float[Array, 'T T']


@dataclass(frozen=True)
class Seen:
    """A Jacobian whose norms and cosines are known.

    Attributes:
      rows: The Jacobian.
      norms: The norms of its rows, ``[T]``.
      cosines: The cosines of its rows, ``[T, T]``.
    """

    rows: Jacobian
    norms: Float[Array, 'T']
    cosines: Float[Array, 'T T']

    @property
    def num_tasks(self) -> int:
        """The number of tasks, T."""
        return self.rows.num_tasks

    def scale(self, weights: ArrayLike) -> 'Seen':
        """Multiply row t by ``weights[t]``."""
        factors = jnp.asarray(weights)
        signs = jnp.sign(factors)
        cosines = signs[:, None] * signs[None, :] * self.cosines
        return replace(
            self, rows=self.rows.scale(weights), norms=abs(factors) * self.norms, cosines=cosines
        )

    def realise(self) -> 'Seen':
        """Return the same Jacobian, since its angles are known."""
        return self

    def gramian(self) -> Float[Array, 'T T']:
        """The inner products of all rows."""
        return self.norms[:, None] * self.norms[None, :] * self.cosines

    def normalised(
        self, active: Bool[Array, 'T'] | None = None
    ) -> tuple[Float[Array, 'T'], Float[Array, 'T T']]:
        """The norms and the cosines of the rows."""
        del active
        return self.norms, self.cosines

    def combine(self, weights: ArrayLike | None = None) -> Params:
        """The weighted sum of the rows."""
        return self.rows.combine(weights)

    def stacked(self) -> Params:
        """The rows."""
        return self.rows.stacked()


def measure(
    jacobian: Jacobian, active: Bool[Array, 'T'], stages: Sequence[str]
) -> tuple[Seen, dict[str, Angles]]:
    """Return a Jacobian whose angles are known, and the angles at each stage.

    Args:
      jacobian: The task gradients.
      active: The tasks with a label in the batch, ``[T]``.
      stages: The stage of each leaf of the parameters. If the engine stores no rows, the angles at
        the stages are NaN.
    """
    jacobian = jacobian.realise()
    if not isinstance(jacobian, Stacked):
        return Seen(jacobian, *jacobian.normalised(active)), no_angles(stages, jacobian.num_tasks)
    products, found = jacobian.products(), {}
    for name in sorted(set(stages)):
        here = [index for index, stage in enumerate(stages) if stage == name]
        found[name] = _of_stage(jacobian.sum_of([products[index] for index in here]), active)
    whole = jacobian.normalised(active, jacobian.sum_of(products))
    return Seen(jacobian, *whole), found


def _of_stage(gramian: Float[Array, 'T T'], active: Bool[Array, 'T']) -> Angles:
    """Return the angles at a stage; to scale rows again would cost a second Gramian."""
    square = jnp.diagonal(gramian)
    known = (square > _LEAST) & (square < _MOST)
    angles = masked(jnp.sqrt(square), cosines(gramian), active)
    pairs = known[:, None] & known[None, :]
    return angles._replace(cosines=jnp.where(pairs, angles.cosines, jnp.nan))


def masked(norms: Array, cosines: Array, active: Array) -> Angles:
    """Return angles that are NaN where they have no meaning, float32."""
    there = active & (norms > 0)
    pairs = there[:, None] & there[None, :]
    angles = Angles(jnp.where(active, norms, jnp.nan), jnp.where(pairs, cosines, jnp.nan))
    return jax.tree.map(lambda leaf: leaf.astype(jnp.float32), angles)


def no_angles(stages: Sequence[str], num_tasks: int) -> dict[str, Angles]:
    """Return NaN for each stage."""
    return {name: unknown(num_tasks) for name in sorted(set(stages))}


def unknown(num_tasks: int) -> Angles:
    """Return NaN for all angles, float32."""
    return Angles(
        jnp.full(num_tasks, jnp.nan, jnp.float32),
        jnp.full((num_tasks, num_tasks), jnp.nan, jnp.float32),
    )


def stages_of(params: Any, stage_of: Callable[[str], str] | None) -> list[str]:
    """Return the stage of each leaf of the parameters; see `watch`.

    >>> stages_of({'experts': {'stage0': {'kernel': 0.0}}, 'scale': 1.0}, None)
    ['experts/stage0', 'scale']
    """
    return [(stage_of or _stage_of)(path) for path in trees.paths(params)]


def _stage_of(path: str) -> str:
    """Return the path up to the stage of a backbone, or the first part."""
    parts = path.split('/')
    found = [index for index, part in enumerate(parts) if part.startswith('stage')]
    return '/'.join(parts[: found[0] + 1]) if found else parts[0]
