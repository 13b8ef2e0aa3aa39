"""`Surgery` among the transforms of optax: it keeps its type, and its extra arguments arrive."""

import copy

import jax
import jax.numpy as jnp
import optax
import pytest

from mtljax import surgery

LOSSES, ACTIVE, KEY = jnp.array([1.0, 2.0]), jnp.array([True, False]), jax.random.key(0)
PARAMS = {'w': jnp.zeros(3)}
ROWS = {'w': jnp.ones((2, 3))}


def listening(heard, rate=1.0):
    """A surgery that writes down the extra arguments of every update."""

    def fn(jacobian, inner, *, losses, active, key):
        heard.append((losses, active, key))
        return jacobian.combine(jnp.full(2, rate)), jnp.full(2, rate), inner

    return surgery.transform(fn, traits=surgery.Traits(scale='sum'))


def partition(method):
    return optax.partition({'all': method}, {'w': 'all'})


def masked(method):
    return optax.masked(method, {'w': True})


def named_chain(method):
    return optax.named_chain(('surgery', method), ('step', optax.sgd(0.1)))


AROUND = {
    'nothing': lambda method: method,
    'chain': lambda method: optax.chain(method, optax.sgd(0.1)),
    'chain in a chain': lambda method: optax.chain(optax.chain(method), optax.sgd(0.1)),
    'partition': partition,
    'masked': masked,
    'named_chain': named_chain,
    'on_shared': lambda method: surgery.on_shared(method, labels=lambda path: 'shared'),
    'copy': copy.copy,
    'deepcopy': copy.deepcopy,
    'replace': lambda method: method._replace(traits=surgery.Traits()),
}


def assert_heard(heard):
    (losses, active, key), *_ = heard
    assert losses.tolist() == LOSSES.tolist()
    assert active.tolist() == ACTIVE.tolist()
    assert key == KEY


@pytest.mark.parametrize('around', AROUND.values(), ids=AROUND)
def test_extra_arguments_arrive(around):
    heard = []
    tx = around(listening(heard))
    updates, _ = tx.update(ROWS, tx.init(PARAMS), PARAMS, losses=LOSSES, active=ACTIVE, key=KEY)
    assert_heard(heard)
    assert updates['w'].shape == (3,)


def test_extra_arguments_arrive_at_injected_hyperparameters():
    heard = []
    tx = optax.inject_hyperparams(lambda rate: listening(heard, rate))(rate=0.5)
    state = tx.init(PARAMS)
    updates, state = tx.update(ROWS, state, PARAMS, losses=LOSSES, active=ACTIVE, key=KEY)
    assert_heard(heard)
    assert updates['w'].tolist() == [0.5, 0.5, 0.5]  # the row of the inactive task is 0
    assert state.hyperparams['rate'] == 0.5


def test_it_is_the_type_that_optax_tests_for():
    method = listening([])
    assert isinstance(method, optax.GradientTransformationExtraArgs)
    assert optax.with_extra_args_support(method) is method
    init, update = method
    assert (init, update) == (method.init, method.update)


@pytest.mark.parametrize('again', [copy.copy, copy.deepcopy, lambda method: method._replace()])
def test_a_copy_keeps_the_traits(again):
    method = again(surgery.mgda())
    assert isinstance(method, surgery.Surgery)
    assert method.traits == surgery.mgda().traits._replace(rule=method.traits.rule)
    assert method.traits.rule is not None


def test_traits_can_be_left_out_and_replaced():
    method = surgery.Surgery(
        lambda params: (), lambda updates, state, params=None: (updates, state)
    )
    assert method.traits == surgery.Traits()
    changed = method._replace(traits=surgery.Traits(plain=True))
    assert (changed.traits.plain, method.traits.plain) == (True, False)
    assert changed.update is method.update
