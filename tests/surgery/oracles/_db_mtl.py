import numpy as np


def db_mtl(steps, beta=0.9, sigma=0.0):
    """DB-MTL (Lin et al. 2023): gradients of log losses, averaged, all as long as the longest.

    buffer += (1 - beta / k^sigma) (g / (L + 1e-8) - buffer), k from 1;
    d = max_t |buffer_t| sum_t buffer_t / |buffer_t|.
    """
    buffer, outputs = np.zeros(np.shape(steps[0][0])), []
    for k, (J, losses) in enumerate(steps, start=1):
        rows = np.array([g / (loss + 1e-8) for g, loss in zip(J, losses, strict=True)])
        buffer = buffer + (1 - beta / k**sigma) * (rows - buffer)
        norms = np.linalg.norm(buffer, axis=1)
        total = np.zeros(buffer.shape[1])
        for row, norm in zip(buffer, norms, strict=True):
            if norm > 0:
                total = total + norms.max() / norm * row
        outputs.append(total)
    return outputs
