import numpy as np


def gradvac(J, orders, phi, beta):
    """GradVac (Wang et al. ICLR 2021): each g_i is turned to keep the usual cosine with each g_j.

    orders[i] is the order of the tasks j for task i. A cosine c below phi_ij is raised to phi_ij;
    then phi_ij = (1 - beta) phi_ij + beta c. Pairs with a zero gradient are left alone.

    Returns (d, phi).
    """
    J, phi = np.asarray(J, np.float64), np.array(phi, np.float64)
    norms = np.linalg.norm(J, axis=1)
    total = np.zeros(J.shape[1])
    for i, order in enumerate(orders):
        v = J[i].copy()
        for j in order:
            length = np.linalg.norm(v)
            if j == i or length == 0 or norms[j] == 0:
                continue
            c, target = np.clip(v @ J[j] / (length * norms[j]), -1, 1), phi[i, j]
            if c < target:
                across, wanted = np.sqrt(1 - c**2), np.sqrt(1 - target**2)
                v = v + length * (target * across - c * wanted) / (norms[j] * wanted) * J[j]
            phi[i, j] = (1 - beta) * target + beta * c
        total = total + v
    return total, phi
