"""What a model costs, known from shapes."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mtljax import Module, analysis, backbones, heads, module, sharing

X = jax.ShapeDtypeStruct((32, 50), jnp.float32)
WIDTHS = (64, 48)
NAMES = ('wide', 'b', 'a')


def table_rows(costs):
    return [list(row) for row in analysis.cost_table(costs).rows]


def test_shared_against_separate_parameters_and_flops():
    backbone, own = backbones.mlp(WIDTHS), dict.fromkeys(NAMES, heads.linear(10))
    hard = analysis.cost(sharing.hard(backbone, own), X)
    apart = analysis.cost(sharing.independent(backbone, own), X)
    encoder, head = 50 * 64 + 64 + 64 * 48 + 48, 48 * 10 + 10
    assert hard.parameters == {'shared': encoder, 'task/heads': 3 * head}
    assert apart.parameters == {'task/towers': 3 * encoder, 'task/heads': 3 * head}
    assert apart.total * (encoder + 3 * head) == hard.total * 3 * (encoder + head)
    assert hard.bytes == 4 * hard.total
    assert hard.frozen == apart.frozen == {}
    rows = X.shape[0]
    products = 2 * rows * (50 * 64 + 64 * 48), 2 * rows * 48 * 10
    sums = 2 * rows * (64 + 48), rows * 10  # a bias, and a relu in the encoder
    expected = products[0] + sums[0] + 3 * (products[1] + sums[1])
    np.testing.assert_allclose(hard.flops, expected, rtol=1e-3)
    np.testing.assert_allclose(apart.flops, expected + 2 * (products[0] + sums[0]), rtol=1e-3)
    assert apart.temporary_bytes > hard.temporary_bytes > 0


def test_ten_million_and_three_heads_are_printed_and_never_allocated():
    """10.15M against 30.15M; an initialiser that ran would see concrete keys."""

    def layer(rows, columns):
        def init(key, x):
            assert isinstance(key, jax.core.Tracer)
            return {'kernel': jnp.zeros((rows, columns))}, {}

        def apply(params, state, x, *, key=None, train=False):
            return x @ params['kernel'], state

        return Module(init, apply)

    trunk = layer(2000, 5000)
    own = dict.fromkeys(NAMES, layer(5000, 10))
    x = jax.ShapeDtypeStruct((1, 2000), jnp.float32)
    schemes = {'shared': sharing.hard, 'separate': sharing.independent}
    costs = {name: analysis.cost(scheme((trunk,), own), x) for name, scheme in schemes.items()}
    rows = table_rows(costs)
    assert [row[:3] for row in rows] == [
        ['shared', '10.15M', '1.00'],
        ['separate', '30.15M', '2.97'],
    ]
    assert [row[6] for row in rows] == ['40.6M', '120.6M']
    assert costs['separate'].flops / costs['shared'].flops == pytest.approx(30.15 / 10.15, rel=1e-3)


def test_frozen_parameters_are_counted_and_said():
    backbone = module.freeze(backbones.mlp((8, 4)), ['stage0', 'stage1/Dense_0/bias'])
    model = sharing.mmoe(backbone, {'a': heads.linear()}, num_experts=3, start=1)
    actual = analysis.cost(model, np.ones((2, 6), np.float32))
    first, second = 6 * 8 + 8, 3 * (8 * 4 + 4)
    gates = 3 * 8 + 3
    assert actual.parameters == {'shared': first + second, 'task/gates': gates, 'task/heads': 5}
    assert actual.frozen == {'shared': first + 3 * 4}
    state = 3 + 1  # load and entropy of the gate
    assert actual.bytes == 4 * (actual.total + state)
    text = actual.table().markdown().splitlines()
    assert [cell.strip() for cell in text[2].split('|')[1:4]] == ['shared', '164', '68']
    assert [cell.strip() for cell in text[5].split('|')[1:4]] == ['all', '196', '68']


def test_a_task_that_is_named_frozen():
    tasks = {'frozen': heads.linear(), 'a': heads.linear()}
    model = sharing.mmoe(backbones.mlp((4,)), tasks, num_experts=2)
    assert analysis.cost(model, np.ones((2, 3), np.float32)).frozen == {}


def test_nothing_to_compare():
    with pytest.raises(ValueError, match='at least one cost'):
        analysis.cost_table({})
