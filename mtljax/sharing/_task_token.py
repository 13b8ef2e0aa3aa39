"""One network for all tasks, with the task as an input."""

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
    """One network and one head for all tasks; a learned embedding tells the network the task.

    The prediction of task t is ``head(backbone(x + e_t))``, where ``e_t`` is the embedding of task
    t. With ``how='prepend'`` it is ``head(backbone([e_t; x]))``, where ``[e_t; x]`` is x with the
    embedding in front. With ``before``, the input of a later stage gets the embedding. Such models
    are common in multi-task reinforcement learning and in text-to-text learning (Raffel et al.,
    JMLR 2020, https://arxiv.org/abs/1910.10683).

    All parameters are shared, and ``params['task']`` is empty. Only the embeddings grow with the
    number of tasks. Every stage after the embedding runs once per task.

    Args:
      backbone: The network without the heads, as a tuple of stages. A stage is a `Module`, for
        example one layer.
      heads: The head of each task, ``{task: Module}``. The model uses only the first head, for all
        tasks. All heads must have parameters of the same shapes.
      how: How the features get the embedding. ``'add'`` adds it to every feature vector (the last
        axis). ``'prepend'`` puts it in front. With features ``[B, C]``, the embedding comes before
        the C features of each example. With features ``[B, L, C]``, it is a new token before the L
        tokens.
      before: The index in ``backbone`` of the stage whose input gets the embedding, counted from 0.
        If the inputs are token ids that stage 0 embeds, use 1.

    Raises:
      ValueError: ``how`` is unknown, or ``before`` is not the index of a stage. ``init`` also
        raises this error if the heads have parameters of different shapes, if the features are not
        floats, or if ``how='prepend'`` gets features with more than 3 axes.

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
            raise ValueError(
                f"With how='prepend' features should be [B, C] or [B, L, C]. Found {list(x.shape)}."
            )
        return 0.02 * jax.random.normal(key, (num_tasks, x.shape[-1])), {}

    def apply(params, state, x, *, key=None, train=False):
        x, index = x
        token = params[index].astype(x.dtype).reshape((1,) * (x.ndim - 1) + params.shape[1:])
        if how == 'add':
            return x + token, state
        token = jnp.broadcast_to(token, (x.shape[0], *token.shape[1:]))
        return jnp.concatenate([token, x], axis=1), state

    return Module(init, apply)


def _alike(heads: tuple[Module, ...]) -> Module:
    """Return the first head, if the parameters and outputs of all heads have the same shapes."""

    def init(key, x):
        def both(head, key):
            params, state = head.init(key, x)
            return params, state, output_shape(head, params, state, x)

        shapes = [jax.eval_shape(lambda k, h=head: both(h, k), key) for head in heads]
        if any(other != shapes[0] for other in shapes[1:]):
            raise ValueError(
                'The heads of task_token should be alike, because one head serves all tasks. '
                f'Found {[jax.tree.map(jnp.shape, each) for each in shapes]}.'
            )
        return heads[0].init(key, x)

    return Module(init, heads[0].apply)


def _nothing(key, x):
    return {}, {}


def _same(params, state, x, *, key=None, train=False):
    return x, state
