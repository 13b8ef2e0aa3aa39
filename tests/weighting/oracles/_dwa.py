import numpy as np


def dwa(L, active, window, temperature=2.0, sliding=False):
    """w_t = A exp(r_t / temperature) / sum, r_t the mean loss of a window over that before it."""
    weights = np.zeros(np.shape(L))
    for k in range(len(L)):
        end = k + 1 if sliding else k // window * window
        here = [t for t in range(L.shape[1]) if active[k][t]]
        powers = {t: np.exp(_ratio(L, active, t, end, window) / temperature) for t in here}
        for t in here:
            full = end >= 2 * window
            weights[k, t] = len(here) * powers[t] / sum(powers.values()) if full else 1
    return weights


def _ratio(L, active, t, end, window):
    last = [L[k, t] for k in range(max(end - window, 0), end) if active[k][t]]
    before = [
        L[k, t] for k in range(max(end - 2 * window, 0), max(end - window, 0)) if active[k][t]
    ]
    return np.mean(last) / np.mean(before) if last and before else 1.0
