"""Checks of a loss: its arguments, its shape, and the kind of its labels."""

import inspect
import math
from typing import Any

import jax
import jax.numpy as jnp

from mtljax.base import Task
from mtljax.training._shape_text import shape_text

_OVER_ROWS = 'If it compares examples, pass Task(..., over_rows=True).'


def check_loss(name: str, task: Task, prediction: Any, target: Any, mask: Any) -> Any:
    """Return the shape of a loss, or for a loss that compares examples that of the mask.

    Args:
      name: The name of the task.
      task: The task.
      prediction: The shapes of a prediction, ``[B, ...]``.
      target: The shapes of a target, ``[B, ...]``.
      mask: The shape of the mask, ``[B, ...]``.

    Raises:
      ValueError: The loss does not take these arguments, or is no loss per example.
    """
    size, rows = mask.shape[0] if mask.ndim else None, (mask,) if task.over_rows else ()
    what = f'prediction {shape_text(prediction)} and target {shape_text(target)}'
    _check_arguments(name, task, (prediction, target, mask))
    try:
        loss = jax.eval_shape(task.loss, prediction, target, *rows)
    except Exception as error:
        said = f'{what}: {str(error).rstrip(".")}.{_last_axis(prediction, target)}'
        reason = _wants_classes(task, prediction, target, rows) or said
        raise ValueError(f'The loss of task {name!r} does not accept {reason}') from error
    if task.over_rows and jnp.shape(loss) != ():
        raise ValueError(
            f'The loss of task {name!r}, with over_rows, should be one number for the batch. '
            f'Found {shape_text(loss)} from {what}.'
        )
    if task.over_rows:
        return mask
    largest = max(math.prod(leaf.shape) for leaf in jax.tree.leaves((prediction, target)))
    if loss.shape[:1] != (size,) or math.prod(loss.shape) > largest:
        found = 'one number for the batch' if loss.shape == () else shape_text(loss)
        raise ValueError(
            f'The loss of task {name!r} should be one number per example, [B, ...]. '
            f'Found {found} from {what}{_cause(loss, prediction, target, largest)}'
        )
    return loss


def _check_arguments(name: str, task: Task, batch: tuple[Any, ...]) -> None:
    """Refuse a loss that takes another number of arguments."""
    try:
        signature = inspect.signature(task.loss)
    except (TypeError, ValueError):  # a function in C
        return
    if _takes(signature, batch if task.over_rows else batch[:2]):
        return
    if task.over_rows:
        raise ValueError(
            f'The loss of task {name!r}, with over_rows, should take (prediction, target, mask). '
            f'Found a function of {signature!s:.200}.'
        )
    raise ValueError(
        f'The loss of task {name!r} should take (prediction, target). Found a function of '
        f'{signature!s:.200}. {_OVER_ROWS if _takes(signature, batch) else ""}'.rstrip()
    )


def _takes(signature: inspect.Signature, arguments: tuple[Any, ...]) -> bool:
    try:
        signature.bind(*arguments)
    except TypeError:
        return False
    return True


def _wants_classes(task: Task, prediction: Any, target: Any, rows: tuple[Any, ...]) -> str:
    """Return what is wrong if the loss would accept whole numbers in place of the target."""
    if not jnp.issubdtype(getattr(target, 'dtype', bool), jnp.floating):
        return ''
    try:
        whole = jax.ShapeDtypeStruct(target.shape, jnp.int32)
        jax.eval_shape(task.loss, prediction, whole, *rows)
    except Exception:  # something else is wrong too
        return ''
    return (
        f'a target of {target.dtype}. It needs class numbers, which are whole numbers. '
        "Convert the target, as by target.astype('int32')."
    )


def _cause(loss: Any, prediction: Any, target: Any, largest: int) -> str:
    """Return the end of the message: why a loss is no number per example."""
    if loss.shape == ():
        return f'. Return the loss of every example, without their mean. {_OVER_ROWS}'
    if math.prod(loss.shape) <= largest:
        return '.'
    advice = _last_axis(prediction, target)
    return f'.{advice}' if advice else ': one of them broadcasts over the other.'


def _last_axis(prediction: Any, target: Any) -> str:
    """Return what to do if one of two arrays has a last axis of size 1 that the other lacks."""
    one, other = (getattr(each, 'shape', ()) for each in (prediction, target))
    if other == (*one, 1):
        return ' Remove the last axis of the target, as by target[..., 0].'
    if one == (*other, 1):
        return ' Remove the last axis of the prediction: a head without a size has none.'
    return ''
