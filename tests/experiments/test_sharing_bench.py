"""What the benchmark compares computes the same."""

import jax
import numpy as np

from experiments.benchmark import sharing as benchmark
from mtljax import backbones, heads, sharing, trees


def test_experts_in_a_list_are_the_stacked_ones():
    backbone = backbones.mlp((4,))
    stacked = sharing.mmoe(backbone, {'b': heads.linear(), 'a': heads.linear(2)}, num_experts=3)
    listed = benchmark.unrolled(stacked, backbone)
    x = jax.random.normal(jax.random.key(1), (5, 3))

    @jax.jit
    def both(key):
        return [model.apply(*model.init(key, x), x)[0] for model in (stacked, listed)]

    first, second = both(jax.random.key(0))
    for task in first:
        np.testing.assert_allclose(first[task], second[task], rtol=1e-5, atol=1e-6)
    assert trees.count(jax.eval_shape(stacked.init, jax.random.key(0), x)[0]) == trees.count(
        jax.eval_shape(listed.init, jax.random.key(0), x)[0]
    )
