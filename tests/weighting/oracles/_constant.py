import numpy as np


def constant(L, active, chosen):
    """w_t = chosen_t."""
    weights = np.zeros(np.shape(L))
    for k, t in np.argwhere(active):
        weights[k, t] = chosen[t]
    return weights
