import numpy as np

from tests.surgery.oracles._bargain import bargain
from tests.surgery.oracles._rows import nonzero


def fairgrad(J, alpha):
    """FairGrad (Ban and Ji, ICML 2024): d = J^T w with G w = w^(-1/alpha), w > 0.

    In b_t = w_t |g_t|, on the cosines with their eigenvalues raised:
    C' b = |g|^(1/alpha - 1) b^(-1/alpha). Zero rows are left out.
    """
    rows, norms = nonzero(J)
    if not len(rows):
        return np.zeros(np.shape(J)[1])
    return bargain(rows / norms[:, None], norms ** (1 / alpha - 1), 1 / alpha)[1]
