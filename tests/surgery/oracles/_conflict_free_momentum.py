import numpy as np

from tests.surgery.oracles._conflict_free import conflict_free


def conflict_free_momentum(steps, decay):
    """M-ConFIG (Liu, Chu and Thuerey, ICLR 2025): one task's gradient per step, in turn.

    Task (k - 1) mod T renews its momentum at step k; the bias-free momenta of the tasks seen so far
    go through ConFIG, and the output is the gradient whose own bias-free momentum that is.
    """
    tasks, width = np.shape(steps[0])
    momenta, counts, before, outputs = np.zeros((tasks, width)), np.zeros(tasks), 0, []
    for k, J in enumerate(steps, start=1):
        i = (k - 1) % tasks
        momenta[i] = decay * momenta[i] + (1 - decay) * np.asarray(J)[i]
        counts[i] += 1
        seen = [t for t in range(tasks) if counts[t] > 0]
        g = conflict_free([momenta[t] / (1 - decay ** counts[t]) for t in seen])
        after = g * (1 - decay**k)
        outputs.append((after - decay * before) / (1 - decay))
        before = after
    return outputs
