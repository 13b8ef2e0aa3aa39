"""DSelect-k: a differentiable selection of k experts."""

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
    """DSelect-k: all tasks share the experts, and each task learns to choose at most k of them.

    An expert is a copy of the backbone with its own parameters. All tasks share the E experts, and
    the gate of a task weights them, as in `mmoe`. Here each gate consists of k selectors, and each
    selector learns to choose one expert (Hazimeh et al., NeurIPS 2021,
    https://arxiv.org/abs/2106.03760). With ``start`` and ``stop``, an expert is a copy of a part of
    the backbone only.

    The experts have the numbers 0 to E - 1, which are written with ``ceil(log2 E)`` bits. Selector
    i gives expert e a weight, which is a product of one factor per bit b of the number e. The
    factor is ``S(z_ib)`` if the bit is 1, and ``1 - S(z_ib)`` if the bit is 0. The ``z_ib`` are
    outputs of a dense layer that reads the input of the gate. S is the cubic smooth step: ``S(z)``
    is 0 for z below ``-gamma / 2``, 1 for z above ``gamma / 2``, and rises smoothly in between.
    When all ``S(z_ib)`` of a selector are 0 or 1, the selector has chosen one expert. To get the
    weight of an expert in the gate, its weight in each selector i is multiplied by
    ``softmax(a)_i``, and these products are added. The ``a_i`` are outputs of a second dense layer.

    If E is not a power of 2, some bit codes do not belong to an expert. For each selector, the
    paper adds a term to the loss: 1 divided by the total weight of the codes that belong to an
    expert. The term is infinite if this total weight is 0. This library needs no such term. It
    gives the weight of a code without an expert to the expert whose code differs only in the
    highest bit. So the weights of the experts always sum to 1, and an expert with two codes starts
    with twice the weight.

    The library LibMTL ignores ``gamma``, and it adds only the entropy of the gate of the last task
    to the loss.

    Args:
      backbone: The network without the heads, as a tuple of stages. A stage is a `Module`, for
        example one layer.
      heads: The head of each task, ``{task: Module}``. Arrays with one entry per task have
        the order of this dict.
      num_experts: The number of experts E, at least 2.
      k: The number of selectors of a gate. A task uses at most k experts after all its selectors
        have chosen one expert.
      gamma: The width of the smooth step, above 0.
      entropy: The factor of a term in the loss of each task. The term is the entropy of the weights
        in the selectors, summed over the selectors and averaged over the examples. With a larger
        factor, each selector chooses one expert earlier in training.
      per_example: Whether the weights of the experts depend on the example. If False, the ``z_ib``
        and ``a_i`` are learned numbers, and a task has the same weights for all examples.
      gate_at: The gates read the output of the first ``gate_at`` stages. With 0 they read the input
        of the model. The default is ``start``, which is also the largest allowed value.
      start: The index in ``backbone`` of the first stage of an expert, counted from 0. All tasks
        share the stages before it, which are stored under ``params['shared']``.
      stop: The index in ``backbone`` of the first stage after the experts, counted from 0. Each
        task has its own copy of this stage and of all later stages, stored with its head. By
        default the experts end with the last stage.

    Raises:
      ValueError: The backbone is not a tuple of Modules, ``heads`` is empty, or an option is out of
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
    """Return ``1/2 + 3x / (2 gamma) - 2 x^3 / gamma^3`` within ``-+ gamma / 2``, else 0 or 1.

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
        flat = x.reshape(x.shape[0], -1).astype(jnp.float32)
        outputs = {}
        for name, layer in params.items():
            y = flat @ layer['kernel'] if per_example else jnp.zeros((x.shape[0], 1))
            outputs[name] = y + layer['bias'].reshape(1, -1)
        step = smooth_step(outputs['codes'].reshape(x.shape[0], k, bits), gamma)
        chosen = _experts_of(step, size)
        weights = jnp.einsum('bi,bie->be', jax.nn.softmax(outputs['mixture']), chosen)
        terms = chosen * jnp.log(jnp.where(chosen > 0, chosen, 1))
        penalty = -entropy * terms.sum(axis=(1, 2)).mean()
        return weights, {'penalty': jnp.float32(penalty)} if train else state

    return Module(init, apply)


def _experts_of(step: Float[Array, 'B k _'], size: int) -> Float[Array, 'B k E']:
    """Return each expert's weight in each selector, ``[B, k, E]``, from the bits ``[B, k, m]``."""
    weights = jnp.ones((*step.shape[:2], 1))
    for bit in range(step.shape[2]):
        one = step[..., bit, None]
        weights = jnp.concatenate([weights * (1 - one), weights * one], axis=-1)
    beyond, half = weights[..., size:], weights.shape[-1] // 2
    return weights[..., :size].at[..., size - half : half].add(beyond)
