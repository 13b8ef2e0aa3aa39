"""The form of most schemes: a shared trunk, then a chain of modules for each task."""

from collections.abc import Callable, Mapping
from typing import Any

from mtljax.base import Module, MultiTask
from mtljax.module import fan_out, multitask, output_shape, split_key


def scheme(
    trunk: Module,
    parts: Mapping[str, Mapping[str, Module]],
    pick: Callable[[str, Any], Any] = lambda task, z: z,
    *,
    auxiliary: Callable | None = None,
) -> MultiTask:
    """Build a model that predicts ``last_t(... first_t(pick(t, trunk(x))))`` for task t.

    Args:
      trunk: A module whose parameters are ``params['shared']``.
      parts: The modules after the trunk, ``{part: {task: Module}}``, which run one after the other.
        Their parameters are ``params['task'][part][task]``. The last part is ``'heads'``.
      pick: A function ``(task, z)`` from the output z of the trunk to the input of the first module
        of the task.
      auxiliary: As in `MultiTask`.

    >>> import jax
    >>> from mtljax import backbones, heads
    >>> model = scheme(backbones.mlp((4,))[0], {'heads': {'a': heads.linear()}})
    >>> params, _ = model.init(jax.random.key(0), jax.numpy.ones((2, 3)))
    >>> sorted(params['task'])
    ['heads']
    """
    chain = {
        part: fan_out(modules, pick if index == 0 else _by_name)
        for index, (part, modules) in enumerate(parts.items())
    }

    def init(key, x):
        first, *rest = split_key(key, 1 + len(chain))
        shared, shared_state = trunk.init(first, x)
        z = output_shape(trunk, shared, shared_state, x)
        task, task_state = {}, {}
        for (part, module), k in zip(chain.items(), rest, strict=True):
            task[part], task_state[part] = module.init(k, z)
            z = output_shape(module, task[part], task_state[part], z)
        return {'shared': shared, 'task': task}, {'shared': shared_state, 'task': task_state}

    def features(params, state, x, *, key=None, train=False):
        z, written = trunk.apply(params['shared'], state['shared'], x, key=key, train=train)
        return z, {**state, 'shared': written}

    def readout(params, state, z, *, tasks=None, key=None, train=False):
        written = dict(state['task'])
        for (part, module), k in zip(chain.items(), split_key(key, len(chain)), strict=True):
            z, written[part] = module.apply(
                params['task'][part], written[part], z, tasks=tasks, key=k, train=train
            )
        return z, {**state, 'task': written}

    return multitask(init, features, readout, tasks=tuple(parts['heads']), auxiliary=auxiliary)


def _by_name(task, outputs):
    return outputs[task]
