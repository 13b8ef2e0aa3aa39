"""What every surgery accepts, keeps and refuses."""

import jax
import jax.numpy as jnp
import optax
import pytest

from mtljax import surgery, training
from tests.helpers import avals, small_batch, small_model, small_tasks
from tests.surgery.surgeries import KEY, LOSS, METHODS, each, params_of, rows_like

EACH = pytest.mark.parametrize('name', METHODS)


@EACH
def test_shape_dtype_and_state_are_kept(name):
    method = METHODS[name].method
    for dtype in (jnp.float32, jnp.bfloat16):
        params = params_of(dtype)
        state = method.init(params, num_tasks=3)
        inputs = (rows_like(params, 3), jax.random.split(KEY, 2))

        def step(state, key, params=params, rows=inputs[0]):
            losses = jnp.full(3, LOSS)
            updates, state = method.update(rows, state, params, key=key, losses=losses)
            return state, updates

        after, updates = jax.eval_shape(lambda s, k: jax.lax.scan(step, s, k), state, inputs[1])
        assert each(lambda leaf: leaf.shape, updates) == {'kernel': (2, 2, 3), 'bias': (2, 2)}
        assert all(leaf.dtype == dtype for leaf in jax.tree.leaves(updates))
        assert jax.tree.structure(after) == jax.tree.structure(state)
        chosen = jax.eval_shape(
            lambda s, k: jax.lax.cond(True, lambda s: step(s, k)[0], lambda s: s, s), state, KEY
        )
        assert [(x.shape, x.dtype) for x in jax.tree.leaves(chosen)] == [
            aval[:2] for aval in avals(state)
        ]


@EACH
@pytest.mark.parametrize('shape', [(2,), (3, 2, 1), ()])
def test_other_shapes_than_one_row_per_task_are_refused(name, shape):
    params = {'w': jnp.zeros(2), 'v': jnp.zeros(2)}
    updates = {'w': jnp.zeros((3, 2)), 'v': jnp.zeros(shape)}
    method = METHODS[name].method
    with pytest.raises(ValueError, match=r'per-task gradients.*Found'):
        method.update(updates, method.init(params, num_tasks=3), params, key=KEY)


@EACH
def test_it_fits_a_model(name):
    """The state of a method has the structure of the gradients that a step gives it."""
    tx = optax.chain(surgery.on_shared(METHODS[name].method), optax.sgd(0.1))
    step = training.train_step(small_model(), small_tasks(), tx)
    state = step.init(KEY, small_batch())
    buffers = [id(leaf) for leaf in jax.tree.leaves(state)]
    assert len(set(buffers)) == len(buffers)


@pytest.mark.parametrize(
    ('extra', 'match'),
    [
        ({'active': jnp.ones(2, bool)}, r'active should be one per task, \[3\]'),
        ({'losses': jnp.ones(1)}, r'losses should be one per task, \[3\]'),
    ],
)
def test_extra_arguments_are_one_per_task(extra, match):
    method = surgery.gradnorm()
    state = method.init(params_of(), num_tasks=3)
    with pytest.raises(ValueError, match=match):
        method.update(rows_like(params_of(), 3), state, params_of(), **extra)


def test_a_state_for_another_number_of_tasks_is_noticed():
    method = surgery.gradnorm(num_tasks=2)
    with pytest.raises(ValueError, match='num_tasks'):
        method.update(
            rows_like(params_of(), 3), method.init(params_of()), params_of(), losses=jnp.ones(3)
        )


def test_every_method_and_wrapper_is_a_row():
    makers = set(surgery.__all__) - {'Surgery', 'SurgeryState', 'Traits', 'transform'}
    apart = {'from_cosines', 'from_gramian', 'on_shared', 'with_preference'}
    named = {name.split()[0] for name in METHODS}
    assert makers - apart == named
