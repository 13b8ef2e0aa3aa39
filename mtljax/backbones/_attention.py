"""A pre-norm transformer block."""

import jax
from flax import linen
from jax.typing import DTypeLike


class Block(linen.Module):
    """Self-attention and an MLP. The options are those of `transformer`."""

    num_heads: int
    mlp_ratio: int
    causal: bool
    last: bool
    dropout: float
    dtype: DTypeLike | None

    @linen.compact
    def __call__(self, x, train: bool = False):
        """Map ``[B, L, D]`` to ``[B, L, D]``."""

        def drop(y):
            return linen.Dropout(self.dropout, deterministic=not train)(y)

        x = x + drop(self.attend(self.normalise(x)))
        y = linen.Dense(self.mlp_ratio * x.shape[-1], dtype=self.dtype)(self.normalise(x))
        x = x + drop(linen.Dense(x.shape[-1], dtype=self.dtype)(linen.gelu(y)))
        return self.normalise(x) if self.last else x

    def normalise(self, x):
        return linen.LayerNorm(dtype=self.dtype)(x)

    def attend(self, x):
        width = x.shape[-1]
        triple = linen.Dense(3 * width, dtype=self.dtype, name='attention')(x)
        triple = triple.reshape(*x.shape[:2], 3, self.num_heads, -1)
        query, key, value = (triple[:, :, index] for index in range(3))
        y = jax.nn.dot_product_attention(query, key, value, is_causal=self.causal)
        return linen.Dense(width, dtype=self.dtype, name='output')(y.reshape(x.shape))
