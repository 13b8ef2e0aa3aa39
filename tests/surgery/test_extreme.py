"""Fifty tasks whose gradients have extreme lengths, and more tasks than parameters."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mtljax.surgery._surgery import init_of
from tests.helpers import sampled
from tests.surgery.surgeries import METHODS

TASKS, SIZE, STEPS = 50, 20, 3
EVERY = [name for name in METHODS if ' ' not in name]


def lengths():
    """The factors of the rows of each case."""
    for power in (-30, -20, 20, 30):
        yield np.full(TASKS, 10.0**power)
    for power in (-25, -20, 20, 25):
        yield np.where(np.arange(TASKS) == 0, 10.0**power, 1.0)
        yield 10.0 ** np.linspace(-power / 2, power / 2, TASKS)


def rows_of(seed):
    rng = np.random.default_rng(seed)
    if seed % 2:  # two directions, in which half of the tasks go back
        plane = np.repeat(rng.normal(size=(TASKS, 2)), SIZE // 2, 1)
        return plane * rng.choice([-1, 1], (TASKS, 1))
    return rng.normal(size=(TASKS, SIZE))


@pytest.mark.parametrize('name', sampled(EVERY, ['cagrad', 'moco']))
def test_updates_are_finite_where_the_sum_is(name):
    method = METHODS[name].method
    params = {'w': jnp.zeros(SIZE)}
    start = init_of(method)(params, num_tasks=TASKS)

    @jax.jit
    def steps(rows):
        def step(state, key):
            extra = {'losses': jnp.ones(TASKS), 'active': jnp.ones(TASKS, bool), 'key': key}
            updates, state = method.update({'w': rows}, state, params, **extra)
            return state, updates['w']

        return jax.lax.scan(step, start, jax.random.split(jax.random.key(0), STEPS))[1]

    for seed in range(4):
        for factors in lengths():
            rows = jnp.asarray(rows_of(seed) * factors[:, None], jnp.float32)
            assert jnp.isfinite(rows.sum(axis=0)).all()
            assert jnp.isfinite(steps(rows)).all(), (seed, factors[:2])
