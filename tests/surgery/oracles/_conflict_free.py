import numpy as np

from tests.surgery.oracles._rows import decompose, nonzero


def conflict_free(J, preference=None):
    """ConFIG (Liu, Chu and Thuerey, ICLR 2025): one cosine with all gradients, in proportion to p.

    u = unit(pinv(U) p) for the unit rows U; d = (sum_t g_t . u) u. Zero rows are left out.
    """
    rows, norms = nonzero(J)
    if not len(rows):
        return np.zeros(np.shape(J)[1])
    p = np.ones(len(J)) if preference is None else np.asarray(preference, np.float64)
    p = p[np.linalg.norm(J, axis=1) > 0]
    V, s, W = decompose(rows / norms[:, None])
    direction = W @ (V.T @ p / s)
    length = np.linalg.norm(direction)
    if length <= 1e-12 * np.linalg.norm(p):
        return np.zeros(np.shape(J)[1])
    return np.sum(rows @ direction) / length**2 * direction
