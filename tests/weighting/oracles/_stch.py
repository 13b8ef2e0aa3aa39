import numpy as np


def stch(L, active, preference=None, smoothing=1.0, ideal=None):
    """The derivative of mu log sum_t exp(lambda_t (L_t - z_t) / mu); lambda = 1/A by default."""
    weights = np.zeros(np.shape(L))
    ideal = np.zeros(L.shape[1]) if ideal is None else ideal
    for k, t in np.argwhere(active):
        here = [s for s in range(L.shape[1]) if active[k][s]]
        chosen = {s: 1 / len(here) if preference is None else preference[s] for s in here}
        terms = {s: np.exp(chosen[s] * (L[k, s] - ideal[s]) / smoothing) for s in here}
        weights[k, t] = chosen[t] * terms[t] / sum(terms.values())
    return weights
