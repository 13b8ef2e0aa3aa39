import numpy as np


def inverse_initial(L, active):
    """w_t = 1 / L_t of the first step k in which t is active."""
    weights = np.zeros(np.shape(L))
    for k, t in np.argwhere(active):
        first = min(step for step in range(len(L)) if active[step][t])
        weights[k, t] = 1 / L[first, t]
    return weights
