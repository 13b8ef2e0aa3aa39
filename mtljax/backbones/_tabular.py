"""Categorical and numeric columns."""

from collections.abc import Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen

from mtljax.backbones._mlp import mlp
from mtljax.base import Module
from mtljax.module import from_linen
from mtljax.options import check_count


class _Columns(linen.Module):
    cardinalities: tuple[int, ...]
    numeric: int
    sizes: tuple[int, ...]
    dtype: jnp.dtype | None

    @linen.compact
    def __call__(self, x):
        found: list[Any] = []
        if self.cardinalities:
            column = _column(x, 'categorical', len(self.cardinalities), jnp.integer)
            found = [self.embed(column, size) for size in dict.fromkeys(self.sizes)]
        if self.numeric:
            found.append(_column(x, 'numeric', self.numeric, jnp.floating))
        dtype = self.dtype or jnp.result_type(*found)
        return jnp.concatenate([columns.astype(dtype) for columns in found], axis=1)

    def embed(self, x, size):
        """The columns of one embedding size: one table, one gather."""
        chosen = np.flatnonzero(np.array(self.sizes) == size)
        counts = np.array(self.cardinalities)[chosen]
        ends = np.cumsum(counts + 1)  # the last row of each column stands for unknown categories
        unknown = ends - 1

        def initial(key, shape, dtype=jnp.float32):
            return linen.initializers.normal(size**-0.5)(key, shape, dtype).at[unknown].set(0)

        table = self.param(f'embedding_{size}', initial, (int(ends[-1]), size))
        x = (x if len(chosen) == x.shape[1] else x[:, chosen]).astype(jnp.int32)
        rows = jnp.where((x >= 0) & (x < counts[None]), x + (unknown - counts)[None], unknown[None])
        return table[rows].reshape(len(x), -1)


def _column(x, name, count, kind):
    columns = x if isinstance(x, Mapping) else {}
    found = columns.get(name)
    fits = isinstance(found, jax.Array | np.ndarray) and found.shape[1:] == (count,)
    if not fits or not jnp.issubdtype(found.dtype, kind):
        raise ValueError(
            f'tabular expects inputs[{name!r}] of type {kind.__name__} and shape [B, {count}]. '
            f'Found {jax.tree.map(lambda leaf: f"{jnp.result_type(leaf)}{jnp.shape(leaf)}", x)}.'
        )
    return found


def tabular(
    cardinalities: Sequence[int],
    numeric: int = 0,
    *,
    embedding: int | Sequence[int] = 4,
    widths: Sequence[int] = (128, 64),
    dropout: float = 0.0,
    dtype: jnp.dtype | None = None,
) -> tuple[Module, ...]:
    """Embeddings of categorical columns beside the numeric ones, then dense layers.

    Inputs are ``{'categorical': integers [B, len(cardinalities)], 'numeric': floats [B,
    numeric]}``; a kind that has no column may be absent. Category c of a column lies in ``0, ...,
    cardinality - 1``; every other number is an unknown category, and these share one more row of
    the column's table, which starts at 0. Columns whose embeddings are equally long lie in one
    table, read by one gather.

    Args:
      cardinalities: the number of categories of each categorical column.
      numeric: the number of numeric columns, which are taken as they are.
      embedding: the length of the embeddings, one for all or one per categorical column.
      widths: the size of each hidden layer.
      dropout: the share of hidden units dropped while training.
      dtype: of the computation; float32, or that of the inputs, when left out.

    Returns:
      ``1 + len(widths)`` stages: to ``[B, sum(embeddings) + numeric]``, columns of one embedding
      length side by side and the numeric ones last, then those of `mlp`.

    Raises:
      ValueError: an option out of range; at init, inputs without the columns.

    >>> first, second = tabular([3, 5], 1, embedding=2, widths=(8,))
    >>> x = {'categorical': jnp.array([[2, 0], [1, 9]]), 'numeric': jnp.ones((2, 1))}
    >>> first.apply(*first.init(jax.random.key(0), x), x)[0].shape
    (2, 5)
    """
    cardinalities = tuple(cardinalities)
    several = isinstance(embedding, Sequence | np.ndarray)
    sizes = tuple(embedding) if several else (embedding,) * len(cardinalities)
    for name, counts in (('cardinalities', cardinalities), ('embedding', sizes)):
        for count in counts:
            check_count(name, count, 1)
    check_count('numeric', numeric, 0)
    if len(sizes) != len(cardinalities):
        raise ValueError(
            'embedding should be one for all, or one per categorical column. '
            f'Found embedding = {embedding} for {len(cardinalities)} columns.'
        )
    if not cardinalities and not numeric:
        raise ValueError('tabular needs a column. Found no cardinalities, and numeric = 0.')
    columns = _Columns(cardinalities, numeric, sizes, dtype)
    return from_linen(columns), *mlp(widths, dropout=dropout, dtype=dtype)
