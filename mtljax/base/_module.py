"""Parts of networks, and models of several tasks."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from mtljax.base._arrays import Array, Params, State


@dataclass(frozen=True)
class Module:
    """A part of a network, such as a layer, a head or an expert, as two pure functions.

    The parameters are trained. The state holds all other arrays of the module, such as batch
    statistics and frozen parameters. It is ``{}`` for a module without such arrays.

    Attributes:
      init: ``(key, x) -> (params, state)``, which makes the initial parameters and the initial
        state. ``x`` is an example of the inputs, or holds their shapes (``jax.ShapeDtypeStruct``).
      apply: ``(params, state, x, *, key=None, train=False) -> (y, state)``, which computes the
        output ``y`` and the new state. A key is needed only for random numbers in training.
    """

    init: Callable[..., tuple[Params, State]]
    apply: Callable[..., tuple[Any, State]]


@dataclass(frozen=True)
class MultiTask(Module):
    """A model of several tasks: a `Module` whose output is ``{task: prediction}``.

    ``features`` computes features ``z`` from the inputs. ``readout`` computes the predictions from
    ``z``. ``apply`` runs ``features`` and then ``readout``.

    The parameters are ``{'shared': ..., 'task': {'heads': {task: ...}, ...}}``. A parameter lies
    under ``'shared'`` if the losses of several tasks depend on it. It lies under ``'task'`` if the
    loss of only one task depends on it.

    Attributes:
      features: ``(params, state, x, *, key, train) -> (z, state)``, a function that reads only
        ``params['shared']``.
      readout: ``(params, state, z, *, tasks=None, key, train) -> ({task: prediction}, state)``.
        ``tasks`` names the tasks to predict; None stands for all tasks.
      tasks: The names of the tasks. Arrays with one entry per task follow this order.
      coupled: Whether ``readout`` also reads ``params['shared']``. If False, ``params`` need not
        hold the entry ``'shared'`` in a call of ``readout``.
      auxiliary: ``(state, task) -> scalar``, an extra loss that training adds to the mean loss of
        the task. An example is the entropy of the gate in a mixture of experts. ``readout`` then
        stores this entropy in the state.
    """

    features: Callable[..., tuple[Any, State]] = field(kw_only=True)
    readout: Callable[..., tuple[dict[str, Any], State]] = field(kw_only=True)
    tasks: tuple[str, ...] = field(kw_only=True)
    coupled: bool = field(default=False, kw_only=True)
    auxiliary: Callable[[State, str], Array] | None = field(default=None, kw_only=True)
