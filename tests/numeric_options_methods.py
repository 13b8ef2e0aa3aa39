"""The numeric options of surgeries, weightings, penalties, losses, metrics and solvers."""

import jax
import jax.numpy as jnp

from mtljax import (
    analysis,
    backbones,
    data,
    losses,
    metrics,
    penalties,
    sharing,
    solvers,
    surgery,
    weighting,
)
from tests.numeric_options import Case, accept, each

_ROWS = {'shared': jnp.array([[1.0, 2.0, 3.0], [3.0, -1.0, 2.0]]), 'task': {'b': jnp.ones((2, 1))}}
_PARAMS = jax.tree.map(lambda leaf: leaf[0], _ROWS)
_LOSSES = jnp.array([3.0, 4.0])
_COSINES = jnp.array([[1.0, 0.25], [0.25, 1.0]])


def _update(method):
    """Return one update for two tasks, and the state after it."""
    state = method.init(_PARAMS, num_tasks=2)
    extra = {'losses': _LOSSES, 'key': jax.random.key(0)}
    return method.update(_ROWS, state, _PARAMS, **extra)


def _weigh(method):
    """Return the weights of two steps, and the state after them."""
    key, state = jax.random.key(0), method.init(2)
    weights, state = method.update(_LOSSES, state, key=key)
    state = method.observe(_LOSSES - 0.1, state) if method.observe else state
    return weights, method.update(_LOSSES, state, key=key)


def _penalise(penalty):
    """Return the penalty of two towers."""
    return penalty.value({'stage0': {'kernel': jnp.array([[[1.0, 2.0]], [[3.0, -2.0]]])}})


def _measure(metric):
    logits, labels = jnp.array([[2.0, 1.0, 0.0], [0.0, 3.0, 1.0]]), jnp.array([[0.0, 1.0, 1.0]] * 2)
    return metric.result(metric.update(logits, labels, jnp.ones(2, bool)))


def _surgery(fn, options, /, **given):
    return Case(fn, options, given, _update)


def _square(params):
    return params['shared'] ** 2


def _sum_of(norms, cosines, inner, **extra):
    return jnp.ones_like(norms), inner


def _plain(jacobian, inner, **extra):
    weights = jnp.ones(jacobian.num_tasks)
    return jacobian.combine(weights), weights, inner


_TASKS = {'num_tasks': accept(None)}
_PREFERENCE = each(0, 2.5, alone=[None], of=lambda value: [1.0, value])
_PAIR = each(0, -1, 2.5, alone=[0, -1, 2.5], of=lambda value: [1.0, value])
_STRENGTH = {
    'strength': (
        *each(0, 2.5, alone=[0, 2.5]),
        *each(0, 2.5, alone=[0, 2.5], of=lambda value: {'stage0': value}),
    )
}

SURGERY = [
    _surgery(surgery.aligned_mtl, {'preference': _PREFERENCE}),
    _surgery(surgery.cagrad, {'c': accept(0)}),
    _surgery(surgery.conflict_free, {'preference': _PREFERENCE}),
    _surgery(
        surgery.conflict_free_momentum, {'decay': accept(0), 'preference': _PREFERENCE, **_TASKS}
    ),
    _surgery(surgery.db_mtl, {'beta': accept(0), 'beta_sigma': accept(0, 2.5), **_TASKS}),
    _surgery(surgery.every, {'k': accept(), **_TASKS}, method=surgery.sum(), k=2),
    _surgery(
        surgery.excess_mtl, {'step_size': accept(0, 2.5), 'baseline_steps': accept(), **_TASKS}
    ),
    _surgery(surgery.fairgrad, {'alpha': accept(2.5)}),
    _surgery(surgery.from_cosines, _TASKS, fn=_sum_of),
    _surgery(surgery.from_gramian, _TASKS, fn=lambda gramian, inner, **_: (gramian[0], inner)),
    _surgery(surgery.graddrop, {'leak': each(0, alone=[0], of=lambda value: [1.0, value])}),
    _surgery(surgery.gradnorm, {'alpha': accept(0, -1, 2.5), **_TASKS}),
    _surgery(surgery.gradvac, {'beta': accept(0), **_TASKS}),
    _surgery(surgery.krum, {'byzantine': accept(0), 'selected': accept()}),
    _surgery(
        surgery.metabalance,
        {'target': accept(0), 'relax': accept(0), 'beta': accept(0), **_TASKS},
    ),
    _surgery(
        surgery.moco,
        {'beta': accept()}
        | dict.fromkeys(('beta_sigma', 'gamma', 'gamma_sigma', 'rho'), accept(0, 2.5))
        | _TASKS,
    ),
    _surgery(surgery.nash_mtl, {'max_norm': accept(2.5, None)}),
    _surgery(surgery.on_shared, _TASKS, method=surgery.gradvac()),
    _surgery(surgery.rescale, _TASKS, method=surgery.gradvac(), to='mean'),
    _surgery(surgery.smooth, {'decay': accept(0), **_TASKS}, method=surgery.mgda()),
    _surgery(surgery.transform, _TASKS, fn=_plain),
    _surgery(surgery.trimmed_mean, {'trim': accept(0)}),
    _surgery(surgery.watch, {'every': accept(None), **_TASKS}, method=surgery.pcgrad()),
    _surgery(
        surgery.with_preference,
        {'preference': each(0, 2.5, of=lambda value: [1.0, value])},
        method=surgery.sum(),
    ),
]

