import numpy as np


def excess_mtl(steps, step_size=0.01, baseline_steps=1):
    """ExcessMTL (He et al. ICML 2024): more weight for tasks of large estimated excess risk.

    e_t = sum_p g^2 / H, H = sqrt(sum over steps of g^2); the first ``baseline_steps`` steps have
    weights 1/T and their mean is e_t's baseline. Then w_t <- w_t exp(step_size e_t / baseline_t),
    to sum 1, and d = sum_t w_t g_t with these new weights.
    """
    squares, baseline = np.zeros(np.shape(steps[0])), np.zeros(len(steps[0]))
    w, outputs = np.full(len(baseline), 1 / len(baseline)), []
    for k, J in enumerate(steps, start=1):
        J = np.asarray(J, np.float64)
        squares = squares + J**2
        roots = np.sqrt(squares)
        excess = np.sum(np.where(roots > 0, J**2 / np.where(roots > 0, roots, 1), 0), axis=1)
        if k <= baseline_steps:
            baseline = baseline + excess / baseline_steps
        else:
            there = baseline > 0
            w = w * np.exp(step_size * np.where(there, excess / np.where(there, baseline, 1), 0))
            w = w / w.sum()
        outputs.append(J.T @ w)
    return outputs
