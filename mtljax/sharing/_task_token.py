"""The task as an input of one network."""

from collections.abc import Mapping
from typing import Literal

import jax
import jax.numpy as jnp

from mtljax.base import Module, MultiTask
from mtljax.module import output_shape
from mtljax.sharing._check import check, check_stages
from mtljax.sharing._gate import check_features
from mtljax.sharing._passes import Step, passes


def task_token(
    backbone: tuple[Module, ...],
    heads: Mapping[str, Module],
    *,
    how: Literal['add', 'prepend'] = 'add',
    before: int = 0,
) -> MultiTask:
    """One network and one head; which task is meant is an input, a learned embedding.

    ``prediction_t = head(backbone(x + e_t))``, or ``backbone([e_t; x])``. All parameters are
    shared, ``params['task']`` is empty: nothing grows with T but the embeddings (as in multi-task
    reinforcement learning and in text-to-text models: Raffel et al., JMLR 2020,
    https://arxiv.org/abs/1910.10683). What stands behind the embedding runs once per task.

    Args:
      backbone: a tuple of stages.
      heads: ``{task: Module}``; their order is that of every T axis. The first one serves every
        task, so they have to be alike.
      how: ``'add'`` the embedding, along the last axis, or ``'prepend'`` it: to the features
        ``[B, C]``, or as a first token to ``[B, L, C]``.
      before: the stage, counted from 0, whose input carries the embedding: 1 for token ids, behind
        the stage that embeds them.

    Raises:
      ValueError: unknown option, or no such stage; at init, heads with different parameters, or an
        input that cannot carry an embedding.

    >>> from mtljax import backbones, heads
    >>> model = task_token(backbones.mlp((8,)), {'b': heads.linear(3), 'a': heads.linear(3)})
    >>> params, state = model.init(jax.random.key(0), jnp.ones((2, 4)))
    >>> params['shared']['token'].shape, jax.tree.leaves(params['task'])
    ((2, 4), [])
    """
    check(backbone, heads)
    if how not in ('add', 'prepend'):
        raise ValueError(f"how should be 'add' or 'prepend'. Found how = {how!r}.")
    check_stages('before', [before], 0, len(backbone) - 1)
    steps = [Step(f'stage{at}', stage) for at, stage in enumerate(backbone)]
    steps.insert(before, Step('token', _token(len(heads), how), indexed=True))
    steps.append(Step('head', _alike(tuple(heads.values()))))
    return passes(steps, dict.fromkeys(heads, Module(_nothing, _same)), 'own')


def _token(num_tasks: int, how: str) -> Module:
    def init(key, x):
        x = x[0]
        check_features('A task token', x)
        if how == 'prepend' and x.ndim > 3:
            raise ValueError(f"how='prepend' needs [B, C] or [B, L, C]. Found {list(x.shape)}.")
        return 0.02 * jax.random.normal(key, (num_tasks, x.shape[-1])), {}

    def apply(params, state, x, *, key=None, train=False):
        x, index = x
        token = params[index].astype(x.dtype).reshape((1,) * (x.ndim - 1) + params.shape[1:])
        if how == 'add':
            return x + token, state
        token = jnp.broadcast_to(token, (len(x), *token.shape[1:]))
        return jnp.concatenate([token, x], axis=1), state

    return Module(init, apply)


def _alike(heads: tuple[Module, ...]) -> Module:
    """The first head, if all have parameters and outputs of the same shapes."""

    def init(key, x):
        def both(head, key):
            params, state = head.init(key, x)
            return params, state, output_shape(head, params, state, x)

        found = [jax.eval_shape(lambda k, h=head: both(h, k), key) for head in heads]
        if any(other != found[0] for other in found[1:]):
            raise ValueError(
                'task_token has one head for all tasks: their heads should be alike. '
                f'Found {[jax.tree.map(jnp.shape, each) for each in found]}.'
            )
        return heads[0].init(key, x)

    return Module(init, heads[0].apply)


def _nothing(key, x):
    return {}, {}


def _same(params, state, x, *, key=None, train=False):
    return x, state
