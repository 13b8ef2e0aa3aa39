import numpy as np

from tests.surgery.oracles._bargain import bargain
from tests.surgery.oracles._rows import nonzero


def nash_mtl(J, max_norm):
    """Nash-MTL (Navon et al. ICML 2022): d = J^T a with G a = 1/a, shortened to ``max_norm``.

    In b_t = a_t |g_t|, on the cosines with their eigenvalues raised; b minimises
    1/2 b^T C' b - sum log b. Zero rows are left out.
    """
    rows, norms = nonzero(J)
    if not len(rows):
        return np.zeros(np.shape(J)[1])
    d = bargain(rows / norms[:, None], np.ones(len(rows)), 1)[1]
    if max_norm is None or np.linalg.norm(d) <= max_norm:
        return d
    return d * max_norm / np.linalg.norm(d)
