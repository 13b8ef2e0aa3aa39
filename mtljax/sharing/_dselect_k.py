"""Differentiable selection of k experts."""

import math
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Float

from mtljax.base import Array, Module, MultiTask
from mtljax.options import check_count, check_option
from mtljax.sharing._gate import check_features
from mtljax.sharing._mmoe import mixed_experts


def dselect_k(
    backbone: tuple[Module, ...],
    heads: Mapping[str, Module],
    *,
    num_experts: int = 8,
    k: int = 2,
    gamma: Any = 1.0,
    entropy: Any = 0.0,
    per_example: bool = True,
    gate_at: int | None = None,
    start: int = 0,
    stop: int | None = None,
) -> MultiTask:
    """MMoE whose gates choose at most k experts, smoothly (Hazimeh et al., NeurIPS 2021).

    ``weights = sum_i softmax(a)_i prod_b S(z_ib)^[bit b of e] (1 - S(z_ib))^[else]`` over k
    selectors of ``ceil(log2 E)`` bits each, where S is the cubic smooth step, 0 below ``-gamma /
    2`` and 1 above ``gamma / 2`` (https://arxiv.org/abs/2106.03760). A selector has settled on one
    expert when each of its bits is 0 or 1.

    If E is not a power of 2, some codes name no expert. The paper adds 1 over the weight of the
    other codes to the loss, which is infinite once a selector has left them. Here such a code
    stands for the expert with the highest bit cleared, so that the weights always sum to 1 (experts
    with two codes start with twice the weight). LibMTL ignores gamma, and takes the entropy of the
    last task only.

    Args:
      backbone: The stages of the network, a tuple of Modules.
      heads: ``{task: Module}``. Their order is the order of every T axis.
      num_experts: E, the number of experts. Each is a copy of the stages from ``start`` to
        ``stop``.
      k: The largest number of experts that a task may use.
      gamma: The width of the smooth step, > 0.
      entropy: The strength of the entropy of the selectors in the loss of each task, summed over
        selectors and averaged over examples. It makes the selectors settle sooner.
      per_example: Whether the gates read their input. Otherwise each task has constant weights.
      gate_at: The number of stages before the input of the gates, at most ``start``.
      start: The first stage of an expert. All tasks share the stages before it.
      stop: The first stage after an expert. Each task has its own copy of the stages from there
        on. By default an expert has all stages from ``start`` on.

    Raises:
      ValueError: The backbone is not a tuple of Modules, there is no head, or an option is out of
        range.

    >>> from mtljax import backbones, heads
    >>> two = {'b': heads.linear(3), 'a': heads.linear()}
    >>> model = dselect_k(backbones.mlp((8,)), two, num_experts=5)
    >>> params, state = model.init(jax.random.key(0), jnp.ones((2, 4)))
    >>> params['task']['gates']['a']['codes']['kernel'].shape  # k selectors of 3 bits
    (4, 6)
    """
    check_count('k', k, 1)
    check_option('gamma', gamma, 'a finite number > 0', lambda value: value > 0)
    check_option('entropy', entropy, 'a finite number >= 0', lambda value: value >= 0)
    check_count('num_experts', num_experts, 2)
    gate = _selectors(num_experts, k, gamma, entropy, per_example)

    def auxiliary(state, task):
        return state['task']['gates'][task]['gate']['penalty']

    return mixed_experts(
        backbone,
        heads,
        gate,
        num_experts=num_experts,
        gate_at=gate_at,
        start=start,
        stop=stop,
        auxiliary=auxiliary,
    )


def smooth_step(x: Float[Array, '*shape'], gamma: Any) -> Float[Array, '*shape']:
    """``1/2 + 3x / (2 gamma) - 2 x^3 / gamma^3`` within ``-+ gamma / 2``; 0 below and 1 above.

    >>> smooth_step(jnp.array([-2.0, 0.0, 0.5, 2.0]), 2.0).tolist()
    [0.0, 0.5, 0.84375, 1.0]
    """
    u = jnp.clip(x / gamma, -0.5, 0.5)
    return 0.5 + 1.5 * u - 2 * u**3


def _selectors(size: int, k: int, gamma: Any, entropy: Any, per_example: bool) -> Module:
    bits = math.ceil(math.log2(size))
    widths = {'codes': k * bits, 'mixture': k}

    def init(key, x):
        check_features('A gate', x)
        inputs = math.prod(x.shape[1:]) if per_example else 0
        scales = {'codes': gamma / 100, 'mixture': 0.05}
        params = {}
        for (name, width), draw in zip(widths.items(), jax.random.split(key), strict=True):
            rows = jax.random.uniform(draw, (inputs + 1, width), minval=-1.0) * scales[name]
            params[name] = {'bias': rows[-1]} | ({'kernel': rows[:-1]} if per_example else {})
        return params, {'penalty': jnp.zeros((), jnp.float32)}

    def apply(params, state, x, *, key=None, train=False):
        flat = x.reshape(len(x), -1).astype(jnp.float32)
        outputs = {}
        for name, layer in params.items():
            y = flat @ layer['kernel'] if per_example else jnp.zeros((len(x), 1))
            outputs[name] = y + layer['bias'].reshape(1, -1)
        step = smooth_step(outputs['codes'].reshape(len(x), k, bits), gamma)
        chosen = _experts_of(step, size)
        weights = jnp.einsum('bi,bie->be', jax.nn.softmax(outputs['mixture']), chosen)
        terms = chosen * jnp.log(jnp.where(chosen > 0, chosen, 1))
        penalty = -entropy * terms.sum(axis=(1, 2)).mean()
        return weights, {'penalty': jnp.float32(penalty)} if train else state

    return Module(init, apply)


def _experts_of(step: Float[Array, 'B k _'], size: int) -> Float[Array, 'B k E']:
    """The weight of each expert in each selector, ``[B, k, E]``, from the bits ``[B, k, m]``."""
    weights = jnp.ones((*step.shape[:2], 1))
    for bit in range(step.shape[2]):
        one = step[..., bit, None]
        weights = jnp.concatenate([weights * (1 - one), weights * one], axis=-1)
    beyond, half = weights[..., size:], weights.shape[-1] // 2
    return weights[..., :size].at[..., size - half : half].add(beyond)
