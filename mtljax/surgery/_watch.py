"""A watch: it measures the angles between the task gradients while a surgery runs."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Bool, Float, Int

from mtljax._numeric import divisor
from mtljax.base import PyTree
from mtljax.options import check_optional_count
from mtljax.surgery._angles import (
    Angles,
    Seen,
    masked,
    measure,
    no_angles,
    stages_of,
    unknown,
)
from mtljax.surgery._inputs import known_tasks, read
from mtljax.surgery._surgery import Surgery, SurgeryState, init_of
from mtljax.surgery._wrapped import check_inner


class Watched(NamedTuple):
    """What a `watch` measured last.

    Attributes:
      whole: The angles between the task gradients.
      stages: The angles at each stage, ``{stage: Angles}``. They are NaN if the engine stores no
        rows.
      strength: The norm of the update, divided by the norm of the sum of the task gradients.
      step: The number of steps since the last measurement.
      inner: The state of the method.
    """

    whole: Angles
    stages: dict[str, Angles]
    strength: Float[Array, '']
    step: Int[Array, '']
    inner: PyTree


def watch(
    method: Surgery,
    every: int | None = None,
    *,
    stages: Callable[[str], str] | None = None,
    num_tasks: int | None = None,
) -> Surgery:
    """Measure the angles between the task gradients while a surgery runs; change nothing.

    The angles come from the Gramian G of the task gradients, ``G[t, s] = g_t . g_s``, which most
    methods compute anyway: then a watch costs next to nothing. The state holds the last
    measurement as a `Watched`, and training logs it; `analysis.conflicts` reads that log.

    A measurement needs the gradient of each task, which is one backward pass per task. Methods
    such as `sum` and `graddrop`, and wrappers such as `rescale`, do not read the Gramian. For them,
    set ``every``: then the measured steps pay for the gradients, and the other steps do not.

    Args:
      method: A surgery. Put the watch next to it, inside of `on_shared`.
      every: The angles are measured in steps 1, ``every`` + 1 and so on. The default is 1 for a
        method that reads the Gramian.
      stages: A function from the path of a parameter, such as ``'stage0/Dense_0/kernel'``, to the
        name of its stage. The default is the path up to the stage of the backbone, or else its
        first part.
      num_tasks: The number of tasks. You can omit it if the method is used in `on_shared`.

    Raises:
      ValueError: ``every`` is below 1, or missing for a method that does not read the Gramian.
        ``init`` raises this error if the number of tasks is unknown.

    >>> from mtljax import surgery
    >>> method = watch(surgery.pcgrad())
    >>> state = method.init({'w': jnp.zeros(2)}, num_tasks=2)
    >>> updates = {'w': jnp.array([[1.0, 0.0], [-1.0, 1.0]])}
    >>> updates, state = method.update(updates, state)
    >>> state.inner.whole.cosines[0, 1].round(3).item()
    -0.707...
    """
    check_inner(method, 'watch')
    check_optional_count('every', every)
    check_optional_count('num_tasks', num_tasks)
    if every is None and method.traits.rule is None:
        raise ValueError(
            'watch needs the option every for a method that does not read the Gramian of the task '
            f'gradients, because a measurement takes one backward pass per task. Found {method!r}. '
            'Pass every=10, for example, to measure in every tenth step.'
        )
    default_tasks = num_tasks

    def init(params, *, num_tasks=default_tasks):
        tasks = known_tasks(num_tasks)
        inner = init_of(method)(params, num_tasks=tasks)
        watched = _nothing_yet(inner, no_angles(stages_of(params, stages), tasks), tasks)
        due = jnp.full_like(watched.step, (every or 1) - 1)
        return SurgeryState(inner.task_weights, watched._replace(step=due))

    def update(updates, state, params=None, *, active=None, **extra):
        jacobian, active = read(updates, params, active)
        before = state.inner

        def run(rows, **fields):
            updates, inner = method.update(rows, before.inner, params, active=active, **extra)
            return updates, before._replace(inner=inner, **fields)

        def anew():
            shapes = jax.eval_shape(jacobian.combine) if params is None else params
            seen, groups = measure(jacobian, active, stages_of(shapes, stages))
            whole = masked(seen.norms, seen.cosines, active)
            updates, after = run(seen, whole=whole, stages=groups, step=jnp.zeros_like(before.step))
            return updates, after._replace(strength=_strength(updates, seen, active))

        if every in (None, 1):
            updates, after = anew()
        else:
            due = before.step + 1 >= every
            updates, after = jax.lax.cond(due, anew, lambda: run(jacobian, step=before.step + 1))
        return updates, SurgeryState(after.inner.task_weights, after)

    return Surgery(init, update, method.traits._replace(rule=None, plain=False))


def _nothing_yet(inner: SurgeryState, stages: dict[str, Angles], num_tasks: int) -> Watched:
    nothing = jnp.full((), jnp.nan, jnp.float32), jnp.zeros((), jnp.int32)
    return Watched(unknown(num_tasks), stages, *nothing, inner)


def _strength(updates: PyTree, seen: Seen, active: Bool[Array, 'T']) -> Float[Array, '']:
    """Return the norm of the update, divided by the norm of the sum of the task gradients."""
    norms = jnp.where(active, seen.norms, 0)
    longest = divisor(jnp.max(norms))  # so that no square overflows
    units = norms / longest
    pairs = active[:, None] & active[None, :]
    square = units @ jnp.where(pairs, seen.cosines, 0) @ units
    total = jnp.sqrt(jnp.maximum(square, 0))
    update = optax.tree.norm(jax.tree.map(lambda leaf: leaf / longest, updates))
    ratio = jnp.where(total > 0, update / divisor(total), jnp.nan)
    return ratio.astype(jnp.float32)
