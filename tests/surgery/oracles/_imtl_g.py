import numpy as np

from tests.surgery.oracles._rows import decompose, nonzero


def imtl_g(J):
    """IMTL-G (Liu et al. ICLR 2021): equal projections on all unit gradients.

    b = pinv(U U^T) 1 for the unit rows U, a = (b / |g|) / sum (b / |g|), d = J^T a. Zero rows are
    left out; d = 0 where b or the sum vanishes.
    """
    rows, norms = nonzero(J)
    nothing = np.zeros(np.shape(J)[1])
    if not len(rows):
        return nothing
    V, s, _ = decompose(rows / norms[:, None])
    ones = V.sum(axis=0)
    a = V @ (ones / s**2) / norms
    if np.linalg.norm(ones) <= 1e-12 * len(rows) or abs(a.sum()) <= 1e-12 * abs(a).sum():
        return nothing
    return rows.T @ a / a.sum()
