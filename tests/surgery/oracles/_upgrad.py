import numpy as np

from tests.surgery.oracles._dual_cone import dual_cone


def upgrad(J):
    """UPGrad (Quinton and Rey 2024): d = 1/T sum_i of g_i's projections on the dual cone."""
    J = np.asarray(J, np.float64)
    total = np.zeros(J.shape[1])
    for row in J:
        total = total + dual_cone(J, row)
    return total / len(J)
