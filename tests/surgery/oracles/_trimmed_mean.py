import numpy as np


def trimmed_mean(J, trim):
    """The trimmed mean (Yin et al. ICML 2018): per element, without the extreme values.

    ``trim`` largest and smallest values are dropped, at most (T - 1) // 2 of each.
    """
    J = np.asarray(J, np.float64)
    trim = min(trim, (len(J) - 1) // 2)
    kept = [sorted(column)[trim : len(J) - trim] for column in J.T]
    return np.mean(kept, axis=1)
