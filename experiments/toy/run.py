"""Run a method from all starts at once, and check whether it reached the Pareto front."""

import time
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from experiments.program import UsageError
from experiments.toy.problems import Problem
from experiments.toy.setup import Method, Setup
from mtljax import gradients, solvers
from mtljax.base import Array

_ON_FRONT, _LAST = 1e-3, 5


class Run(NamedTuple):
    """The runs of one method from R starting points.

    Attributes:
      points: The points ``[R, K, P]``: the start, and then every k-th step.
      losses: The losses at these points, ``[R, K, 2]``.
      gap: The distance from the front, ``[R]``, which is 0 on the front. If the front has an
        equation, it is the residual of this equation. If not, it is the least norm in the convex
        hull of the unit gradients. It is the smallest value at the last few points, because the
        direction of a gradient near zero swings with the small steps of Adam.
      arrived: Whether the run ended on the front, ``[R]``.
      seconds: The time for all steps, without compilation.
    """

    points: np.ndarray
    losses: np.ndarray
    gap: np.ndarray
    arrived: np.ndarray
    seconds: float


def run(setup: Setup, name: str) -> Run:
    """Run one method of a setup.

    Raises:
      UsageError: The method cannot run on the problem.
    """
    with jax.enable_x64(setup.dtype == 'float64'):
        try:
            points, seconds = _timed(setup, setup.methods[name])
        except (TypeError, ValueError) as error:
            raise UsageError(f'config.methods.{name}: {error}') from error
    with jax.enable_x64(True):
        return _judged(setup.problem, points.astype(np.float64), seconds)


def trajectory(setup: Setup, method: Method, start: Array, each: Array | None, key: Array) -> Array:
    """Return the points of one run, ``[K, P]``, with the step that a user would write."""
    losses_of, tx = setup.problem.losses, method.tx
    weighting = method.weighting(*([] if each is None else [each]))

    def step(index, carry):
        x, weighting_state, opt_state = carry
        to_weigh, to_combine = jax.random.split(jax.random.fold_in(key, index))
        losses, jacobian = gradients.task_gradients(losses_of, x)
        weights, weighting_state = weighting.update(losses, weighting_state, key=to_weigh)
        weighted: Any = jacobian.scale(weights)
        updates, opt_state = tx.update(weighted, opt_state, x, losses=losses, key=to_combine)
        x: Any = optax.apply_updates(x, updates)
        if weighting.observe is not None:
            weighting_state = weighting.observe(losses_of(x), weighting_state)
        return x, weighting_state, opt_state

    def chunk(carry, first):
        carry = jax.lax.fori_loop(first, first + setup.keep_every, step, carry)
        return carry, carry[0]

    carry = (start, weighting.init(2), tx.init(start))
    firsts = jnp.arange(0, setup.steps, setup.keep_every)
    return jnp.concatenate([start[None], jax.lax.scan(chunk, carry, firsts)[1]])


def _timed(setup: Setup, method: Method) -> tuple[np.ndarray, float]:
    starts = jnp.asarray(setup.starts, setup.dtype)
    each = None if method.each is None else jnp.asarray(method.each, setup.dtype)
    keys = jax.random.split(jax.random.key(setup.seed), len(starts))
    every = jax.jit(jax.vmap(lambda *row: trajectory(setup, method, *row)))
    compiled = every.lower(starts, each, keys).compile()
    begin = time.perf_counter()
    points = np.asarray(compiled(starts, each, keys))
    return points, time.perf_counter() - begin


def _judged(problem: Problem, points: np.ndarray, seconds: float) -> Run:
    losses = jax.jit(jax.vmap(jax.vmap(problem.losses)))(points)
    judge = jax.jit(jax.vmap(jax.vmap(lambda x: _judge(problem, x))))
    gaps, on_front = judge(points[:, -_LAST:])
    gap, arrived = np.asarray(gaps.min(axis=1)), np.asarray(on_front.any(axis=1))
    return Run(points, np.asarray(losses), gap, arrived, seconds)


def _judge(problem: Problem, x: Array) -> tuple[Array, Array]:
    """Compare unit gradients: near the front, the lengths of the gradients carry no information."""
    losses, jacobian = gradients.task_gradients(problem.losses, x)
    if problem.residual is not None:
        gap = jnp.abs(problem.residual(losses))
        return gap, gap < _ON_FRONT
    norms, cosines = jacobian.normalised()
    weights = solvers.min_norm(jnp.ones_like(norms), cosines).weights
    gap = jnp.sqrt(jnp.maximum(weights @ cosines @ weights, 0))
    return gap, problem.inside(x) & (gap < _ON_FRONT)
