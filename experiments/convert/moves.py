"""Which schemes a trained model can be moved between, and how."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax

from experiments.program import UsageError
from mtljax import moves, sharing
from mtljax.base import Dataset, Key, Module, PyTree

Variables = tuple[PyTree, PyTree]
"""Parameters and state of a model."""


class Step(NamedTuple):
    """A move to ``scheme``: ``(tree, fresh tree) -> tree``; with ``noisy``, it takes noise."""

    scheme: str
    move: Callable[..., PyTree]
    noisy: bool = False


_UPCYCLED = {
    ('hard', name): (Step(name, moves.hard_to_mmoe, noisy=True),)
    for name in ('mmoe', 'omoe', 'dselect_k')
}
_ALONE = Step('independent', moves.hard_to_soft)
_STITCHED = Step('cross_stitch', moves.single_to_cross_stitch)
MOVES: dict[tuple[str, str], tuple[Step, ...]] = {
    ('hard', 'soft'): (Step('soft', moves.hard_to_soft),),
    ('hard', 'independent'): (_ALONE,),
    ('hard', 'cross_stitch'): (_ALONE, _STITCHED),
    **_UPCYCLED,
    ('soft', 'hard'): (Step('hard', moves.soft_to_hard),),
    ('soft', 'cross_stitch'): (_STITCHED,),
    ('independent', 'hard'): (Step('hard', moves.soft_to_hard),),
    ('independent', 'cross_stitch'): (_STITCHED,),
}
TARGETS = sorted({target for _, target in MOVES})


def steps_between(source: str, target: str, noise: float) -> tuple[Step, ...]:
    """The moves from one scheme to another.

    Raises:
      UsageError: there is no way; or noise where no move takes any.
    """
    if source == target:
        raise UsageError(f'The run is one of {source} already: --to={target} changes nothing.')
    if (source, target) not in MOVES:
        known = ', '.join(f'{a} to {b}' for a, b in MOVES)
        raise UsageError(f'No move from {source} to {target} is defined. There are {known}.')
    steps = MOVES[source, target]
    if noise and not any(step.noisy for step in steps):
        raise UsageError(f'--noise is for experts. Found --noise={noise} with --to={target}.')
    return steps


def moved(
    steps: tuple[Step, ...],
    source: Variables,
    fresh: Variables,
    dataset: Dataset,
    backbone: tuple[Module, ...],
    key: Key,
    noise: float,
) -> Variables:
    """Trained parameters and state in the places of ``fresh``; the state gets no noise.

    Raises:
      UsageError: the models do not fit together.
    """
    try:
        for step in steps[:-1]:
            between = _fresh(step.scheme, dataset, backbone)
            source = jax.jit(_both(step.move))(source, between)
        options = {'key': key, 'noise': noise} if steps[-1].noisy else {}
        return jax.jit(_both(steps[-1].move, **options))(source, fresh)
    except ValueError as error:
        raise UsageError(f'The trained model does not fit the new one. {error}') from error


def _both(move: Callable[..., PyTree], **options: Any) -> Callable[..., Variables]:
    """The move of parameters and of state; options are for parameters."""

    def run(source: Variables, fresh: Variables) -> Variables:
        return move(source[0], fresh[0], **options), move(source[1], fresh[1])

    return run


def _fresh(scheme: str, dataset: Dataset, backbone: tuple[Module, ...]) -> Variables:
    model = getattr(sharing, scheme)(backbone, dataset.heads)
    model = sharing.multi_input(model) if dataset.per_task_inputs else model
    return jax.jit(lambda k: model.init(k, dataset.train.example.inputs))(jax.random.key(0))
