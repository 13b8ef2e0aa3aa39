import numpy as np


def random(drawn, active):
    """Algorithm of Lin et al. 2022: softmax of standard normal numbers, drawn[k, t]."""
    weights = np.zeros(np.shape(drawn))
    for k, t in np.argwhere(active):
        total = sum(np.exp(x) for x, on in zip(drawn[k], active[k], strict=True) if on)
        weights[k, t] = np.exp(drawn[k][t]) / total
    return weights
