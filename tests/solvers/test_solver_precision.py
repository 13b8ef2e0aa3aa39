"""Solvers keep float64 inside, under every transformation of jax."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mtljax import solvers
from tests.helpers import sampled

TASKS = 6
J = np.random.default_rng(0).normal(size=(TASKS, 20)).astype(np.float32)
NORMS, COSINES = solvers.normalise(jnp.asarray(J @ J.T))
ALL = jnp.ones(TASKS, bool)
SOLVERS = {
    'cagrad': lambda norms, cosines: solvers.cagrad(norms, cosines, 0.5),
    'fairgrad': lambda norms, cosines: solvers.fairgrad(norms, cosines, 2.0),
    'dual_cone': lambda norms, cosines: solvers.dual_cone(jnp.eye(TASKS), norms, cosines),
    'balanced': lambda n, c: solvers.balanced(n, c, jnp.ones(TASKS), ALL, 'median'),
    'factor': lambda norms, cosines: solvers.factor(cosines, ALL),
}
EACH = pytest.mark.parametrize('solve', SOLVERS.values(), ids=SOLVERS)


def scanned(solve, norms, cosines):
    return jax.lax.scan(lambda c, _: (c, solve(norms, cosines)), 0, None, length=1)[1]


def chosen(solve, norms, cosines):
    def nothing(norms, cosines):
        return jax.tree.map(jnp.zeros_like, solve(norms, cosines))

    return jax.lax.cond(norms[0] > 0, solve, nothing, norms, cosines)


@pytest.mark.parametrize('name', sampled(SOLVERS, ['fairgrad', 'factor']))
def test_results_are_the_same_under_every_transformation(name):
    def same(found):
        for one, other in zip(jax.tree.leaves(found), jax.tree.leaves(straight), strict=True):
            assert one.dtype == jnp.float32
            last = one.reshape(-1, *other.shape)[-1]
            np.testing.assert_allclose(last, other, rtol=3e-7, atol=1e-12)

    solve = SOLVERS[name]
    straight = solve(NORMS, COSINES)
    norms, cosines = NORMS[None], COSINES[None]
    scan, cond = functools.partial(scanned, solve), functools.partial(chosen, solve)
    same(jax.jit(solve)(NORMS, COSINES))
    same(jax.jit(jax.vmap(solve))(norms, cosines))
    same(jax.vmap(solve, in_axes=(0, None))(norms, COSINES))
    same(scan(NORMS, COSINES))
    same(jax.vmap(scan)(norms, cosines))
    same(jax.jit(jax.vmap(jax.vmap(scan)))(norms[None], cosines[None]))
    same(jax.jit(jax.vmap(cond))(norms, cosines))
    same(jax.pmap(solve)(norms, cosines))


@EACH
def test_float32_inputs_are_solved_in_float64(solve):
    found = jax.jit(jax.vmap(functools.partial(scanned, solve)))(NORMS[None], COSINES[None])
    if isinstance(found, solvers.Solution):
        assert found.residual.max() < 1e-12
    with jax.enable_x64(True):
        exact = solve(jnp.asarray(NORMS, float), jnp.asarray(COSINES, float))
    for one, other in zip(jax.tree.leaves(found), jax.tree.leaves(exact), strict=True):
        if other.ndim:
            np.testing.assert_allclose(one.reshape(other.shape), other, rtol=1e-6, atol=1e-6)
