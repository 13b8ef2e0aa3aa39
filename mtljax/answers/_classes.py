"""Answers of classifications."""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp

from mtljax.answers._names import check_names
from mtljax.base import Answer


def probability(names: Sequence[Any] = (0, 1)) -> Answer:
    """The probability of an event, from its logit: ``sigmoid(y)``.

    Args:
      names: The names of the two classes, of which the second is the event. If they are 0 and 1,
        the answer is the probability of the event. Otherwise, it is the more probable class, and
        the probabilities of both.

    Raises:
      ValueError: There are not two different names.

    >>> answer = probability(('no', 'yes'))
    >>> answer.apply(jnp.array([0.0]))['probabilities'].tolist()
    [[0.5, 0.5]]
    >>> answer.description['parts']['probabilities']
    {'axis': ['no', 'yes']}
    """
    listed = check_names('names', names, 2)
    if len(listed) != 2:
        raise ValueError(f'names should be the names of two classes. Found {names!r:.200}.')
    plain = listed == [0, 1]

    def apply(prediction):
        logit = jnp.asarray(prediction, jnp.float32)
        event = jax.nn.sigmoid(logit)
        if plain:
            return {'probability': event}
        both = jnp.stack([jax.nn.sigmoid(-logit), event], axis=-1)
        return {'class': jnp.uint8(event > 0.5), 'probabilities': both}

    named = {'class': {'code_of': listed}, 'probabilities': {'axis': listed}}
    parts: dict[str, Any] = {'probability': {'of': listed[1]}} if plain else named
    return Answer(apply, {'kind': 'probability', 'parts': parts})


def classes(names: Sequence[Any] = ()) -> Answer:
    """The most probable class and the probability of each class, from C logits: ``softmax(y)``.

    Args:
      names: The names of the C classes. By default, a class is its number.

    Raises:
      ValueError: Two names are the same.

    >>> answer = classes(['cat', 'dog', 'fox'])
    >>> int(answer.apply(jnp.array([[0.0, 2.0, 1.0]]))['class'][0])
    1
    """
    listed = check_names('names', names, 0)

    def apply(prediction):
        logits = jnp.asarray(prediction, jnp.float32)
        _check_last(logits, listed)
        best = jnp.argmax(logits, axis=-1).astype(jnp.int32)
        return {'class': best, 'probabilities': jax.nn.softmax(logits)}

    known = {'class': {'code_of': listed}, 'probabilities': {'axis': listed}}
    parts = known if listed else {'class': {}, 'probabilities': {}}
    return Answer(apply, {'kind': 'classes', 'parts': parts})


def mask(names: Sequence[Any] = ()) -> Answer:
    """The class of each pixel.

    From C logits per pixel, ``[B, height, width, C]``, the class is that of the largest one. From
    one logit per pixel, ``[B, height, width]``, it is class 1 if the logit is above 0.

    Args:
      names: The names of the classes. By default, a class is its number.

    Raises:
      ValueError: Two names are the same.

    >>> mask(['wall', 'digit']).apply(jnp.array([[[3.0, -1.0]]]))['class'].tolist()
    [[[1, 0]]]
    """
    listed = check_names('names', names, 0)

    def apply(prediction):
        logits = jnp.asarray(prediction)
        if logits.ndim == 3:
            return {'class': jnp.int32(logits > 0)}
        _check_last(logits, listed)
        return {'class': jnp.argmax(logits, axis=-1).astype(jnp.int32)}

    part = {'code_of': listed} if listed else {}
    return Answer(apply, {'kind': 'mask', 'parts': {'class': part}})


def _check_last(logits: jax.Array, names: Sequence[Any]) -> None:
    if names and logits.shape[-1:] != (len(names),):
        raise ValueError(
            f'The prediction should have {len(names)} logits, one per class. '
            f'Found the shape {logits.shape}.'
        )
