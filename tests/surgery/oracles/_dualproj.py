import numpy as np

from tests.surgery.oracles._dual_cone import dual_cone


def dualproj(J):
    """DualProj (GEM, Lopez-Paz and Ranzato, NIPS 2017): the mean, projected on the dual cone."""
    J = np.asarray(J, np.float64)
    return dual_cone(J, J.mean(axis=0))
