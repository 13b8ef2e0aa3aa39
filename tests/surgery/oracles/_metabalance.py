import numpy as np

CHANGES = {'larger': np.greater, 'smaller': np.less, 'all': lambda m, target: True}


def metabalance(steps, target=0, relax=0.7, beta=0.9, which='larger'):
    """MetaBalance (He et al. WWW 2022): auxiliary gradients near the target's size, per leaf.

    m_t = beta m_t + (1 - beta) |g_t|, from 0, for each leaf (a dict of [T, ...]); a task other than
    the target, of larger m (or smaller, or any), gets g_t (relax m_target / m_t + 1 - relax).
    """
    sizes, outputs = {name: np.zeros(len(leaf)) for name, leaf in steps[0].items()}, []
    for tree in steps:
        sums = {}
        for name, leaf in tree.items():
            norms = np.array([np.linalg.norm(g) for g in leaf])
            m = sizes[name] = beta * sizes[name] + (1 - beta) * norms
            sums[name] = np.zeros(np.shape(leaf)[1:])
            for t, g in enumerate(np.asarray(leaf, np.float64)):
                changed = t != target and m[t] > 0 and CHANGES[which](m[t], m[target])
                factor = relax * m[target] / m[t] + 1 - relax if changed else 1
                sums[name] = sums[name] + factor * g
        outputs.append(sums)
    return outputs
