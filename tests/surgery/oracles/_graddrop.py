import numpy as np


def graddrop(J, uniforms, leak):
    """GradDrop (Chen et al. NeurIPS 2020), on the gradients of the parameters.

    P = (1 + sum_t g_t / sum_t |g_t|) / 2 for each element, and 1/2 where all are 0. Positive
    entries stay where the uniform number is below P, negative ones where it is above; a task keeps
    the part leak_t of what it loses.
    """
    J = np.asarray(J, np.float64)
    leak = np.broadcast_to(leak, len(J))
    total = np.zeros(J.shape[1])
    for p in range(J.shape[1]):
        whole = np.sum(abs(J[:, p]))
        positive = 0.5 if whole == 0 else 0.5 * (1 + np.sum(J[:, p]) / whole)
        for t in range(len(J)):
            kept = uniforms[p] < positive if J[t, p] > 0 else uniforms[p] > positive
            total[p] += (leak[t] + (1 - leak[t]) * kept) * J[t, p]
    return total
