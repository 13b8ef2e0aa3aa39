import numpy as np


def sum(J):
    """d = sum_t g_t, for the rows g_t of J."""
    total = np.zeros(np.shape(J)[1])
    for row in np.asarray(J, np.float64):
        total = total + row
    return total