WEIGHTING = [
    Case(
        weighting.constant,
        {'weights': each(0, 2.5, of=lambda value: [1.0, value])},
        use=_weigh,
    ),
    Case(weighting.dwa, {'window': accept(), 'temperature': accept(2.5)}, use=_weigh),
    Case(weighting.dwa, {'window': accept()}, {'sliding': True}, _weigh),
    Case(weighting.famo, {'weight_decay': accept(0, 2.5), 'min_losses': _PAIR}, use=_weigh),
    Case(
        weighting.stch,
        {'preference': _PREFERENCE, 'smoothing': accept(2.5), 'ideal': _PAIR},
        use=_weigh,
    ),
    Case(weighting.uncertainty, {'initial': _PAIR}, use=_weigh),
]

PENALTIES = [
    *(
        Case(fn, _STRENGTH, {'where': None}, _penalise)
        for fn in (penalties.frobenius, penalties.l2, penalties.trace_norm)
    ),
    Case(
        penalties.orthogonality,
        {**_STRENGTH, 'subspaces': accept()},
        {'strength': 1.0, 'where': None},
        _penalise,
    ),
    Case(
        penalties.tensor_normal,
        {**_STRENGTH, 'every': accept(), 'ridge': accept(2.5), 'floor': accept(2.5)},
        {'strength': 1.0, 'where': None},
        _penalise,
    ),
]

_ERROR = {'prediction': jnp.array([1.0, 3.0]), 'target': jnp.array([0.5, -1.0])}
_GRADIENTS = {'norms': jnp.array([1.0, 2.0]), 'cosines': _COSINES}

_DIGITS = data.digits(train=8, validation=4, test=2)
_MODEL = sharing.hard(backbones.mlp((2,)), _DIGITS.heads)
_VARIABLES = _MODEL.init(jax.random.key(0), _DIGITS.train.example.inputs)
_MODEL_OF_DIGITS = {
    'model': _MODEL,
    'params': _VARIABLES[0],
    'state': _VARIABLES[1],
    'dataset': _DIGITS,
    'subsets': [['left', 'right']],
}

_ROW = {f'cosine/{stage}{pair}': 0.5 for stage in ('all', 'stage0') for pair in ('', '/a~b')}
_LOG = [{'step': step, 'conflicting/stage0': 0.0, **_ROW} for step in range(1, 5)]

OTHERS = [
    Case(
        analysis.branching,
        {'least': accept(0), 'warm_up': accept(0)},
        {'runs': [analysis.conflicts(_LOG)], 'tasks': ['a', 'b']},
    ),
    Case(
        analysis.estimate_transfer,
        {'dim': accept(), 'examples': accept(), 'ridge': accept(2.5)},
        {'dim': 2, **_MODEL_OF_DIGITS},
    ),
    Case(
        analysis.lookahead,
        {'step_size': accept(2.5)},
        {'losses_of': _square, 'params': {'shared': jnp.ones(2)}},
    ),
    Case(
        analysis.task_groups,
        {'max_groups': accept(None)},
        {'affinity': _COSINES, 'tasks': ['a', 'b']},
        bool,
    ),
    Case(losses.smooth_l1, {'beta': accept(2.5)}, _ERROR),
    Case(metrics.angle_within, {'degrees': accept(2.5)}, use=_measure),
    Case(metrics.mean_iou, {'classes': accept()}, use=_measure),
    Case(solvers.cagrad, {'c': accept(0)}, {**_GRADIENTS, 'c': 0.5}),
    Case(solvers.fairgrad, {'alpha': accept(2.5)}, {**_GRADIENTS, 'alpha': 1.0}),
    Case(
        solvers.floored,
        {'floor': accept(0, 2.5)},
        {'cosines': _COSINES, 'included': jnp.ones(2, bool)},
    ),
]

CASES = SURGERY + WEIGHTING + PENALTIES + OTHERS
