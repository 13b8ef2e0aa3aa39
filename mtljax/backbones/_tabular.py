"""Categorical and numeric columns."""

from collections.abc import Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen
from jax.typing import DTypeLike

from mtljax.backbones._mlp import mlp
from mtljax.base import Module
from mtljax.module import from_linen
from mtljax.options import check_count, check_sizes


class _Columns(linen.Module):
    cardinalities: tuple[int, ...]
    numeric: int
    sizes: tuple[int, ...]
    dtype: DTypeLike | None

    @linen.compact
    def __call__(self, x):
        parts: list[Any] = []
        if self.cardinalities:
            column = _column(x, 'categorical', len(self.cardinalities), jnp.integer)
            parts = [self.embed(column, size) for size in dict.fromkeys(self.sizes)]
        if self.numeric:
            parts.append(_column(x, 'numeric', self.numeric, jnp.floating))
        dtype = self.dtype or jnp.result_type(*parts)
        return jnp.concatenate([columns.astype(dtype) for columns in parts], axis=1)

    def embed(self, x, size):
        """The embeddings of all columns with one embedding size, from one table by one gather."""
        chosen = np.flatnonzero(np.array(self.sizes) == size)
        counts = np.array(self.cardinalities)[chosen]
        ends = np.cumsum(counts + 1)  # the last row of each column stands for unknown categories
        unknown = ends - 1

        def initial(key, shape, dtype=jnp.float32):
            return linen.initializers.normal(size**-0.5)(key, shape, dtype).at[unknown].set(0)

        table = self.param(f'embedding_{size}', initial, (int(ends[-1]), size))
        x = (x if len(chosen) == x.shape[1] else x[:, chosen]).astype(jnp.int32)
        rows = jnp.where((x >= 0) & (x < counts[None]), x + (unknown - counts)[None], unknown[None])
        return table[rows].reshape(x.shape[0], -1)


def _column(x, name, count, kind):
    columns = x if isinstance(x, Mapping) else {}
    column = columns.get(name)
    fits = isinstance(column, jax.Array | np.ndarray) and column.shape[1:] == (count,)
    if not fits or not jnp.issubdtype(column.dtype, kind):
        raise ValueError(
            f'inputs[{name!r}] should have type {kind.__name__} and shape [B, {count}]. '
            f'Found {jax.tree.map(lambda leaf: f"{jnp.result_type(leaf)}{jnp.shape(leaf)}", x)}.'
        )
    return column


def tabular(
    cardinalities: Sequence[int],
    numeric: int = 0,
    *,
    embedding: int | Sequence[int] = 4,
    widths: Sequence[int] = (128, 64),
    dropout: float = 0.0,
    dtype: DTypeLike | None = None,
) -> tuple[Module, ...]:
    """A network for tables: embeddings of categorical columns, numeric columns, and dense layers.

    Inputs are
    ``{'categorical': integers [B, len(cardinalities)], 'numeric': floats [B, numeric]}``. An entry
    may be absent if there is no such column. The categories of a column are
    ``0, ..., cardinality - 1``. All other numbers stand for an unknown category. In each column,
    all unknown categories have one common embedding, whose initial value is 0. All embeddings of
    the same length are stored in one array, so that one gather operation reads them.

    Args:
      cardinalities: The number of categories of each categorical column.
      numeric: The number of numeric columns. Their values are used unchanged.
      embedding: The length of the embeddings, one number for all or one per categorical column.
      widths: The number of units of each hidden layer.
      dropout: The share of hidden units that are dropped in training.
      dtype: The dtype of the computation. The default is float32, or the dtype of the numeric
        inputs if this is wider.

    Returns:
      A tuple of ``1 + len(widths)`` modules, the stages. The first stage concatenates the
      embeddings, grouped by their length, and the numeric columns. It returns ``[B, D]``, where D
      is the sum of the lengths of all embeddings plus ``numeric``. The other modules are the stages
      of `mlp`.

    Raises:
      ValueError: An option is out of range. ``init`` of a stage raises this error if the inputs do
        not have the expected columns.

    >>> first, second = tabular([3, 5], 1, embedding=2, widths=(8,))
    >>> x = {'categorical': jnp.array([[2, 0], [1, 9]]), 'numeric': jnp.ones((2, 1))}
    >>> first.apply(*first.init(jax.random.key(0), x), x)[0].shape
    (2, 5)
    """
    check_sizes('cardinalities', cardinalities, 0)
    cardinalities = tuple(cardinalities)
    several = isinstance(embedding, Sequence | np.ndarray)
    sizes = tuple(embedding) if several else (embedding,) * len(cardinalities)
    for name, counts in (('cardinalities', cardinalities), ('embedding', sizes)):
        for count in counts:
            check_count(name, count, 1)
    check_count('numeric', numeric, 0)
    if len(sizes) != len(cardinalities):
        raise ValueError(
            'embedding should be one number for all, or one number per categorical column. '
            f'Found embedding = {embedding} for {len(cardinalities)} columns.'
        )
    if not cardinalities and not numeric:
        raise ValueError(
            'tabular should have a column. Found no cardinalities, and numeric = 0. '
            'Add one of them.'
        )
    columns = _Columns(cardinalities, numeric, sizes, dtype)
    return from_linen(columns), *mlp(widths, dropout=dropout, dtype=dtype)
