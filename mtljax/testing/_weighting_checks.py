"""The rules that every weighting follows, with one function for each rule."""

import jax
import jax.numpy as jnp
import numpy as np

from mtljax.testing._compare import is_finite, layout, require, require_close
from mtljax.testing._weighting_case import (
    STEPS,
    SUBSET,
    TASKS,
    Steps,
    WeightingCase,
    step_of,
    steps_of,
)


def weights_are_one_per_task_and_finite(case: WeightingCase) -> None:
    """Weights are ``[T]``, float32, finite, not negative and not all 0; the state is finite."""
    for tasks in (1, 50):
        state, weights = case.compiled(np.arange(tasks))(steps_of(np.arange(tasks)))
        _require_sound(state, weights, tasks)
    _require_sound(*case.answers['plain'], TASKS)


def huge_and_tiny_losses_give_finite_weights(case: WeightingCase) -> None:
    """Losses from 1e-20 to 1e10 give finite weights and a finite state."""
    steps, size = steps_of(np.arange(50)), np.logspace(-20, 10, 50, dtype=np.float32)
    steps = steps._replace(losses=steps.losses * size, after=steps.after * size)
    result = case.compiled(np.arange(50))(steps)
    require(is_finite(result), 'Losses from 1e-20 to 1e10 should give finite weights and states.')


def neither_jit_nor_scan_nor_vmap_changes_the_weights(case: WeightingCase) -> None:
    """Steps one by one, without jit, and a scan of one seed give the weights of a vmap."""
    ids, steps = np.arange(TASKS), steps_of(np.arange(TASKS))
    weighting = case.of(ids)
    state, rows = weighting.init(TASKS), []
    for index in range(5):
        state, row = step_of(weighting)(state, Steps(*(each[index] for each in steps)))
        rows.append(row)
    require_close(rows, list(case.answers['plain'][1][:5]), 'without jit', rtol=case.rtol)
    other = case.compiled(ids)(steps_of(ids, seed=1))[1]
    require_close(other, case.answers['other seed'][1], 'without vmap', rtol=case.rtol)


def state_is_stable_and_can_be_donated(case: WeightingCase) -> None:
    """The state keeps shapes, dtypes and weak types, and holds no buffer twice."""
    weighting = case.of(np.arange(TASKS))
    state = weighting.init(TASKS)
    before, buffers = layout(state), [id(leaf) for leaf in jax.tree.leaves(state)]
    require(len(set(buffers)) == len(buffers), 'The first state should not hold an array twice.')
    first = Steps(*(each[0] for each in steps_of(np.arange(TASKS), steps=1)))
    weak = any(row[2] for row in before)
    require(not weak, 'The first state should have strong dtypes. Found a weak one: pass a dtype.')
    after = layout(jax.eval_shape(step_of(weighting), state, first)[0])
    require(after == before, f'The state should keep its layout {before}. Found {after}.')
    jax.jit(lambda tree: jax.tree.map(jnp.copy, tree), donate_argnums=0)(state)
    again = weighting.init(TASKS)
    require(layout(again) == before, 'Every first state should have the same layout.')
    deleted = any(leaf.is_deleted() for leaf in jax.tree.leaves(again))
    require(not deleted, 'init should return new arrays. Found one that was donated.')


def inactive_tasks_do_not_count(case: WeightingCase) -> None:
    """Inactive tasks get weight 0, and the other weights are the same as without these tasks."""
    state, weights = case.answers['subset']
    active = np.isin(np.arange(TASKS), SUBSET)
    require(not weights[:, ~active].any(), 'Inactive tasks should get weight 0.')
    require(is_finite(state), 'Inactive tasks should leave the state finite.')
    if not case.draws:
        steps = steps_of(np.arange(TASKS))
        losses, after, active_rows = (each[:, SUBSET] for each in steps[:3])
        alone = Steps(losses, after, active_rows, steps.keys)
        expected = case.compiled(SUBSET)(alone)[1]
        require_close(weights[:, active], expected, f'active tasks {SUBSET}', rtol=case.rtol)


def steps_without_a_label_do_no_harm(case: WeightingCase) -> None:
    """In a step without an active task all weights are 0, and the state stays finite."""
    state, weights = case.answers['steps without a label']
    empty = np.arange(STEPS) % 4 == 1
    require(not weights[empty].any(), 'Without an active task all weights should be 0.')
    require(is_finite((state, weights)), 'Steps without a label should leave all numbers finite.')


def the_order_of_the_tasks_does_not_matter(case: WeightingCase) -> None:
    """Tasks in another order get the same weights."""
    if not case.draws:
        ids = np.array([2, 0, 4, 3, 1])
        weights = case.compiled(ids)(steps_of(ids))[1]
        require_close(weights, case.answers['plain'][1][:, ids], 'another order', rtol=case.rtol)


def weights_have_the_dtype_of_the_losses(case: WeightingCase) -> None:
    """Weights have the dtype of the losses, float32 at least; states have the default dtype."""
    for x64, dtype in ((False, jnp.bfloat16), (True, jnp.float32)):
        with jax.enable_x64(x64):
            weighting = case.of(np.arange(3))
            losses, state = jnp.ones(3, dtype), weighting.init(3)
            weights, after = jax.eval_shape(
                lambda *args, update=weighting.update: update(*args, key=jax.random.key(0)),
                losses,
                state,
            )
            require(weights.dtype == jnp.float32, f'Weights of {dtype}: found {weights.dtype}.')
            stable = layout(after) == layout(state)
            require(stable, f'The state should keep its layout {layout(state)}. Found {after}.')


def weights_are_constants_to_autodiff(case: WeightingCase) -> None:
    """The gradient of ``weights @ losses`` is the weights."""
    weighting, losses = case.of(np.arange(3)), jnp.array([1.0, 2, 3])

    def total(losses):
        weights, _ = weighting.update(losses, weighting.init(3), key=jax.random.key(0))
        return weights @ losses, weights

    gradient, weights = jax.jit(jax.grad(total, has_aux=True))(losses)
    require_close(gradient, weights, 'the gradient of weights @ losses', rtol=1e-6)


WEIGHTING_CHECKS = (
    weights_are_one_per_task_and_finite,
    inactive_tasks_do_not_count,
    steps_without_a_label_do_no_harm,
    huge_and_tiny_losses_give_finite_weights,
    neither_jit_nor_scan_nor_vmap_changes_the_weights,
    state_is_stable_and_can_be_donated,
    the_order_of_the_tasks_does_not_matter,
    weights_have_the_dtype_of_the_losses,
    weights_are_constants_to_autodiff,
)


def _require_sound(state, weights, tasks) -> None:
    require(weights.shape == (STEPS, tasks), f'{tasks} tasks: found weights {weights.shape[1:]}.')
    require(weights.dtype == jnp.float32, f'Weights should be float32. Found {weights.dtype}.')
    require((weights >= 0).all(), 'Weights should not be negative.')
    require((weights > 0).any(), 'Some weights should be positive.')
    require(is_finite((state, weights)), 'Weights and states should be finite.')
