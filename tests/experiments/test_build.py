"""Configs name factories, nested ones too."""

import jax
import jax.numpy as jnp
import optax
import pytest

from experiments import build
from experiments.compare import report
from experiments.program import UsageError
from mtljax import Weighting, surgery


def test_factories_nest_in_keywords_and_in_positions():
    inner = {'fn': 'mtljax.surgery:mgda', 'normalise': 'l2'}
    method = build.build({'fn': 'mtljax.surgery:rescale', 'method': inner, 'to': 'sum'}, 'surgery')
    rows = {'w': jnp.array([[1.0, 0.0], [0.0, 4.0]])}
    expected = surgery.rescale(surgery.mgda(normalise='l2'), 'sum').update(rows, method.init(rows))
    assert method.update(rows, method.init(rows))[0]['w'].tolist() == expected[0]['w'].tolist()
    members = [
        {'fn': 'mtljax.weighting:constant', 'weights': [2.0, 1.0]},
        {'fn': 'mtljax.weighting:equal'},
    ]
    chained = build.build({'fn': 'mtljax.weighting:chain', 'args': members}, 'weighting')
    weights, _ = chained.update(jnp.ones(2), chained.init(2), key=jax.random.key(0))
    assert isinstance(chained, Weighting)
    assert weights.tolist() == [2, 1]
    learned = {
        'fn': 'mtljax.weighting:imtl_l',
        'optimizer': {'fn': 'optax:sgd', 'learning_rate': 1},
    }
    assert build.build(learned, 'weighting').init(2)


def test_errors_name_the_field():
    wrong = {'fn': 'mtljax.weighting:chain', 'args': [{'fn': 'mtljax.weighting:no_such'}]}
    with pytest.raises(UsageError, match=r'weighting\.args\[0\]\.fn'):
        build.build(wrong, 'weighting')


def test_surgery_may_say_itself_what_is_shared():
    spec = {
        'fn': 'mtljax.surgery:on_shared',
        'method': {'fn': 'mtljax.surgery:mgda'},
        'task': 'weighted',
    }
    method = build.shared_surgery(spec)
    assert method.traits.whole
    assert method.traits.weighs_heads
    plain = build.shared_surgery({'fn': 'mtljax.surgery:mgda'})
    assert plain.traits.whole
    assert not plain.traits.weighs_heads
    chain = optax.chain(plain, optax.sgd(1.0))
    params = {'shared': jnp.zeros(1), 'task': {'heads': {'a': jnp.zeros(1)}}}
    assert chain.init(params)


@pytest.mark.parametrize('published', [{'rows': {'x': {'left': None}}}, {'note': 'x'}])
def test_published_figures_of_another_form(published):
    with pytest.raises(UsageError, match=r'config.published should be'):
        report.published_table(published)
