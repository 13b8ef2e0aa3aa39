import numpy as np
from scipy.optimize import nnls

from tests.surgery.oracles._rows import unit


def dual_cone(J, target):
    """The projection of ``target`` [P] on {d: g_t . d >= 0 for all t}, for the rows g_t of J.

    It is target + J^T x, where x >= 0 minimises |J^T x + target| (Moreau's decomposition; the
    lengths of the rows do not matter to the cone).
    """
    rows = unit(J)
    if not len(rows):
        return np.array(target, np.float64)
    x = nnls(rows.T, -target, maxiter=50 * len(rows))[0]
    return target + rows.T @ x
