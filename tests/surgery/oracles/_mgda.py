import numpy as np

from tests.surgery.oracles._simplex import min_norm


def mgda(J, normalise='none', losses=1.0):
    """MGDA (Sener and Koltun, NeurIPS 2018): d = sum_t w_t g_t, w of the min-norm point.

    w minimises |sum_t w_t g_t / c_t| over the simplex; c is 1 ('none'), |g_t| ('l2'), the loss
    ('loss') or their product ('loss+'). As in the authors' code the sum is of the raw rows. A zero
    row puts 0 in the hull: d = 0.
    """
    J = np.asarray(J, np.float64)
    norms = np.linalg.norm(J, axis=1)
    if not norms.all():
        return np.zeros(J.shape[1])
    losses = np.broadcast_to(losses, len(J))
    scales = {'none': np.ones(len(J)), 'l2': norms, 'loss': losses, 'loss+': losses * norms}
    return J.T @ min_norm(J / scales[normalise][:, None])
