import numpy as np

from tests.weighting.oracles._adam import Adam


def imtl_l(L, active):
    """The loss e^s L - s; s by Adam."""
    weights, adam = np.zeros(np.shape(L)), Adam(np.zeros(L.shape[1]))
    for k in range(len(L)):
        gradient = np.zeros(L.shape[1])
        for t in range(L.shape[1]):
            if active[k][t]:
                weights[k, t] = np.exp(adam.theta[t])
                gradient[t] = np.exp(adam.theta[t]) * L[k, t] - 1
        adam.step(gradient)
    return weights
