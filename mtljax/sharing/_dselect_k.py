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
    """DSelect-k: MMoE in which each gate learns to choose at most k experts.

    The gate of a task has k selectors. Selector i chooses one of the E experts by ``ceil(log2 E)``
    bits, with one learned number ``z_ib`` per bit b. S is the cubic smooth step: it is 0 below
    ``-gamma / 2``, 1 above ``gamma / 2``, and smooth between. The weight of expert e in selector i
    is the product over all bits b: ``S(z_ib)`` if bit b of the number e is 1, and ``1 - S(z_ib)``
    if it is 0. The weight in the gate is the sum over the selectors, weighted by ``softmax(a)_i``
    with learned a (Hazimeh et al., NeurIPS 2021, https://arxiv.org/abs/2106.03760). A selector has
    settled on one expert when all its bits S are 0 or 1.

    If E is not a power of 2, some bit codes name no expert. The paper adds a term to the loss: 1
    over the weight of the codes that name an expert. This term is infinite if a selector gives all
    its weight to the other codes. In this library, each of the other codes stands for the expert
    whose code has the highest bit cleared. So the weights always sum to 1, and experts with two
    codes start with twice the weight. LibMTL ignores gamma, and uses the entropy of the last task
    only.

    Args:
      backbone: The network, as a tuple of stages. A stage is a Module, for example one layer.
      heads: The head of each task, ``{task: Module}``. All arrays with one entry per task use this
        order.
      num_experts: The number of experts E. Each expert is a copy of the stages from ``start`` to
        ``stop``.
      k: The largest number of experts that a task may use.
      gamma: The width of the smooth step, above 0.
      entropy: A factor for the entropy of the selectors, which is added to the loss of each task.
        The entropy is summed over selectors and averaged over examples. A larger factor makes the
        selectors settle sooner.
      per_example: Whether the gates read their input. If False, each task has the same expert
        weights for all examples.
      gate_at: The number of stages that run before the gates. With 0, the gates read the input x.
        The largest value is ``start``, the default.
      start: The index of the first stage of an expert, counted from 0. All tasks share the stages
        before it.
      stop: The index of the first stage after the experts. Each task has its own copy of this stage
        and of all later stages. By default there is no such stage.

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
    """Return each expert's weight in each selector, ``[B, k, E]``, from the bits ``[B, k, m]``."""
    weights = jnp.ones((*step.shape[:2], 1))
    for bit in range(step.shape[2]):
        one = step[..., bit, None]
        weights = jnp.concatenate([weights * (1 - one), weights * one], axis=-1)
    beyond, half = weights[..., size:], weights.shape[-1] // 2
    return weights[..., :size].at[..., size - half : half].add(beyond)
