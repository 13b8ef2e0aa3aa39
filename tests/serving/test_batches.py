"""Batches of a few sizes, and programs for some tasks."""

import jax
import numpy as np
import pytest

from mtljax import backbones, data, heads, serving, sharing


@pytest.mark.parametrize('count', [1, 2, 3, 8, 9, 20])
def test_batches_are_filled_up_and_cut(count):
    seen = []

    def call(batch):
        seen.append(len(batch['a']))
        return {'sum': batch['a'] + batch['b'].sum(axis=1)}

    inputs = {'a': np.arange(count), 'b': np.ones((count, 2))}
    found = serving.in_batches(call, inputs, (2, 8))
    assert found['sum'].tolist() == (np.arange(count) + 2).tolist()
    whole, rest = divmod(count, 8)
    assert seen == [8] * whole + ([2 if rest <= 2 else 8] if rest else [])


def test_what_is_refused():
    with pytest.raises(ValueError, match='Found none'):
        serving.in_batches(lambda x: x, np.zeros((0, 2)), (2,))
    with pytest.raises(ValueError, match='sizes should be'):
        serving.in_batches(lambda x: x, np.zeros((1, 2)), ())


def test_only_the_chosen_tasks_are_computed():
    digits = data.digits(train=4, validation=2, test=2)
    model = sharing.hard(backbones.mlp((8,)), dict.fromkeys(digits.heads, heads.mlp((64,), 10)))
    inputs = digits.train.example.inputs
    variables = model.init(jax.random.key(0), inputs)
    both, one = (
        jax.jit(serving.program(model, digits.tasks, names)).lower(*variables, inputs).compile()
        for names in ((), ['right'])
    )
    assert list(one(*variables, inputs)) == ['right']
    assert one.cost_analysis()['flops'] < 0.7 * both.cost_analysis()['flops']
    with pytest.raises(ValueError, match='tasks should name tasks'):
        serving.program(model, digits.tasks, ['middle'])
