import numpy as np
from scipy.optimize import brentq

from tests.surgery.oracles._dual_cone import dual_cone
from tests.surgery.oracles._rows import nonzero
from tests.surgery.oracles._simplex import min_norm

SHRINK = {'none': lambda c: 1, '1+c^2': lambda c: 1 + c**2, '1+c': lambda c: 1 + c}


def cagrad(J, c, rescale='none'):
    """CAGrad (Liu et al. NeurIPS 2021): argmax_d min_t g_t . d with |d - g0| <= c |g0|.

    g0 is the mean of all rows, the minimum over those that are not zero; ``rescale`` divides.
    """
    J = np.asarray(J, np.float64)
    g0, (rows, norms) = J.mean(axis=0), nonzero(J)
    radius = c * np.linalg.norm(g0)
    d = g0 if radius == 0 else g0 + _change(rows, norms, g0, radius)
    return d / SHRINK[rescale](c)


def _change(rows, norms, g0, radius):
    """radius g_w / |g_w|, where w minimises g_w . g0 + radius |g_w| over the simplex.

    For a multiplier lam, the w that minimises g_w . g0 + lam/2 |g_w|^2 is that of the min-norm
    point of g_t + g0 / lam; lam |g_w| grows with lam, and w is the one where it is the radius.
    Where it stays below, g_w = 0: many d have the best minimum, 0, and lam g_w leads to the one
    nearest to g0, which is its projection on the dual cone.
    """

    def mixture(log_lam):
        return rows.T @ min_norm(rows + g0 / np.exp(log_lam))

    def excess(log_lam):
        return log_lam + np.log(max(np.linalg.norm(mixture(log_lam)), 1e-300) / radius)

    low = np.log(radius / norms.max())
    if excess(low + np.log(1e10)) <= 0:
        return dual_cone(rows, g0) - g0
    g_w = mixture(brentq(excess, low - 1e-3, low + np.log(1e10), xtol=1e-14))
    return radius * g_w / np.linalg.norm(g_w)
