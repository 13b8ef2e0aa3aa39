"""The numeric options of sharing schemes."""

import jax
import jax.numpy as jnp

from mtljax import Module, sharing
from tests.numeric_options import Case, accept, each

_INPUTS = jnp.array([[1.0, -2.0, 0.5, 3.0], [0.25, 1.0, 2.0, -1.0]])


def _init(key, x):
    return 0.5 * jnp.eye(x.shape[-1]), {}


def _apply(params, state, x, *, key=None, train=False):
    return x @ params, state


_LAYER = Module(_init, _apply)


def _predict(model):
    """Return first parameters of a model, and its predictions in training."""
    params, state = model.init(jax.random.key(0), _INPUTS)
    return params, model.apply(params, state, _INPUTS, key=jax.random.key(1), train=True)


def _trace(model):
    """Trace a model, which is enough to see whether a number of stages or experts fits."""
    jax.eval_shape(lambda: _predict(model))


def _scheme(fn, options, use=_trace, **given):
    backbone, heads = (_LAYER, _LAYER), {'b': _LAYER, 'a': _LAYER}
    return Case(fn, options, {'backbone': backbone, 'heads': heads, **given}, use)


_START = {'start': accept(0)}
_STAGES = each(0, alone=[None])
_OWN = {'own': accept(0, -1, 2.5)}
_LATERAL = {'after': _STAGES, **_START}
_LEVELS = {'levels': each(alone=[None]), 'gate_dropout': accept(0), **_START}
_RANGE = {**_START, 'stop': accept(None)}
_GATED = {'num_experts': accept(), 'gate_at': accept(0, None), **_RANGE}

CASES = [
    _scheme(sharing.adapters, {'width': accept(), 'after': _STAGES}),
    _scheme(sharing.adatt, {'num_own': accept(), 'num_shared': accept(0), **_LEVELS}),
    _scheme(sharing.aitm, _START),
    _scheme(sharing.aitm, {'calibrate': accept(0, 2.5)}, _predict),
    _scheme(sharing.grouped, {'at': accept(0)}, groups=[]),
    _scheme(sharing.branched, {'at': each(0, of=lambda value: {'a': value})}),
    _scheme(
        sharing.cgc,
        {'num_shared': accept(), 'num_own': accept(0), 'gate_dropout': accept(0), **_RANGE},
    ),
    _scheme(sharing.cross_stitch, _OWN, _predict),
    _scheme(sharing.cross_stitch, _LATERAL),
    _scheme(
        sharing.dselect_k,
        {'k': accept(), **_GATED},
    ),
    _scheme(sharing.dselect_k, {'gamma': accept(2.5), 'entropy': accept(0, 2.5)}, _predict),
    _scheme(sharing.film, {'after': _STAGES}),
    _scheme(sharing.mmoe, {'gate_dropout': accept(0), **_GATED}),
    _scheme(sharing.nddr, _OWN, _predict),
    _scheme(sharing.nddr, _LATERAL),
    _scheme(sharing.omoe, {'gate_dropout': accept(0), **_GATED}),
    _scheme(sharing.ple, {'num_shared': accept(), 'num_own': accept(0), **_LEVELS}),
    _scheme(sharing.sluice, _OWN, _predict),
    _scheme(sharing.sluice, {'subspaces': accept(), **_LATERAL}),
    _scheme(sharing.soft, {'parallel': _STAGES}),
    _scheme(sharing.task_token, {'before': accept(0)}),
]
