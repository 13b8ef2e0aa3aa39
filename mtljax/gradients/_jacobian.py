"""Jacobians whose rows are stored, and Jacobians whose rows are computed when they are needed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from operator import add
from typing import Any

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float

from mtljax import trees
from mtljax._numeric import mean_over, per_row
from mtljax.base import Jacobian, Params
from mtljax.gradients._cosines import norms_and_cosines

Engine = Callable[[Callable[[Any], Params], Any], Params]
"""``(pull, rows) -> leaves [T, ...]``, a function that computes the pullbacks of all rows."""


@dataclass(frozen=True)
class Stacked:
    """A Jacobian that stores the gradients of all tasks in memory.

    Row t is the gradient of the loss of task t. The methods are described in `mtljax.Jacobian`.

    Attributes:
      tree: The rows, as a tree whose leaves have a leading task axis, ``[T, ...]``.
      num_tasks: The number of tasks, T.

    >>> Stacked({'w': jnp.array([[1.0, 2.0], [3.0, 4.0]])}, 2).combine()['w'].tolist()
    [4.0, 6.0]
    """

    tree: Params
    num_tasks: int

    def scale(self, weights: ArrayLike) -> 'Stacked':
        """Multiply row t by ``weights[t]``: ``diag(weights) J``."""
        return replace(self, tree=_scale_rows(self.tree, weights))

    def realise(self) -> 'Stacked':
        """Return the same Jacobian, since its rows are stored already."""
        return self

    def gramian(self) -> Float[Array, 'T T']:
        """The inner products of all rows, ``J J^T``."""
        return self.sum_of(self.products())

    def products(self) -> list[Float[Array, 'T T']]:
        """The inner products of the rows of each leaf."""
        dtype = _accumulator(self.tree)
        flat = [leaf.reshape(self.num_tasks, -1) for leaf in jax.tree.leaves(self.tree)]
        return [
            jnp.einsum('tp,sp->ts', rows, rows, precision='highest', preferred_element_type=dtype)
            for rows in flat
        ]

    def sum_of(self, products: Sequence[Float[Array, 'T T']]) -> Float[Array, 'T T']:
        """The Gramian of some leaves, from their `products`."""
        zeros = jnp.zeros((self.num_tasks, self.num_tasks), _accumulator(self.tree))
        total = reduce(add, products, zeros)
        return (total + total.T) / 2  # a matrix product is symmetric up to rounding only

    def normalised(
        self,
        active: Bool[Array, 'T'] | None = None,
        gramian: Float[Array, 'T T'] | None = None,
    ) -> tuple[Float[Array, 'T'], Float[Array, 'T T']]:
        """The norms and the cosines of the rows, from their Gramian, which may be known already.

        If the square of a norm does not fit float32, the rows are scaled first.
        """
        gramian = self.gramian() if gramian is None else gramian
        return norms_and_cosines(
            gramian, lambda factors: _wide(self).scale(factors).gramian(), active
        )

    def combine(self, weights: ArrayLike | None = None) -> Params:
        """The weighted sum of the rows, ``J^T weights``."""
        weights = jnp.ones(self.num_tasks) if weights is None else jnp.asarray(weights)
        return jax.tree.map(lambda leaf: _combined(weights, leaf), self.tree)

    def stacked(self) -> Params:
        """The rows."""
        return self.tree


@dataclass(frozen=True)
class Pullback:
    """A Jacobian with the rows ``pull(rows[t])``, which are computed when a method needs them.

    Attributes:
      pull: A linear function from one cotangent to a tree in the parameters' shape.
      rows: One cotangent per task. They are not stacked, so that XLA fuses their weighted sum.
      engine: The function that pulls all rows back.
      axis_name: The name of the mapped axis. Gradients are averaged over its devices.
    """

    pull: Callable[[Any], Params]
    rows: tuple[Any, ...]
    engine: Engine
    axis_name: str | None = None

    @property
    def num_tasks(self) -> int:
        """The number of tasks, T."""
        return len(self.rows)

    def scale(self, weights: ArrayLike) -> 'Pullback':
        """Multiply row t by ``weights[t]``: ``diag(weights) J``. The cotangents are multiplied."""
        rows = zip(jnp.asarray(weights), self.rows, strict=True)
        return replace(self, rows=tuple(_times(weight, row) for weight, row in rows))

    def realise(self) -> Stacked:
        """The rows, by T pullbacks with the engine, and then one average over devices."""
        rows = self.engine(self.pull, trees.stack(self.rows))
        return Stacked(self._mean(rows), self.num_tasks)

    def gramian(self) -> Float[Array, 'T T']:
        """The inner products of all rows, ``J J^T``."""
        return self.realise().gramian()

    def normalised(
        self, active: Bool[Array, 'T'] | None = None
    ) -> tuple[Float[Array, 'T'], Float[Array, 'T T']]:
        """The norms and the cosines of the rows."""
        return self.realise().normalised(active)

    def combine(self, weights: ArrayLike | None = None) -> Params:
        """The weighted sum of the rows, ``J^T weights``, by one pullback."""
        weights = jnp.ones(self.num_tasks) if weights is None else jnp.asarray(weights)
        cotangent = jax.tree.map(lambda *leaves: _weighted_sum(weights, leaves), *self.rows)
        return self._mean(self.pull(cotangent))

    def stacked(self) -> Params:
        """The rows, computed now."""
        return self.realise().stacked()

    def _mean(self, tree):
        return mean_over(self.axis_name, tree)


def as_jacobian(updates: Any, params: Params | None = None) -> Jacobian:
    """Convert the gradients of T tasks to a `mtljax.Jacobian`.

    A surgery method, such as PCGrad, calls this function on the updates that optax passes to it.

    Args:
      updates: The gradients of T tasks: a Jacobian, which is returned unchanged, or a tree whose
        leaves have the shape ``(T,) + param.shape``.
      params: The parameters. If they are given, the shapes of the updates are checked against
        their shapes.

    Returns:
      The Jacobian.

    Raises:
      ValueError: The leaves have no common leading axis, or their other axes do not match the
        parameters.

    >>> as_jacobian({'w': jnp.ones((2, 3))}).gramian()
    Array([[3., 3.],
           [3., 3.]], dtype=float32)
    """
    if isinstance(updates, Jacobian):
        return updates
    shapes = [jnp.shape(leaf) for leaf in jax.tree.leaves(updates)]
    if not shapes:
        raise ValueError(
            'Surgery expects per-task gradients, a tree of leaves [T, ...]. Found an empty tree.'
        )
    tasks = {shape[:1] for shape in shapes}
    if len(tasks) != 1 or tasks == {()}:
        raise ValueError(
            'Surgery expects per-task gradients: a Jacobian, or a tree whose leaves all have one '
            f'leading axis [T, ...]. Found leaves of shape {shapes}.'
        )
    if params is not None:
        expected = [tasks.copy().pop() + jnp.shape(leaf) for leaf in jax.tree.leaves(params)]
        if shapes != expected:
            raise ValueError(
                'Surgery expects per-task gradients with leaves (T,) + param.shape = '
                f'{expected}. Found {shapes}.'
            )
    return Stacked(updates, tasks.pop()[0])


def _wide(rows: Stacked) -> Stacked:
    """The rows in the dtype of their Gramian."""
    dtype = _accumulator(rows.tree)
    return replace(rows, tree=jax.tree.map(lambda leaf: leaf.astype(dtype), rows.tree))


def _accumulator(tree) -> Any:
    return jnp.result_type(jnp.float32, *[leaf.dtype for leaf in jax.tree.leaves(tree)])


def _combined(weights, leaf):
    dtype = jnp.result_type(jnp.float32, leaf.dtype)
    total = jnp.einsum(
        't,t...->...', weights.astype(dtype), leaf.astype(dtype), precision='highest'
    )
    return total.astype(leaf.dtype)


def _weighted_sum(weights, leaves):
    dtype = jnp.result_type(jnp.float32, leaves[0].dtype)
    pairs = zip(weights.astype(dtype), leaves, strict=True)
    terms = [weight * leaf.astype(dtype) for weight, leaf in pairs]
    return reduce(add, terms).astype(leaves[0].dtype)


def _times(weight, tree):
    return jax.tree.map(lambda leaf: (weight * leaf).astype(leaf.dtype), tree)


def _scale_rows(tree, weights):
    weights = jnp.asarray(weights)
    return jax.tree.map(lambda leaf: (leaf * per_row(weights, leaf)).astype(leaf.dtype), tree)
