import numpy as np

from tests.weighting.oracles._adam import Adam


def uncertainty(L, active, forms, initial):
    """Regression: e^-s L / 2 + s / 2. Classification: e^-s L + s / 2. s = log sigma^2 by Adam."""
    weights, adam = np.zeros(np.shape(L)), Adam(initial)
    for k in range(len(L)):
        gradient = np.zeros(L.shape[1])
        for t in range(L.shape[1]):
            if not active[k][t]:
                continue
            precision = np.exp(-adam.theta[t])
            if forms[t] == 'regression':
                weights[k, t] = precision / 2
                gradient[t] = -precision * L[k, t] / 2 + 1 / 2
            else:
                weights[k, t] = precision
                gradient[t] = -precision * L[k, t] + 1 / 2
        adam.step(gradient)
    return weights
