"""ESMM: probabilities that are multiplied along a funnel."""

from collections.abc import Mapping, Sequence

import jax.numpy as jnp
from jaxtyping import Float

from mtljax.base import Array, Module, MultiTask
from mtljax.module import wire
from mtljax.sharing._check import check, check_funnel, check_logits
from mtljax.sharing._scheme import scheme
from mtljax.sharing._stages import by_stage_name, run_stages


def esmm(
    backbone: tuple[Module, ...],
    heads: Mapping[str, Module],
    *,
    funnel: Sequence[str] | None = None,
) -> MultiTask:
    """ESMM: hard sharing for events that follow each other, such as click and then purchase.

    Each task predicts one event, and an event can only happen after the event of the task before.
    So the probability of event t is a product over the tasks s up to t:
    ``p_t = prod_(s <= t) sigmoid(head_s(backbone(x)))`` (Ma et al., SIGIR 2018,
    https://arxiv.org/abs/1804.07931). All tasks train on all examples, for instance on all
    impressions of an advertisement.

    The heads return one logit per example. The prediction of task t is the logit of ``p_t``, so
    ``optax.sigmoid_binary_cross_entropy`` is a suitable loss. ``sigmoid(head_t(backbone(x)))`` is
    the probability of event t for an example in which event t - 1 happened.

    The losses of later tasks depend on the heads of earlier tasks. So the heads of all tasks except
    the last are stored in ``params['shared']['heads']``, and the head of the last task in
    ``params['task']['heads']``.

    Args:
      backbone: The network without the heads, as a tuple of stages. A stage is a `Module`, for
        example one layer.
      heads: The head of each task, ``{task: Module}``. Arrays with one entry per task have
        the order of this dict.
      funnel: The tasks from the first event to the last. By default these are all tasks in the
        order of ``heads``. The prediction of a task that is not in the funnel is the output of its
        head, as in `hard`, and its head is stored under ``params['task']``.

    Raises:
      ValueError: The backbone is not a tuple of Modules, ``heads`` is empty, or ``funnel`` has an
        unknown task or one task twice.

    >>> import jax
    >>> from mtljax import backbones, heads
    >>> model = esmm(backbones.mlp((8,)), {'click': heads.linear(), 'buy': heads.linear()})
    >>> x = jnp.ones((2, 4))
    >>> params, state = model.init(jax.random.key(0), x)
    >>> list(params['shared']['heads']), model.apply(params, state, x)[0]['buy'].shape
    (['click'], (2,))
    """
    check(backbone, heads)
    order = check_funnel(funnel, tuple(heads))
    modules = by_stage_name(backbone)
    early = {f'heads/{task}': heads[task] for task in order[:-1]}

    def run(call, x):
        z = run_stages(call, modules, x)[-1]
        return z, [call(name, z) for name in early]

    ends = {task: _from_features(head) for task, head in heads.items()}
    ends |= {task: _chained(heads[task], at, len(order)) for at, task in enumerate(order)}
    return scheme(wire({**modules, **early}, run), {'heads': ends})


def logit_of_product(
    first: Float[Array, '*shape'], second: Float[Array, '*shape']
) -> Float[Array, '*shape']:
    """Return the logit of ``sigmoid(first) sigmoid(second)``.

    For first = a and second = b it is ``a + b - log(1 + e^a + e^b)``. No difference of
    probabilities is computed, so no digits are lost.

    >>> import jax
    >>> p = jax.nn.sigmoid(logit_of_product(jnp.array(0.0), jnp.array(0.0)))
    >>> p.item()
    0.25
    """
    return first + second - jnp.logaddexp(jnp.logaddexp(first, second), 0)


def _from_features(head: Module) -> Module:
    """Apply the head to the features, without the logits of earlier tasks."""

    def init(key, z):
        return head.init(key, z[0])

    def apply(params, state, z, *, key=None, train=False):
        return head.apply(params, state, z[0], key=key, train=train)

    return Module(init, apply)


def _chained(head: Module, place: int, length: int) -> Module:
    """Return the logit at a place of the funnel; only the head of the last task is not shared."""
    alone, last = _from_features(head), place == length - 1

    def init(key, z):
        return alone.init(key, z) if last else ({}, {})

    def apply(params, state, z, *, key=None, train=False):
        logits = z[1][: place + 1]
        if last:
            y, state = alone.apply(params, state, z, key=key, train=train)
            logits = [*logits, y]
        check_logits(logits)
        chain = logits[0]
        for logit in logits[1:]:
            chain = logit_of_product(chain, logit)
        return chain, state

    return Module(init, apply)
