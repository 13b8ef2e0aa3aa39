import numpy as np


def scale_invariant(L, active):
    """The derivative of sum_t log L_t."""
    weights = np.zeros(np.shape(L))
    for k, t in np.argwhere(active):
        weights[k, t] = 1 / L[k, t]
    return weights
