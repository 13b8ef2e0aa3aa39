import numpy as np


def krum(J, byzantine=0, selected=1):
    """Multi-Krum (Blanchard et al. NIPS 2017): the mean of the rows nearest to their neighbours.

    A row's score is the sum of its T - byzantine - 2 smallest squared distances to other rows (at
    least one of them); the ``selected`` rows of least score are averaged, ties by index.
    """
    J = np.asarray(J, np.float64)
    tasks, scores = len(J), []
    near = min(max(tasks - byzantine - 2, 1), tasks - 1)
    for i in range(tasks):
        distances = [np.sum((J[i] - J[j]) ** 2) for j in range(tasks) if j != i]
        scores.append(sum(sorted(distances)[:near]))
    best = sorted(range(tasks), key=lambda i: (scores[i], i))[:selected]
    return np.mean(J[best], axis=0)
