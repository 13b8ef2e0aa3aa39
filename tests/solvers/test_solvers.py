"""The solvers against Clarabel and against the conditions that define their solutions."""

import functools

import clarabel
import jax
import numpy as np
import pytest
from scipy import sparse

from mtljax import solvers
from tests.gradients.jacobians import KINDS
from tests.helpers import sampled

LARGER = [pytest.param(tasks, marks=pytest.mark.exhaustive) for tasks in (5, 16, 40)]
EACH = pytest.mark.parametrize('tasks', [2, 3, 8, *LARGER])
CASES = 35  # of each T


@pytest.fixture(autouse=True)
def float64():
    with jax.enable_x64(True):
        yield


@functools.cache
def jacobians(tasks):
    """Full rank, square and wide, each kind with other numbers."""
    rng, kinds = np.random.default_rng(tasks), list(KINDS.values())
    widths = [tasks + 5, 11, tasks, 3, 60]
    return [kinds[i % len(kinds)](tasks, widths[i % len(widths)], rng) for i in range(CASES)]


SOLVERS = {
    'min_norm': lambda norms, cosines, active, option: solvers.min_norm(norms, cosines, active),
    'cagrad': lambda norms, cosines, active, c: solvers.cagrad(norms, cosines, c, active),
    'nash': lambda norms, cosines, active, option: solvers.nash(norms, cosines, active),
    'fairgrad': lambda norms, cosines, active, alpha: solvers.fairgrad(
        norms, cosines, alpha, active
    ),
    'dual_cone': lambda norms, cosines, active, targets: solvers.dual_cone(
        targets, norms, cosines, active
    ),
}
SOLVER = pytest.mark.parametrize('name', SOLVERS)


def option_of(name, tasks):
    return np.eye(tasks) if name == 'dual_cone' else np.array(0.4)


@functools.cache
def program(name):
    def one(gramian, active, option):
        return SOLVERS[name](*solvers.normalise(gramian), active, option)

    return jax.jit(jax.vmap(one, in_axes=(0, None, None)))


def solve(name, rows, option=0.0, active=True, dtype=np.float64):
    """Weights and residuals for every Jacobian of ``rows``, in one program."""
    gramians = np.stack([J @ J.T for J in rows]).astype(dtype)
    active = np.broadcast_to(active, len(rows[0]))
    return jax.device_get(program(name)(gramians, active, np.asarray(option, dtype)))


def least_diagonal(J):
    squares = (J**2).sum(axis=1)
    return squares[squares > 0].min()


def allowed(optimum, J):
    return 1e-5 * (abs(optimum) + 1e-3 * least_diagonal(J))


def full_rank(J):
    norms = np.linalg.norm(J, axis=1)
    return (
        norms.all() and np.linalg.eigvalsh((J / norms[:, None]) @ (J / norms[:, None]).T)[0] > 1e-8
    )


def clarabel_solve(P, q, A, b, cones):
    settings = clarabel.DefaultSettings()
    settings.verbose, settings.max_iter = False, 500
    settings.tol_gap_abs = settings.tol_gap_rel = settings.tol_feas = 1e-11
    P, A = sparse.csc_matrix(P), sparse.csc_matrix(A)
    return np.array(clarabel.DefaultSolver(P, q, A, b, cones, settings).solve().x)


def units(J):
    norms = np.linalg.norm(J, axis=1)
    return J[norms > 0] / norms[norms > 0, None], norms[norms > 0]


def clarabel_hull(J, linear, length):
    """argmin 1/2 |y|^2 [length 0], or linear . y + length |y|, over the hull points y of J.

    Unknowns: x, then y, then a bound on |y|; rows of J in units of the shortest.
    """
    U, norms = units(J)
    tasks, width = U.shape
    P, q = np.zeros((tasks + width + 1,) * 2), np.zeros(tasks + width + 1)
    if length:
        q[tasks:] = [*linear, length]
    else:
        P[tasks:-1, tasks:-1] = np.eye(width)
    sum_is_one = np.concatenate([norms.min() / norms, np.zeros(width + 1)])
    y_is_mixed = np.hstack([U.T, -np.eye(width), np.zeros((width, 1))])
    positive = -np.eye(tasks, tasks + width + 1)
    cone = -np.eye(tasks + width + 1)[[-1, *range(tasks, tasks + width)]]
    A = np.vstack([sum_is_one, y_is_mixed, positive, cone])
    b = np.concatenate([[1], np.zeros(len(A) - 1)])
    cones = [
        clarabel.ZeroConeT(1 + width),
        clarabel.NonnegativeConeT(tasks),
        clarabel.SecondOrderConeT(1 + width),
    ]
    x = clarabel_solve(P, q, A, b, cones)[:tasks]
    w = np.maximum(x, 0) / norms
    return w / w.sum() @ (U * norms[:, None])


def clarabel_cone(J, target):
    """The projection of ``target`` on {d: g_t . d >= 0}; unknowns: d."""
    U, _ = units(J)
    size = np.linalg.norm(target)
    cones = [clarabel.NonnegativeConeT(len(U))]
    width = len(target)
    return size * clarabel_solve(np.eye(width), -target / size, -U, np.zeros(len(U)), cones)


