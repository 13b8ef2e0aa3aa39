"""A surgery under test, with its updates in all situations that are checked."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np

from mtljax import gradients
from mtljax._numeric import per_row
from mtljax.base import PyTree
from mtljax.surgery import Surgery

TASKS, LOSS, SCALES = 4, 2.0, (1e-20, 1e-8, 1e10)
SUBSETS = ((0, 2, 3), (2,))


@dataclass(frozen=True, eq=False)
class SurgeryCase:
    """A surgery and the properties that it should have; see `check_surgery`."""

    method: Surgery
    equal: Callable[[int, float], float] | None = None
    zero_row: Callable[[int], float] | None = None
    degree: float | None = 1.0
    symmetric: bool = True
    draws: Literal['nothing', 'signs', 'orders'] = 'nothing'
    reads: Literal['all', 'all at first', 'some'] = 'all'
    by_array: bool = False
    has_target: bool = False
    rtol: float = 1e-4

    @functools.cached_property
    def answers(self) -> dict[Any, PyTree]:
        """The first update for T = 4 tasks in every situation, from one compiled program."""
        named = situations()
        stacked = jax.tree.map(lambda *leaves: jnp.stack(leaves), *named.values())
        updates = jax.device_get(jax.jit(jax.vmap(lambda each: self.first(**each)))(stacked))
        return {name: at(updates, index) for index, name in enumerate(named)}

    @functools.cached_property
    def sequences(self) -> dict[str, PyTree]:
        """Five updates for T = 3 tasks in each of three sequences, from one compiled program."""
        named = sequences()
        stacked = jax.tree.map(lambda *leaves: jnp.stack(leaves), *named.values())
        updates = jax.device_get(jax.jit(jax.vmap(self.steps))(stacked))
        return {name: at(updates, index) for index, name in enumerate(named)}

    @functools.cached_property
    def compiled(self) -> Callable[..., PyTree]:
        """The function `first`, compiled once for every number of tasks and every dtype."""
        return jax.jit(self.first)

    def first(self, rows: PyTree, **extra: Any) -> PyTree:
        """Return the update from the first state."""
        tasks, params = len(rows['bias']), at(rows, 0)
        extra = {'losses': jnp.full(tasks, LOSS)} | extra
        return self.method.update(rows, self.start(params, tasks), params, **extra)[0]

    def steps(self, sequence: dict[str, PyTree]) -> PyTree:
        """Return the updates of all steps of a sequence."""
        params, tasks = at(at(sequence['rows'], 0), 0), sequence['active'].shape[1]

        def step(state, case):
            extra = {'losses': jnp.full(tasks, LOSS), 'active': case['active'], 'key': case['key']}
            return self.method.update(case['rows'], state, params, **extra)[::-1]

        return jax.lax.scan(step, self.start(params, tasks), sequence)[1]

    def start(self, params: PyTree, tasks: int = TASKS) -> Any:
        """Return the first state."""
        init: Callable[..., Any] = self.method.init
        return init(params, num_tasks=tasks)


def situations() -> dict[Any, dict[str, Any]]:
    """Return the arguments of the first update in each situation, by its name."""
    rows = rows_of(TASKS)
    plain = {'rows': rows, 'active': jnp.ones(TASKS, bool), 'key': jax.random.key(3)}

    def changed(change):
        return plain | {'rows': jax.tree.map(change, rows)}

    apart = jnp.array([1e-16, 1e16, 1.0, 1e8])
    cases: dict[Any, dict[str, Any]] = {
        'plain': plain,
        'other key': plain | {'key': jax.random.key(4)},
        'apart': changed(lambda x: x * per_row(apart, x)),
        'equal': changed(lambda x: jnp.broadcast_to(x[:1], x.shape)),
        'one zero': changed(lambda x: x.at[-1].set(0)),
        'all zero': changed(jnp.zeros_like),
        'nan': changed(lambda x: x.at[1].set(jnp.nan)),
        'reversed': changed(lambda x: x[::-1]),
        'no task': plain | {'active': jnp.zeros(TASKS, bool)},
    }
    for scale in SCALES:
        cases[scale] = changed(lambda x, scale=scale: x * scale)
    for subset in SUBSETS:
        active = np.isin(np.arange(TASKS), subset)
        gone = np.flatnonzero(~active)
        broken = changed(lambda x, gone=gone: x.at[gone[0]].set(jnp.nan).at[gone[-1]].mul(1e6))
        cases[subset] = broken | {'active': jnp.asarray(active)}
        cases['finite', subset] = plain | {'active': jnp.asarray(active)}
    return cases


def sequences() -> dict[str, dict[str, Any]]:
    """Return the arguments of five updates in each sequence, by its name.

    The steps of the sequence 'late' have: all tasks except one; all tasks; no task; a NaN; all
    tasks. The other two sequences repeat a first step.
    """
    rows, every = rows_of(3), jnp.ones(3, bool)
    broken = jax.tree.map(lambda x: x * per_row(jnp.array([1, jnp.nan, 1]), x), rows)

    def repeated(rows):
        return {
            'rows': jax.tree.map(lambda x: jnp.stack([x] * 5), rows),
            'active': jnp.ones((5, 3), bool),
            'key': jnp.stack([jax.random.key(3)] * 5),
        }

    late = {
        'rows': jax.tree.map(lambda *x: jnp.stack(x), rows, rows, rows, broken, rows),
        'active': jnp.stack([every.at[2].set(False), every, ~every, every, every]),
        'key': jax.random.split(jax.random.key(3), 5),
    }
    subset = jax.tree.map(lambda x: x[np.array(SUBSETS[0])], rows_of(TASKS))
    without = jax.tree.map(lambda x: x[:-1], rows_of(TASKS))
    return {'late': late, 'subset': repeated(subset), 'without': repeated(without)}


def params_of(dtype: Any = jnp.float32) -> PyTree:
    """Return parameters of two shapes."""
    return {'kernel': jnp.zeros((2, 3), dtype), 'bias': jnp.zeros(2, dtype)}


def rows_of(tasks: int, dtype: Any = jnp.float32, seed: int = 0) -> PyTree:
    """Return random task gradients ``[T, ...]`` in the shapes of the parameters."""
    rng = np.random.default_rng(seed)

    def draw(leaf):
        return jnp.asarray(rng.normal(size=(tasks, *leaf.shape)), leaf.dtype)

    return jax.tree.map(draw, params_of(dtype))


def linear_jacobian() -> Any:
    """Return the gradients of 'plain', as `gradients.task_gradients` of linear losses."""
    rows = rows_of(TASKS)

    def losses_of(params):
        products = jax.tree.map(lambda row, p: row * p[None], rows, params)
        return sum(x.reshape(TASKS, -1).sum(axis=1) for x in jax.tree.leaves(products))

    return gradients.task_gradients(losses_of, params_of())[1]


def at(tree: PyTree, index: Any) -> PyTree:
    """Return one row of every leaf."""
    return jax.tree.map(lambda leaf: leaf[index], tree)


def length(tree: PyTree) -> float:
    """Return the norm of all numbers of a tree."""
    return float(np.sqrt(sum(np.sum(np.square(leaf)) for leaf in jax.tree.leaves(tree))))
