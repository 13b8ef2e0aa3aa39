"""The rules that every surgery follows, with one function for each rule."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from mtljax.testing._compare import is_finite, is_zero, layout, require, require_close
from mtljax.testing._surgery_case import (
    LOSS,
    SCALES,
    SUBSETS,
    TASKS,
    SurgeryCase,
    at,
    length,
    linear_jacobian,
    params_of,
    rows_of,
)


def shape_dtype_and_state_are_kept(case: SurgeryCase) -> None:
    """The update has the shape and the dtype of the parameters; the state keeps its layout."""
    for dtype in (jnp.float32, jnp.bfloat16):
        params, rows, keys = (
            params_of(dtype),
            rows_of(3, dtype),
            jax.random.split(jax.random.key(0)),
        )
        state = case.start(params, 3)

        def step(state, key, params=params, rows=rows):
            extra = {'key': key, 'losses': jnp.full(3, LOSS)}
            return case.method.update(rows, state, params, **extra)[::-1]

        def maybe(state, key, step=step):
            return jax.lax.cond(True, lambda s: step(s, key)[0], lambda s: s, state)

        after, updates = jax.eval_shape(lambda s, k, f=step: jax.lax.scan(f, s, k), state, keys)
        shapes = [(x.shape, x.dtype) for x in jax.tree.leaves(updates)]
        expected = [((2, *x.shape), dtype) for x in jax.tree.leaves(params)]
        require(shapes == expected, f'The updates should be {expected}. Found {shapes}.')
        same = jax.tree.structure(after) == jax.tree.structure(state)
        require(same, f'The state should keep its structure. Found {after} after {state}.')
        once = jax.eval_shape(lambda s, k, f=step: f(s, k)[0], state, keys[0])
        weak = any(row[2] for row in (*layout(state), *layout(once)))
        require(not weak, 'The state should have strong dtypes. Found a weak one: pass a dtype.')
        chosen = jax.eval_shape(maybe, state, keys[0])
        kinds = [[(x.shape, x.dtype) for x in jax.tree.leaves(tree)] for tree in (chosen, state)]
        require(kinds[0] == kinds[1], f'The state should keep {kinds[1]}. Found {kinds[0]}.')


def other_shapes_are_refused(case: SurgeryCase) -> None:
    """Updates without one gradient per task raise a ValueError that shows the shapes."""
    params = {'w': jnp.zeros(2), 'v': jnp.zeros(2)}
    for shape in ((2,), (3, 2, 1), ()):
        updates = {'w': jnp.zeros((3, 2)), 'v': jnp.zeros(shape)}
        try:
            case.method.update(updates, case.start(params, 3), params, key=jax.random.key(0))
        except ValueError as error:
            message = str(error)
        else:
            raise AssertionError(f'Leaves of shape (3, 2) and {shape} should be refused.')
        clear = 'per-task gradients' in message and 'Found' in message
        require(clear, f'The error should explain per-task gradients. Found {message!r}.')


def equal_gradients_show_the_scale(case: SurgeryCase) -> None:
    """Equal gradients g give ``equal(T, |g|) g``."""
    equal = case.equal
    if equal is None and case.method.traits.scale == 'sum':
        equal = _number_of_tasks
    if equal is None:
        return
    row, updates = at(rows_of(TASKS), 0), case.answers['equal']
    for name, leaf in row.items():
        expected = equal(TASKS, length(leaf if case.by_array else row)) * np.asarray(leaf)
        require_close(updates[name], expected, 'equal gradients', rtol=1e-4, atol=1e-6)


def one_task_is_plain_descent(case: SurgeryCase) -> None:
    """One gradient g gives ``equal(1, |g|) g``."""
    if case.equal is None:
        return
    rows = rows_of(1)
    factor = case.equal(1, length(rows))
    expected = jax.tree.map(lambda x: factor * x[0], rows)
    update = case.compiled(rows, key=jax.random.key(3), active=jnp.ones(1, bool))
    require_close(update, expected, 'one task', rtol=1e-4, atol=1e-6)


def inactive_tasks_do_not_count(case: SurgeryCase) -> None:
    """With one inactive task the update is that of the other tasks, even if gradients are NaN."""
    if case.draws != 'orders':  # fewer tasks draw another order
        _require_alone(case, SUBSETS[0], at(case.sequences['subset'], 0))


def one_active_task_counts_alone(case: SurgeryCase) -> None:
    """With one active task the update is that of this task, even if other gradients are NaN."""
    if not case.has_target:  # without the first task, another one would be the target
        rows = at(rows_of(TASKS), np.array(SUBSETS[1]))
        alone = case.compiled(rows, key=jax.random.key(3), active=jnp.ones(1, bool))
        _require_alone(case, SUBSETS[1], alone)


def no_active_task_gives_no_update(case: SurgeryCase) -> None:
    """Without an active task the update is 0."""
    require(is_zero(case.answers['no task']), 'Without an active task the update should be 0.')


def zero_rows_are_finite(case: SurgeryCase) -> None:
    """Zero gradients give an update of 0; one zero gradient gives a finite update."""
    require(is_zero(case.answers['all zero']), 'Zero gradients should give an update of 0.')
    require(is_finite(case.answers['one zero']), 'One zero row should give a finite update.')
    if case.zero_row is not None and case.draws != 'orders':
        factor, without = case.zero_row(TASKS), at(case.sequences['without'], 0)
        expected = jax.tree.map(lambda x: factor * x, without)
        require_close(case.answers['one zero'], expected, 'one zero row', rtol=case.rtol, atol=1e-5)


def gradients_that_are_not_finite_are_not_hidden(case: SurgeryCase) -> None:
    """A NaN in the gradient of an active task shows in the update."""
    if case.reads != 'some':
        require(not is_finite(case.answers['nan']), 'A NaN gradient should show in the update.')


def huge_and_tiny_gradients_scale_the_update(case: SurgeryCase) -> None:
    """Gradients that are s times as long give an update that is ``s**degree`` times as long."""
    plain = case.answers['plain']
    for scale in SCALES:
        update = case.answers[scale]
        if case.degree is None:
            size = length(jax.tree.map(lambda x, scale=scale: x / scale, update))
            message = f'The update for gradients {scale} times as long should be in proportion.'
            require(is_finite(update) and size < 2 * length(plain) + 10, message)
        else:
            factor = scale**case.degree
            expected = jax.tree.map(lambda x, factor=factor: x * np.float32(factor), plain)
            message = f'gradients {scale} times as long'
            require_close(update, expected, message, rtol=1e-3, atol=1e-5 * factor)


def gradients_of_very_different_size_stay_finite(case: SurgeryCase) -> None:
    """Gradients whose lengths differ by many powers of ten give a finite update."""
    message = 'Gradients of sizes from 1e-16 to 1e16 should give a finite update.'
    require(is_finite(case.answers['apart']), message)


def a_task_may_come_late_and_a_failure_is_not_hidden(case: SurgeryCase) -> None:
    """A task without labels at first joins later; a NaN is shown, and the next step is not 0."""
    sizes = [length(at(case.sequences['late'], index)) for index in range(5)]
    require(np.isfinite(sizes[:3]).all(), f'The first updates should be finite. Found {sizes[:3]}.')
    large = sizes[1] >= 20 * (sizes[0] + length(rows_of(3)))
    require(not large, f'The update with a new task should not jump. Found sizes {sizes[:2]}.')
    if case.reads == 'all':
        require(not np.isfinite(sizes[3]), f'A NaN gradient should show. Found size {sizes[3]}.')
    require(sizes[4] != 0, 'The update after a failure should not be 0.')


def the_order_of_the_tasks_does_not_matter(case: SurgeryCase) -> None:
    """Reversed tasks give the same update."""
    if case.symmetric:
        updates = case.answers['reversed'], case.answers['plain']
        require_close(*updates, 'reversed tasks', rtol=case.rtol, atol=1e-5)


def only_methods_that_draw_need_a_key(case: SurgeryCase) -> None:
    """A method that draws refuses to run without a key; another ignores the key."""
    if case.draws == 'nothing':
        updates = case.answers['other key'], case.answers['plain']
        require_close(*updates, 'another key', rtol=0, atol=0)
        jax.eval_shape(lambda rows: case.first(rows, key=None), rows_of(3))
        return
    try:
        case.first(rows_of(3), key=None)
    except ValueError as error:
        require('key' in str(error), f'The error should ask for a key. Found {error}.')
    else:
        raise AssertionError('A method that draws should refuse to run without a key.')


def neither_jit_nor_the_engine_changes_the_update(case: SurgeryCase) -> None:
    """Without jit, and from a Jacobian of `gradients.task_gradients`, the update is the same."""
    params, extra = params_of(), {'key': jax.random.key(3), 'losses': jnp.full(TASKS, LOSS)}
    lazy = case.method.update(linear_jacobian(), case.start(params), params, **extra)[0]
    require_close(lazy, case.answers['plain'], 'without jit', rtol=case.rtol, atol=1e-5)


def inactive_tasks_of_a_jacobian_do_not_count(case: SurgeryCase) -> None:
    """Gradients of inactive tasks need not be 0: `gradients.task_gradients` knows no labels."""
    subset, params = SUBSETS[0], params_of()
    active = jnp.asarray(np.isin(np.arange(TASKS), subset))
    extra = {'key': jax.random.key(3), 'losses': jnp.full(TASKS, LOSS), 'active': active}
    state = case.start(params)
    lazy = jax.jit(lambda: case.method.update(linear_jacobian(), state, params, **extra)[0])()
    message = f'a Jacobian with the active tasks {subset}'
    require_close(lazy, case.answers['finite', subset], message, rtol=case.rtol, atol=1e-5)


def bfloat16_is_near_float32(case: SurgeryCase) -> None:
    """Gradients in bfloat16 give nearly the update of the same gradients in float32."""
    rows = rows_of(3, jnp.bfloat16, seed=5)
    extra = {'key': jax.random.key(3), 'active': jnp.ones(3, bool)}
    low = case.compiled(rows, **extra)
    high = case.compiled(jax.tree.map(lambda x: x.astype(jnp.float32), rows), **extra)
    low = jax.tree.map(lambda x: x.astype(jnp.float32), low)
    require_close(low, high, 'bfloat16', rtol=2e-2, atol=2e-2 * LOSS)


SURGERY_CHECKS = (
    shape_dtype_and_state_are_kept,
    other_shapes_are_refused,
    equal_gradients_show_the_scale,
    one_task_is_plain_descent,
    inactive_tasks_do_not_count,
    one_active_task_counts_alone,
    no_active_task_gives_no_update,
    zero_rows_are_finite,
    gradients_that_are_not_finite_are_not_hidden,
    huge_and_tiny_gradients_scale_the_update,
    gradients_of_very_different_size_stay_finite,
    a_task_may_come_late_and_a_failure_is_not_hidden,
    the_order_of_the_tasks_does_not_matter,
    only_methods_that_draw_need_a_key,
    neither_jit_nor_the_engine_changes_the_update,
    inactive_tasks_of_a_jacobian_do_not_count,
    bfloat16_is_near_float32,
)


def _require_alone(case: SurgeryCase, subset: tuple[int, ...], alone: Any) -> None:
    for name in (subset, ('finite', subset)):
        message = f'active tasks {subset}'
        require_close(case.answers[name], alone, message, rtol=case.rtol, atol=1e-5)


def _number_of_tasks(tasks: int, norm: float) -> float:
    return tasks
