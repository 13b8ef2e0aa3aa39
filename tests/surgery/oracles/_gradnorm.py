import numpy as np


def gradnorm(steps, alpha=1.5, lr=0.025):
    """GradNorm (Chen et al. ICML 2018), with w = T softmax(z) and Adam on z.

    d = sum_t w_t g_t with the weights of before the step. F(z) = sum_t |w_t n_t / Gbar - r_t^alpha|
    with Gbar = mean(w n) and r_t = (L_t / L_t(0)) / mean_s(L_s / L_s(0)) held fixed.
    """
    tasks = len(steps[0][0])
    z, first, second, start, outputs = np.zeros(tasks), np.zeros(tasks), np.zeros(tasks), None, []
    for k, (J, losses) in enumerate(steps, start=1):
        J, losses = np.asarray(J, np.float64), np.asarray(losses, np.float64)
        start = losses if start is None else start
        w = tasks * np.exp(z - z.max()) / np.exp(z - z.max()).sum()
        outputs.append(J.T @ w)
        gradient = _gradient(w, np.linalg.norm(J, axis=1), losses / start, alpha)
        first = 0.9 * first + 0.1 * gradient
        second = 0.999 * second + 0.001 * gradient**2
        mean, square = first / (1 - 0.9**k), second / (1 - 0.999**k)
        z = z - lr * mean / (np.sqrt(square) + 1e-8)
    return outputs


def _gradient(w, norms, progress, alpha):
    """dF/dz, by dw_t/dz_s = w_t ([t = s] - w_s / T)."""
    tasks, average = len(w), np.mean(w * norms)
    if average == 0:
        return np.zeros(tasks)
    wanted = (progress / progress.mean()) ** alpha
    gradient = np.zeros(tasks)
    for t in range(tasks):
        slope = np.sign(w[t] * norms[t] / average - wanted[t]) * norms[t] / average
        for s in range(tasks):
            gradient[s] += slope * w[t] * ((t == s) - w[s] / tasks)
    return gradient
