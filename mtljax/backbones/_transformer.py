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
    """A transformer on a sequence of tokens, image patches or vectors.

    Its blocks are pre-norm: ``x += attention(norm(x)); x += mlp(norm(x))`` (Vaswani et al., NeurIPS
    2017, https://arxiv.org/abs/1706.03762; on image patches Dosovitskiy et al., ICLR 2021,
    https://arxiv.org/abs/2010.11929). Learned position embeddings are added to the embeddings of
    the tokens, and a layer norm follows the last block. There is no class token. The head
    `mtljax.heads.token` can summarise a sequence, for example by the mean over its tokens.

    All sequences of a batch have the same length. Tokens also attend to padding. To avoid this, put
    the padding at the end, and set ``causal=True``.

    Args:
      depth: The number of blocks.
      width: The number of features of every token.
      num_heads: The number of attention heads, a divisor of ``width``.
      vocabulary: The number of different tokens. Inputs are then integers ``[B, L]`` in
        ``0, ..., vocabulary - 1``. Other integers give NaN.
      patch: The side length of an image patch. Inputs are then images ``[B, height, width]`` or
        ``[B, height, width, channels]``, which are cut into patches row by row. Do not set both
        ``vocabulary`` and ``patch``. If both are None, inputs are vectors ``[B, L, channels]``.
      causal: Whether a position attends only to itself and to earlier positions.
      max_length: The length of the longest sequence.
      mlp_ratio: The width of the hidden layer in a block, divided by ``width``.
      dropout: The share of values that are dropped in training, in each residual branch and in the
        embedding.
      dtype: The dtype of the computation, float32 by default. Parameters, softmax and norms are
        always float32.

    Returns:
      A tuple of ``1 + depth`` modules, the stages, with the embedding first. Each returns
      ``[B, L, width]`` for sequences of length L.

    Raises:
      ValueError: An option is out of range. ``init`` of a stage raises this error if the inputs do
        not fit the options.

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
