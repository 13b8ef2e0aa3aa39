import numpy as np


def nonzero(J):
    """The rows of J that are not zero, and their norms."""
    J = np.asarray(J, np.float64)
    norms = np.linalg.norm(J, axis=1)
    return J[norms > 0], norms[norms > 0]


def unit(J):
    """g_t / |g_t| for the rows g_t of J that are not zero."""
    rows, norms = nonzero(J)
    return rows / norms[:, None]


def decompose(U):
    """U = V diag(s) W^T, for unit rows, with the s^2 above 10 T eps of the largest only."""
    V, s, Wt = np.linalg.svd(U, full_matrices=False)
    keep = s**2 > 10 * len(U) * np.finfo(np.float64).eps * s[0] ** 2
    return V[:, keep], s[keep], Wt[keep].T
