"""Networks of a depth and a width, and the optimiser that holds them together."""

import pkgutil

import optax

from mtljax import backbones, heads, penalties
from mtljax.base import Module


def trunk(*, depth: int, width: int, activation: str) -> tuple[Module, ...]:
    """Dense layers of one width, as the backbone.

    Args:
      depth: the number of layers.
      width: of each.
      activation: its import path, such as ``'jax.nn:relu'``.
    """
    return backbones.mlp((width,) * depth, activation=pkgutil.resolve_name(activation))


def head(*, depth: int, width: int, activation: str) -> Module:
    """Dense layers of one width and a linear output; see `trunk`.

    Without layers, behind a trunk of one unit, that unit is the prediction: a scale of each task's
    own would let towers differ by their sign.
    """
    if depth == 0 and width == 1:
        return Module(lambda key, x: ({}, {}), _only_unit)
    return heads.mlp((width,) * depth, activation=pkgutil.resolve_name(activation))


def _only_unit(params, state, x, *, key=None, train=False):
    return x[:, 0], state


def penalised_adam(
    *, weight_decay: float, penalty: str, strength: float, learning_rate: float, steps: int
) -> optax.GradientTransformation:
    """Adam on the losses, the squared parameters, and a penalty between towers.

    The decay is part of the gradient, not decoupled from it: trained to the end, a linear network
    is then ridge regression, whatever the learning rate.

    Args:
      weight_decay: twice the factor of the squared parameters.
      penalty: a name of `mtljax.penalties`; '' for none.
      strength: of the penalty.
      learning_rate: at the first step; a half cosine brings it to 0.
      steps: until then.
    """

    def chain(weight_decay, strength):
        between = [getattr(penalties, penalty)(strength)] if penalty else []
        schedule = optax.cosine_decay_schedule(learning_rate, steps)
        return optax.chain(optax.add_decayed_weights(weight_decay), *between, optax.adam(schedule))

    # numbers of the state, not of the program: other ones need no compilation
    return optax.inject_hyperparams(chain)(weight_decay=weight_decay, strength=strength)
