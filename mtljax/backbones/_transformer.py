"""A transformer on tokens, image patches or vectors."""

from jax.typing import DTypeLike

from mtljax.backbones._attention import Block
from mtljax.backbones._embedding import Embedding
from mtljax.base import Module
from mtljax.module import from_linen
from mtljax.options import check_count, check_share


def transformer(
    depth: int = 2,
    width: int = 64,
    num_heads: int = 4,
    *,
    vocabulary: int | None = None,
    patch: int | None = None,
    causal: bool = False,
    max_length: int = 512,
    mlp_ratio: int = 4,
    dropout: float = 0.0,
    dtype: DTypeLike | None = None,
) -> tuple[Module, ...]:
    """Pre-norm blocks, ``x += attention(norm(x)); x += mlp(norm(x))``, on a sequence.

    Vaswani et al., NeurIPS 2017, https://arxiv.org/abs/1706.03762; on image patches Dosovitskiy et
    al., ICLR 2021, https://arxiv.org/abs/2010.11929. Learned positions are added to the embedding,
    and a layer norm follows the last block. There is no class token (see `mtljax.heads.token`). All
    sequences of a batch have the same length. Padding is attended to like any other token: pad at
    the end and set ``causal=True``, so that no real token attends to it.

    Args:
      depth: The number of blocks.
      width: The number of features of every token, ``D``.
      num_heads: The number of attention heads, a divisor of ``width``.
      vocabulary: The number of tokens. Inputs are then integers ``[B, L]`` in ``0, ...,
        vocabulary - 1``; other integers give NaN.
      patch: The side of a patch. Inputs are then images ``[B, height, width]`` or ``[B, height,
        width, channels]``, cut into squares row by row. Without ``vocabulary`` and ``patch`` inputs
        are vectors ``[B, L, channels]``.
      causal: Whether position i attends to positions up to i only.
      max_length: The length of the longest sequence, ``L <= max_length``.
      mlp_ratio: The width of the hidden layer divided by ``width``.
      dropout: The share of each residual branch, and of the embedding, that is dropped in training.
      dtype: The dtype of the computation, float32 by default. Parameters, softmax and norms are
        float32.

    Returns:
      ``1 + depth`` stages, the embedding first, to ``[B, L, width]``.

    Raises:
      ValueError: An option is out of range; at init, inputs do not fit.

    >>> import jax
    >>> import jax.numpy as jnp
    >>> stages = transformer(1, 8, 2, vocabulary=10)
    >>> tokens = jnp.ones((2, 5), jnp.int32)
    >>> stages[0].apply(*stages[0].init(jax.random.key(0), tokens), tokens)[0].shape
    (2, 5, 8)
    """
    counts = {'depth': depth, 'width': width, 'num_heads': num_heads, 'max_length': max_length}
    kinds = {'vocabulary': vocabulary, 'patch': patch}
    kinds = {name: value for name, value in kinds.items() if value is not None}
    for name, value in (*counts.items(), ('mlp_ratio', mlp_ratio), *kinds.items()):
        check_count(name, value, 1 + (name == 'vocabulary'))
    if len(kinds) == 2:
        raise ValueError(f'Only one of vocabulary and patch should be given. Found {kinds}.')
    if width % num_heads:
        raise ValueError(
            f'num_heads should divide width. Found num_heads = {num_heads}, width = {width}.'
        )
    check_share('dropout', dropout)
    first = Embedding(width, vocabulary, patch, max_length, dropout, dtype)
    blocks = [
        Block(num_heads, mlp_ratio, causal, index == depth - 1, dropout, dtype)
        for index in range(depth)
    ]
    return tuple(from_linen(stage) for stage in (first, *blocks))
