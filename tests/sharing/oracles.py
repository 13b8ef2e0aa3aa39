"""Forward passes of sharing schemes in plain NumPy, with loops, written from the papers.

Parameters are those of mtljax models on ``backbones.mlp(..., activation=tanh)`` with linear heads.
"""

import numpy as np


def dense(layer, x):
    return x @ layer['kernel'] + layer['bias'][None]


def stage(params, x, row=None):
    """One tanh layer; ``row`` picks a copy of a stacked one."""
    layer = params['Dense_0']
    if row is not None:
        layer = {name: leaf[row] for name, leaf in layer.items()}
    return np.tanh(dense(layer, x))


def head(params, task, x):
    return dense(params['task']['heads'][task]['Dense_0'], x)


def softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def gated(params, x, rows):
    """``sum_e softmax(gate(x))_e rows_e``."""
    weights = softmax(dense(params['Dense_0'], x))
    return sum(weights[:, e, None] * row for e, row in enumerate(rows))


def unit_of(params, row):
    return {'Dense_0': {name: leaf[row] for name, leaf in params['Dense_0'].items()}}


def cross_stitch(params, tasks, x):
    shared, own = params['shared'], params['task']
    rows = [x] * len(tasks)
    for at in range(len(shared['towers'])):
        name = f'stage{at}'
        rows = [stage(shared['towers'][name], row, t) for t, row in enumerate(rows)]
        units = (
            [shared['units'][name][t] for t in range(len(tasks))]
            if name in shared['units']
            else [own['units'][task] for task in tasks]
        )
        rows = [sum(a * row for a, row in zip(unit, rows, strict=True)) for unit in units]
    return {task: head(params, task, row) for task, row in zip(tasks, rows, strict=True)}


def sluice(params, tasks, x, subspaces=2):
    """Two subspaces, mixture over all stages (of equal width)."""
    shared, own = params['shared'], params['task']
    rows, kept = [x] * len(tasks), []
    for at in range(len(shared['towers'])):
        name = f'stage{at}'
        rows = [stage(shared['towers'][name], row, t) for t, row in enumerate(rows)]
        parts = [np.split(row, subspaces, axis=1) for row in rows]
        mixed = []
        for t, task in enumerate(tasks):
            last = name not in shared['units']
            alpha = own['units'][task]['alpha'] if last else shared['units'][name][t]
            mixed.append(
                np.concatenate(
                    [
                        sum(
                            alpha[a, s, b] * parts[s][b]
                            for s in range(len(tasks))
                            for b in range(subspaces)
                        )
                        for a in range(subspaces)
                    ],
                    axis=1,
                )
            )
        rows = mixed
        kept.append(rows)
    outputs = {}
    for t, task in enumerate(tasks):
        layers = own['units'][task]['layers']
        outputs[task] = head(params, task, sum(b * k[t] for b, k in zip(layers, kept, strict=True)))
    return outputs


def ple(params, tasks, x, num_own, num_shared):
    """Any number of levels of one stage each."""
    shared, own = params['shared'], params['task']['extraction']
    depth, count = len(shared), len(tasks)
    of_task, common = [x] * count, x
    for at in range(depth):
        name, last = f'level{at}', at == depth - 1
        experts = shared[name]['experts']['stage0']
        if last:
            mine = [
                [stage(own[task][name]['experts']['stage0'], of_task[t], e) for e in range(num_own)]
                for t, task in enumerate(tasks)
            ]
            all_shared = [stage(experts, common, e) for e in range(num_shared)]
        else:
            mine = [
                [stage(experts, of_task[t], t * num_own + e) for e in range(num_own)]
                for t in range(count)
            ]
            all_shared = [stage(experts, common, count * num_own + e) for e in range(num_shared)]
            everything = [row for rows in mine for row in rows] + all_shared
            common = gated(shared[name]['common'], common, everything)
        gates = [
            unit_of(shared[name]['tasks'], t)
            if 'tasks' in shared[name]
            else own[task][name]['gate']
            for t, task in enumerate(tasks)
        ]
        of_task = [gated(gates[t], of_task[t], mine[t] + all_shared) for t in range(count)]
    return {task: head(params, task, of_task[t]) for t, task in enumerate(tasks)}


def adatt(params, tasks, x, num_own, num_shared):
    shared, own = params['shared'], params['task']['fusion']
    depth, count = len(shared), len(tasks)
    units = [x] * (count + 1)
    for at in range(depth):
        level, last = shared[f'level{at}'], at == depth - 1
        sizes = [num_own] * count + [num_shared]
        owners = [unit for unit, size in enumerate(sizes) for _ in range(size)]
        rows = [stage(level['experts']['stage0'], units[u], e) for e, u in enumerate(owners)]
        fused = []
        for unit in range(count + (num_shared > 0 and not last)):
            if unit == count:
                gate, weights = level['common']['gate'], level['common']['own']
            elif last:
                gate, weights = own[tasks[unit]]['gate'], own[tasks[unit]]['own']
            else:
                gate, weights = unit_of(level['tasks']['gate'], unit), level['tasks']['own'][unit]
            mine = [row for row, u in zip(rows, owners, strict=True) if u == unit]
            fused.append(
                gated(gate, units[unit], rows)
                + sum(w * row for w, row in zip(weights, mine, strict=True))
            )
        units = fused
    return {task: head(params, task, units[t]) for t, task in enumerate(tasks)}


