import numpy as np


def pcgrad(J, orders):
    """Algorithm 1 of Yu et al. 2020 on vectors; orders[i] is the order of the tasks j for task i.

    The original g_j are projected on, never the projected ones; a zero g_j is never projected on.
    """
    J = np.asarray(J, np.float64)
    total = np.zeros(J.shape[1])
    for i, order in enumerate(orders):
        projected = J[i].copy()
        for j in order:
            if j == i:
                continue
            dot = projected @ J[j]
            if dot < 0 and J[j] @ J[j] > 0:
                projected = projected - dot / (J[j] @ J[j]) * J[j]
        total = total + projected
    return total
