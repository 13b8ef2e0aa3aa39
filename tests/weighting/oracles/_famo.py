import numpy as np

from tests.weighting.oracles._adam import Adam


def famo(L, after, active, weight_decay=1e-3, min_losses=None):
    """Algorithm 1 of Liu et al. 2023; after[k] holds the losses of batch k after step k."""
    tasks = L.shape[1]
    min_losses = np.zeros(tasks) if min_losses is None else min_losses
    weights, adam = np.zeros(np.shape(L)), Adam(np.zeros(tasks))
    for k in range(len(L)):
        here = [t for t in range(tasks) if active[k][t]]
        powers = {t: np.exp(adam.theta[t]) for t in here}
        z = {t: powers[t] / sum(powers.values()) for t in here}
        before = {t: L[k, t] - min_losses[t] + 1e-8 for t in here}
        total = sum(z[t] / before[t] for t in here)
        delta = {}
        for t in here:
            weights[k, t] = z[t] / before[t] / total
            delta[t] = np.log(before[t]) - np.log(after[k, t] - min_losses[t] + 1e-8)
        gradient = np.zeros(tasks)
        for t in here:
            jacobian = {s: z[s] * ((s == t) - z[t]) for s in here}  # d z_s / d xi_t
            gradient[t] = sum(jacobian[s] * delta[s] for s in here) + weight_decay * adam.theta[t]
        adam.step(gradient)
    return weights
