import numpy as np


def geometric(L, active):
    """The derivative of (prod_t L_t)^(1/A): (1/A) (prod_t L_t)^(1/A - 1) prod_{s != t} L_s."""
    weights = np.zeros(np.shape(L))
    for k, t in np.argwhere(active):
        here = [s for s in range(L.shape[1]) if active[k][s]]
        product = np.prod([L[k, s] for s in here])
        others = np.prod([L[k, s] for s in here if s != t])
        weights[k, t] = product ** (1 / len(here) - 1) * others / len(here)
    return weights