@EACH
def test_min_norm_is_as_short_as_clarabel_s(tasks):
    found = solve('min_norm', jacobians(tasks))
    assert (found.weights >= 0).all()
    np.testing.assert_allclose(found.weights.sum(axis=1), 1, rtol=1e-12)
    assert found.residual.max() < 1e-8
    for J, w in zip(jacobians(tasks), found.weights, strict=True):
        zero = not np.linalg.norm(J, axis=1).all()
        best = 0 if zero else np.sum(clarabel_hull(J, None, 0) ** 2)
        assert np.sum((w @ J) ** 2) - best <= allowed(best, J)


@EACH
def test_cagrad_is_as_good_as_clarabel_s(tasks):
    for c in (0.4, 0.9):
        found = solve('cagrad', jacobians(tasks), c)
        assert found.residual.max() < 1e-8
        assert (found.weights >= 0).all()
        for J, x in zip(jacobians(tasks), found.weights, strict=True):
            g0, (U, norms) = J.mean(axis=0), units(J)
            radius = c * np.linalg.norm(g0)
            assert np.linalg.norm(x @ J) <= radius + 1e-9 * norms.max()
            y = clarabel_hull(J, g0 / np.linalg.norm(g0), c)
            best = y @ g0 + radius * np.linalg.norm(y)
            worst = np.min(norms * (U @ (g0 + x @ J)))
            assert best - worst <= allowed(best, J)


@EACH
def test_dual_cone_is_as_near_as_clarabel_s(tasks):
    rows, rng = jacobians(tasks), np.random.default_rng(0)
    targets = np.stack([np.eye(tasks)[0], np.full(tasks, 1 / tasks), rng.uniform(size=tasks)])
    found = solve('dual_cone', rows, targets)
    assert found.residual.max() < 1e-8
    for J, weights in zip(rows, found.weights, strict=True):
        for u, v in zip(targets, weights, strict=True):
            assert (v >= u).all()
            best = np.sum(clarabel_cone(J, u @ J) ** 2)
            assert np.sum((v @ J) ** 2) - best <= allowed(best, J)


@EACH
def test_nash_and_fairgrad_balance(tasks):
    rows = jacobians(tasks)
    for alpha in (0.5, 1.0, 2.0):
        found = solve('fairgrad', rows, alpha)
        balances(rows, found, alpha)
    balances(rows, solve('nash', rows), 1)


def balances(rows, found, alpha):
    assert (found.weights > 0).all()
    for J, w, residual in zip(rows, found.weights, found.residual, strict=True):
        if full_rank(J):
            assert residual <= 1e-6
            assert np.max(abs((J @ (w @ J)) * w ** (1 / alpha) - 1)) <= 1e-4


def assert_near(found, expected, J, rtol):
    size = np.linalg.norm(expected, axis=-1) + 1e-3 * np.linalg.norm(J, axis=1).max()
    assert (np.linalg.norm(found - expected, axis=-1) <= rtol * size).all()


@SOLVER
@pytest.mark.parametrize('tasks', sampled([1, 2], [2]))
def test_inactive_tasks_are_as_if_they_did_not_exist(name, tasks):
    """Two tasks alone have closed forms, two active ones of four do not."""
    keep = np.arange(tasks) * 2
    active = np.isin(np.arange(2 * tasks), keep)
    rows = [J * np.where(active, 1, 1e5)[:, None] for J in jacobians(2 * tasks)]
    together = solve(name, rows, option_of(name, 2 * tasks), active).weights
    alone = solve(name, [J[keep] for J in rows], option_of(name, tasks)).weights
    assert not together[..., ~active].any()
    for J, one, other in zip(rows, together, alone, strict=True):
        one = one[keep] if one.ndim == 2 else one
        assert_near(one[..., keep] @ J[keep], other @ J[keep], J[keep], 1e-6)


@SOLVER
def test_no_active_task_and_zero_gradients_are_finite(name):
    rows, option = [np.eye(4), np.zeros((4, 4))], option_of(name, 4)
    assert not solve(name, rows, option, active=False).weights.any()
    for active in (True, [True, False, True, False]):
        found = solve(name, rows, option, active)
        assert np.isfinite(found.weights).all()
        assert found.residual.max() < 1e-9


@SOLVER
@pytest.mark.parametrize('tasks', sampled([2, 5], [5]))
def test_float32_is_near_float64(name, tasks):
    rows = [KINDS['random'](tasks, 60, np.random.default_rng(seed)) for seed in range(CASES)]
    exact = solve(name, rows, option_of(name, tasks)).weights
    with jax.enable_x64(False):
        found = solve(name, rows, option_of(name, tasks), dtype=np.float32)
    assert found.weights.dtype == found.residual.dtype == np.float32
    for J, one, other in zip(rows, found.weights, exact, strict=True):
        assert_near(one @ J, other @ J, J, 1e-4)


def test_cagrad_without_common_descent_is_the_nearest_that_harms_no_task():
    J = np.array([[1.0, 0], [-2, 0], [0, 3]])
    found = solve('cagrad', [J], 0.4).weights[0]
    np.testing.assert_allclose(J.mean(axis=0) + found @ J, [0, 1], atol=1e-6)
