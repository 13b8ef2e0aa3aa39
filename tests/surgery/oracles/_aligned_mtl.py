import numpy as np

from tests.surgery.oracles._rows import decompose, nonzero

SCALES = {'min': np.min, 'median': np.median, 'rmse': lambda s: np.sqrt(np.mean(s**2))}


def aligned_mtl(J, scale='min', preference=None):
    """Aligned-MTL (Senushkin et al. CVPR 2023): J with all its singular values made equal.

    J = V S W^T on its numerical rank, which the unit rows decide; B = s V S^-1 V^T and
    d = J^T B p = s W V^T p, s being the least, median or root mean square singular value.
    """
    J = np.asarray(J, np.float64)
    if not J.any():
        return np.zeros(J.shape[1])
    rank = len(decompose(nonzero(J)[0] / nonzero(J)[1][:, None])[1])
    V, s, Wt = np.linalg.svd(J, full_matrices=False)
    p = np.ones(len(J)) if preference is None else np.asarray(preference)
    return SCALES[scale](s[:rank]) * Wt[:rank].T @ (V[:, :rank].T @ p)
