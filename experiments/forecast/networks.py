"""Networks of a given depth and width, and an optimizer with a penalty between towers."""

import pkgutil

import optax

from mtljax import backbones, heads, penalties
from mtljax.base import Module


def trunk(*, depth: int, width: int, activation: str) -> tuple[Module, ...]:
    """Build a backbone of dense layers of the same width.

    Args:
      depth: The number of layers.
      width: The width of each layer.
      activation: The import path of the activation, such as ``'jax.nn:relu'``.
    """
    return backbones.mlp((width,) * depth, activation=pkgutil.resolve_name(activation))


def head(*, depth: int, width: int, activation: str) -> Module:
    """Build a head of dense layers of the same width and a linear output.

    The arguments are those of `trunk`. If there are no layers and the trunk has one unit, this unit
    is the prediction: a learned scale per task would let two towers differ by their sign.
    """
    if depth == 0 and width == 1:
        return Module(lambda key, x: ({}, {}), _only_unit)
    return heads.mlp((width,) * depth, activation=pkgutil.resolve_name(activation))


def _only_unit(params, state, x, *, key=None, train=False):
    return x[:, 0], state


def penalised_adam(
    *, weight_decay: float, penalty: str, strength: float, learning_rate: float, steps: int
) -> optax.GradientTransformation:
    """Return Adam on the losses, the squared parameters, and a penalty between towers.

    The weight decay is part of the gradient, and not decoupled from it. A linear network that is
    trained to convergence is therefore ridge regression, whatever the learning rate is.

    Args:
      weight_decay: Twice the factor of the squared parameters.
      penalty: The name of a function in `mtljax.penalties`, or '' for no penalty.
      strength: The strength of the penalty.
      learning_rate: The learning rate of the first step. It decays to 0 along a half cosine.
      steps: The number of steps until the learning rate is 0.
    """

    def chain(weight_decay, strength):
        between = [getattr(penalties, penalty)(strength)] if penalty else []
        schedule = optax.cosine_decay_schedule(learning_rate, steps)
        return optax.chain(optax.add_decayed_weights(weight_decay), *between, optax.adam(schedule))

    # both are in the state, not in the program: a new value needs no new compilation
    return optax.inject_hyperparams(chain)(weight_decay=weight_decay, strength=strength)