def relu(x):
    return np.maximum(x, 0)


def copy_of(layer, row):
    return {name: leaf[row] for name, leaf in layer.items()}


def mmoe(params, tasks, x, num_experts):
    outputs = {}
    for task in tasks:
        rows = []
        for e in range(num_experts):
            row = x
            for name in sorted(params['shared']['experts']):
                row = stage(params['shared']['experts'][name], row, e)
            rows.append(row)
        outputs[task] = head(params, task, gated(params['task']['gates'][task], x, rows))
    return outputs


def mtan(params, tasks, x, norm):
    """On vectors, where pooling is nothing and the fusion a dense layer."""
    assert not norm
    shared, own = params['shared'], params['task']['attention']
    features, outputs = [], {}
    for at in range(len(own)):
        x = stage(shared[f'stage{at}'], x)
        features.append(x)
    for t, task in enumerate(tasks):
        handed = None
        for at, u in enumerate(features):
            first, second = (copy_of(own[f'stage{at}'][f'Dense_{i}'], t) for i in (0, 1))
            read = u if handed is None else np.concatenate([u, handed], axis=1)
            attended = sigmoid(dense(second, relu(dense(first, read)))) * u
            if at + 1 < len(features):
                handed = relu(dense(shared[f'fusion{at}']['Dense_0'], attended))
        outputs[task] = head(params, task, attended)
    return outputs


def nddr(params, tasks, x, norm):
    assert not norm
    shared, own = params['shared'], params['task']['units']
    rows = [x] * len(tasks)
    for at in range(len(shared['towers'])):
        name = f'stage{at}'
        rows = [stage(shared['towers'][name], row, t) for t, row in enumerate(rows)]
        last, wide = name not in shared['units'], np.concatenate(rows, axis=1)
        for t, task in enumerate(tasks):
            kernel = own[task]['kernel'] if last else shared['units'][name]['kernel'][t]
            rows[t] = wide @ kernel.reshape(-1, kernel.shape[-1])
    return {task: head(params, task, row) for task, row in zip(tasks, rows, strict=True)}


def film(params, tasks, x):
    outputs = {}
    for t, task in enumerate(tasks):
        row = x
        for name in sorted(params['shared']):
            unit = copy_of(params['task']['film'][name], t)
            row = stage(params['shared'][name], row)
            row = (1 + unit['scale'])[None] * row + unit['shift'][None]
        outputs[task] = head(params, task, row)
    return outputs


def adapters(params, tasks, x, width):
    outputs = {}
    for t, task in enumerate(tasks):
        row = x
        for name in sorted(params['shared']):
            layers = params['task']['adapters'][name]
            down, up = copy_of(layers['Dense_0'], t), copy_of(layers['Dense_1'], t)
            assert down['kernel'].shape[1] == width
            row = stage(params['shared'][name], row)
            row = row + dense(up, relu(dense(down, row)))
        outputs[task] = head(params, task, row)
    return outputs


def smooth_step(x, gamma):
    if x <= -gamma / 2:
        return 0.0
    if x >= gamma / 2:
        return 1.0
    return -2 * x**3 / gamma**3 + 3 * x / (2 * gamma) + 0.5


def dselect_weights(params, x, experts, gamma):
    """``[B, E]``; codes from E on count for the expert with their highest bit cleared."""
    codes, mixture = (dense(params[name], x) for name in ('codes', 'mixture'))
    k = mixture.shape[1]
    bits = codes.shape[1] // k
    weights = np.zeros((len(x), experts))
    for b in range(len(x)):
        for i in range(k):
            share = softmax(mixture[b])[i]
            steps = [smooth_step(z, gamma) for z in codes[b, i * bits : (i + 1) * bits]]
            for code in range(2**bits):
                expert = code if code < experts else code - 2 ** (bits - 1)
                chosen = [s if code >> bit & 1 else 1 - s for bit, s in enumerate(steps)]
                weights[b, expert] += share * np.prod(chosen)
    return weights


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def aitm(params, tasks, x):
    """Logits of scalar heads; the funnel's towers after no common stage."""
    shared, last = params['shared'], params['task']['heads'][tasks[-1]]
    outputs, before = {}, None
    for t, task in enumerate(tasks):
        tower = last['tower'] if task == tasks[-1] else shared['towers']
        row = x
        for name in sorted(tower):
            row = stage(tower[name], row, None if task == tasks[-1] else t)
        if before is not None:
            transfer = last['transfer'] if task == tasks[-1] else shared['transfers'][task]
            info = np.maximum(dense(transfer['info'], before), 0)
            scores, values = [], []
            for u in (info, row):
                key, query = (u @ transfer[name]['kernel'] for name in ('key', 'query'))
                scores.append((key * query).sum(axis=1) / np.sqrt(key.shape[1]))
                values.append(u @ transfer['value']['kernel'])
            attention = softmax(np.stack(scores, axis=1))
            row = attention[:, :1] * values[0] + attention[:, 1:] * values[1]
        top = last['head'] if task == tasks[-1] else shared['heads'][task]
        outputs[task] = dense(top['Dense_0'], row)[:, 0]
        before = row
    return outputs
