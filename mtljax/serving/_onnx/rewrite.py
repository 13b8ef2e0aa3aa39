"""Programs of jax in the operations that can be converted to ONNX.

jax2onnx converts some operations wrongly, or for a fixed number of rows only. Here, they are
replaced by equal ones. What depends on the weights alone is computed, and what no answer needs is
left out.
"""

import contextlib
import itertools
from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax
from jax.extend.core import ClosedJaxpr, Jaxpr, Literal

_INNER = ('jaxpr', 'call_jaxpr', 'fun_jaxpr')
_CALLS = {
    *('jit', 'pjit', 'closed_call', 'core_call', 'checkpoint', 'remat2'),
    *('custom_jvp_call', 'custom_vjp_call', 'custom_vjp_call_jaxpr'),
}
_EMPTY = object()  # stands for an array without entries


def rewritten(function: Callable[..., Any], inputs: Sequence[Any]) -> ClosedJaxpr:
    """Return the program of a function, in operations that can be converted.

    Args:
      function: A function from arrays to a tree of arrays.
      inputs: The shapes and dtypes of the arrays. The first axis may be symbolic.

    Returns:
      The program, from the arrays to the leaves of the tree.

    >>> x = jax.ShapeDtypeStruct((3,), jnp.float32)
    >>> rewritten(lambda x: {'a': x * (jnp.ones(3) + 1)}, [x])
    { lambda a:f32[3]; b:f32[3]. let c:f32[3] = mul b a in (c,) }
    """
    closed = jax.make_jaxpr(function)(*inputs)
    return jax.make_jaxpr(lambda *arrays: _evaluate(closed.jaxpr, closed.consts, arrays))(*inputs)


def _evaluate(jaxpr: Jaxpr, consts: Sequence[Any], arrays: Sequence[Any]) -> list[Any]:
    variables: list[Any] = [*jaxpr.constvars, *jaxpr.invars]
    given = zip(variables, (*consts, *arrays), strict=True)
    known = {at: _EMPTY if _is_empty(at.aval.shape) else value for at, value in given}

    def read(variable):
        return variable.val if isinstance(variable, Literal) else known[variable]

    for equation in _needed(jaxpr):
        results = _results(equation, [read(variable) for variable in equation.invars])
        known.update(zip(equation.outvars, results, strict=True))
    return [read(variable) for variable in jaxpr.outvars]


def _needed(jaxpr: Jaxpr) -> list[Any]:
    """Return the equations on which the results depend."""
    needed, found = {v for v in jaxpr.outvars if not isinstance(v, Literal)}, []
    for equation in reversed(jaxpr.eqns):
        if needed.intersection(equation.outvars):
            needed.update(v for v in equation.invars if not isinstance(v, Literal))
            found.append(equation)
    return found[::-1]


def _results(equation: Any, values: list[Any]) -> Sequence[Any]:
    shapes = [variable.aval.shape for variable in equation.outvars]
    if all(_is_empty(shape) for shape in shapes):
        return [_EMPTY] * len(shapes)
    name = equation.primitive.name
    if name in _CALLS:
        inner = next(equation.params[key] for key in _INNER if key in equation.params)
        consts = getattr(inner, 'consts', ())
        return _evaluate(getattr(inner, 'jaxpr', inner), consts, values)
    rule = _RULES.get(name)
    found = rule(equation, *values) if rule else None
    if found is not None:
        return found
    if any(value is _EMPTY for value in values):
        raise ValueError(f'Found {name} of an array without entries.')
    return _bound(equation, values)


def _bound(equation: Any, values: list[Any]) -> Sequence[Any]:
    """Apply the operation itself; what depends on no input is computed now."""
    fixed = not any(isinstance(value, jax.core.Tracer) for value in values) and all(
        isinstance(size, int) for variable in equation.outvars for size in variable.aval.shape
    )
    with jax.ensure_compile_time_eval() if fixed else contextlib.nullcontext():
        found = equation.primitive.bind(*values, **equation.params)
    return found if equation.primitive.multiple_results else [found]


def _is_empty(shape: tuple[Any, ...]) -> bool:
    return any(isinstance(size, int) and size == 0 for size in shape)


def _joined(equation: Any, *values: Any) -> list[Any] | None:
    """Leave arrays without entries out of a concatenation."""
    there = [value for value in values if value is not _EMPTY]
    if len(there) == len(values):
        return None
    return [jnp.concatenate(there, axis=equation.params['dimension'])]


def _split(equation: Any, value: Any) -> list[Any] | None:
    if not any(_is_empty(variable.aval.shape) for variable in equation.outvars):
        return None
    sizes, axis = equation.params['sizes'], equation.params['axis']
    ends = list(itertools.accumulate(sizes))
    return [
        lax.slice_in_dim(value, end - size, end, axis=axis) if size else _EMPTY
        for size, end in zip(sizes, ends, strict=True)
    ]


def _summed(equation: Any, *values: Any) -> list[Any] | None:
    """A sum of no terms is zero."""
    if not any(value is _EMPTY for value in values):
        return None
    aval = equation.outvars[0].aval
    return [jnp.zeros(aval.shape, aval.dtype)]


def _padded(equation: Any, x: Any, value: Any) -> list[Any] | None:
    config = equation.params['padding_config']
    if x is _EMPTY or any(before < 0 or after < 0 or gap for before, after, gap in config):
        return None
    return [_framed(x, value, [(before, after) for before, after, _ in config])]


def _framed(x: Any, value: Any, widths: Sequence[tuple[int, int]]) -> Any:
    """Put entries of one value before and after an array, on each axis."""
    for axis, (before, after) in enumerate(widths):
        if before or after:
            rows = [(*x.shape[:axis], count, *x.shape[axis + 1 :]) for count in (before, after)]
            first, last = (jnp.full(shape, value, x.dtype) for shape in rows)
            x = jnp.concatenate([first] * bool(before) + [x] + [last] * bool(after), axis)
    return x


def _pooled(equation: Any, x: Any) -> list[Any] | None:
    """The maxima of windows, as the maximum of shifted arrays."""
    params, shape = equation.params, equation.outvars[0].aval.shape
    if {*params['base_dilation'], *params['window_dilation']} != {1}:
        return None
    full = _framed(x, -jnp.inf, params['padding'])
    strides, parts = params['window_strides'], []
    for offsets in itertools.product(*map(range, params['window_dimensions'])):
        rows = zip(offsets, shape, strides, params['window_dimensions'], strict=True)
        at = tuple(
            slice(None)
            if size == stride == 1
            else slice(start, start + (count - 1) * stride + 1, stride)
            for start, count, stride, size in rows
        )
        parts.append(full[at])
    return [reduce(jnp.maximum, parts)]


def _reshaped(equation: Any, x: Any, *_: Any) -> list[Any] | None:
    order = equation.params['dimensions']
    if x is _EMPTY or order is None:
        return None
    return [lax.reshape(lax.transpose(x, order), equation.outvars[0].aval.shape)]


_RULES: dict[str, Callable[..., list[Any] | None]] = {
    'concatenate': _joined,
    'dot_general': _summed,
    'pad': _padded,
    'reduce_sum': _summed,
    'reduce_window_max': _pooled,
    'reshape': _reshaped,
    'split': _split,
}
