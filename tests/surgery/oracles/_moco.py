import numpy as np

from tests.surgery.oracles._simplex import simplex_projection


def moco(steps, beta=0.5, beta_sigma=0.5, gamma=0.1, gamma_sigma=0.5, rho=0.0):
    """MoCo (Fernando et al. ICLR 2023): tracked gradients Y, weights by projected descent.

    Y -= beta / k^beta_sigma (Y - J), from 0; lam = the simplex projection of
    lam - gamma / k^gamma_sigma (Y Y^T + rho I) lam, from 1/T; d = Y^T lam.
    """
    Y = np.zeros(np.shape(steps[0]))
    lam, outputs = np.full(len(Y), 1 / len(Y)), []
    for k, J in enumerate(steps, start=1):
        Y = Y - beta / k**beta_sigma * (Y - np.asarray(J))
        slope = Y @ (Y.T @ lam) + rho * lam
        lam = simplex_projection(lam - gamma / k**gamma_sigma * slope)
        outputs.append(Y.T @ lam)
    return outputs
