"""Transformers: values, causality, copies."""

import jax
import numpy as np
import pytest

from mtljax import backbones, heads, module

RNG = np.random.default_rng(0)
KEY = jax.random.key(0)
SMALL = {'max_length': 9}
TOKENS = RNG.integers(11, size=(2, 7)).astype(np.int32)


def layer_norm(x, params):
    centred = x - x.mean(-1, keepdims=True)
    scaled = centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-6)
    return scaled * params['scale'] + params['bias']


def dense(x, params):
    return x @ params['kernel'] + params['bias']


def block_oracle(x, params, num_heads, causal):
    """One last block, a head at a time."""
    length, width = x.shape[1:]
    size = width // num_heads
    triple = dense(layer_norm(x, params['LayerNorm_0']), params['attention'])
    mixed = []
    for head in range(num_heads):
        q, k, v = (triple[..., part * width + head * size :][..., :size] for part in range(3))
        logits = q @ k.swapaxes(1, 2) / np.sqrt(size)
        logits = np.where(np.tri(length) + (not causal) > 0, logits, -np.inf)
        weights = np.exp(logits - logits.max(-1, keepdims=True))
        mixed.append(weights / weights.sum(-1, keepdims=True) @ v)
    x = x + dense(np.concatenate(mixed, -1), params['output'])
    y = dense(layer_norm(x, params['LayerNorm_1']), params['Dense_0'])
    y = y * (1 + np.tanh(np.sqrt(2 / np.pi) * (y + 0.044715 * y**3))) / 2
    return layer_norm(x + dense(y, params['Dense_1']), params['LayerNorm_2'])


@pytest.mark.parametrize('causal', [False, True])
def test_attention_block(causal):
    block = backbones.transformer(1, 6, 2, causal=causal)[1]
    x = RNG.normal(size=(2, 7, 6)).astype(np.float32)
    params, state = jax.jit(block.init)(KEY, x)
    params = jax.tree.map(lambda p: p + 0.3 * RNG.normal(size=p.shape).astype(p.dtype), params)
    apply = jax.jit(block.apply)
    actual = apply(params, state, x)[0]
    expected = block_oracle(x, jax.device_get(params), 2, causal)
    np.testing.assert_allclose(actual, expected, rtol=1e-4, atol=1e-4)
    later = x.copy()
    later[:, 4:, 0] += 1
    changed = ~np.isclose(apply(params, state, later)[0], actual, atol=1e-6).all((0, 2))
    assert changed.tolist() == [not causal] * 4 + [True] * 3


def test_embeddings():
    """Patches are read row by row, as a convolution reads them; positions are added."""
    images = RNG.normal(size=(2, 4, 6, 3)).astype(np.float32)
    stage = backbones.transformer(1, 8, 2, patch=2, **SMALL)[0]

    @jax.jit
    def both(x):
        params, _ = stage.init(KEY, x)
        kernel = params['Dense_0']['kernel'].reshape(2, 2, 3, 8)
        axes = ('NHWC', 'HWIO', 'NHWC')
        squares = jax.lax.conv_general_dilated(x, kernel, (2, 2), 'VALID', dimension_numbers=axes)
        return stage.apply(params, {}, x)[0], squares.reshape(2, 6, 8) + params['positions'][
            None, :6
        ]

    np.testing.assert_allclose(*both(images), rtol=1e-4, atol=1e-5)


def test_unknown_tokens_are_nan():
    stage = backbones.transformer(1, 8, 2, vocabulary=300)[0]
    tokens = np.array([[0, 299, 300], [-1, 5, 1000]], np.int16)
    actual = jax.jit(lambda x: stage.apply(*stage.init(KEY, x), x)[0])(tokens)
    known = np.isfinite(actual).all(-1)
    assert known.tolist() == [[True, True, False], [False, True, False]]


def test_copies_of_a_transformer():
    """Stacked copies under vmap are each a transformer, and each task has its own gradient."""
    one = module.serial(*backbones.transformer(1, 8, 2, vocabulary=11, **SMALL), heads.token(3))
    both = module.stack(one, 2)
    params, state = jax.jit(both.init)(KEY, TOKENS)

    @jax.jit
    def values_and_slopes(params):
        def total(params):
            return both.apply(params, state, TOKENS)[0].sum((1, 2, 3))

        single = jax.tree.map(lambda leaf: leaf[1], params)
        alone = one.apply(single, {name: {} for name in single}, TOKENS)[0]
        return both.apply(params, state, TOKENS)[0][1], alone, jax.jacrev(total)(params)

    actual, expected, slopes = values_and_slopes(params)
    np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=1e-5)
    for leaf in jax.tree.leaves(slopes):
        assert not np.asarray(leaf)[[0, 1], [1, 0]].any()
        assert np.isfinite(leaf).all()
    assert np.abs(slopes['stage0']['positions'][0, 0, :7]).min() > 0
