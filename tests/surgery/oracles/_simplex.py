import numpy as np
from scipy.optimize import brentq, nnls


def min_norm(rows):
    """w = argmin |sum_t w_t g_t| over the simplex, for the rows g_t.

    x = argmin |sum_t x_t g_t|^2 + c^2 (sum_t x_t - 1)^2 over x >= 0 is a multiple of w for any
    c > 0. The unknowns are x_t |g_t|, so that rows of very different lengths do no harm.
    """
    rows = np.asarray(rows, np.float64)
    norms = np.linalg.norm(rows, axis=1)
    if not norms.all():
        return (norms == 0) / np.sum(norms == 0)
    columns = np.concatenate([(rows / norms[:, None]).T, norms.min() / norms[None]])
    x = nnls(columns, np.append(np.zeros(rows.shape[1]), 1), maxiter=50 * len(rows))[0] / norms
    return x / x.sum()


def simplex_projection(v):
    """The nearest w >= 0 with sum w = 1: max(v - tau, 0) for the tau that makes the sum 1."""
    v = np.asarray(v, np.float64)
    tau = brentq(lambda t: np.maximum(v - t, 0).sum() - 1, v.max() - 1, v.max(), xtol=1e-15)
    kept = v > tau
    return np.where(kept, v - (v[kept].sum() - 1) / kept.sum(), 0)
