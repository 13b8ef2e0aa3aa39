"""The moves between two sharing schemes, by their names."""

from collections.abc import Callable
from typing import NamedTuple, Protocol

from mtljax.base import Key, PyTree
from mtljax.moves._hard_to_branched import hard_to_branched
from mtljax.moves._hard_to_cross_stitch import hard_to_cross_stitch
from mtljax.moves._hard_to_grouped import hard_to_grouped
from mtljax.moves._hard_to_mmoe import hard_to_mmoe
from mtljax.moves._hard_to_soft import hard_to_soft
from mtljax.moves._single_to_cross_stitch import single_to_cross_stitch
from mtljax.moves._soft_to_hard import soft_to_hard
from mtljax.options import check_not_negative

Variables = tuple[PyTree, PyTree]
"""The parameters and the state of a model."""


class Move(Protocol):
    """A function that puts a trained model into a new model of another sharing scheme.

    It is called as ``move(trained, fresh, key=None)`` and returns ``moved``. Here, ``trained`` is
    the trained model, ``fresh`` is the new model with its initial parameters, and ``moved`` is the
    new model with the trained parameters. Each of them is a pair ``(params, state)``.
    """

    def __call__(self, trained: Variables, fresh: Variables, key: Key | None = None) -> Variables:
        """Return the new model with the trained parameters and state."""


class _Row(NamedTuple):
    """A move of one tree into another. If ``noisy`` is True, it also takes a key and noise."""

    move: Callable[..., PyTree]
    noisy: bool = False


_MOVES = {
    ('hard', 'soft'): _Row(hard_to_soft),
    ('hard', 'independent'): _Row(hard_to_soft),
    ('hard', 'grouped'): _Row(hard_to_grouped),
    ('hard', 'branched'): _Row(hard_to_branched),
    ('hard', 'cross_stitch'): _Row(hard_to_cross_stitch),
    ('hard', 'mmoe'): _Row(hard_to_mmoe, noisy=True),
    ('hard', 'omoe'): _Row(hard_to_mmoe, noisy=True),
    ('hard', 'dselect_k'): _Row(hard_to_mmoe, noisy=True),
    ('soft', 'hard'): _Row(soft_to_hard),
    ('soft', 'cross_stitch'): _Row(single_to_cross_stitch),
    ('independent', 'hard'): _Row(soft_to_hard),
    ('independent', 'cross_stitch'): _Row(single_to_cross_stitch),
}


def targets() -> tuple[str, ...]:
    """The names of the sharing schemes that a trained model can be moved to, sorted.

    >>> targets()[:4]
    ('branched', 'cross_stitch', 'dselect_k', 'grouped')
    """
    return tuple(sorted({target for _, target in _MOVES}))


def between(source: str, target: str, *, noise: float = 0.0) -> Move:
    """Make a function that moves a trained model to another sharing scheme.

    The function moves the parameters and the state together.

    Args:
      source: The name of the scheme of the trained model, such as ``'hard'``.
      target: The name of the scheme of the new model, one of the names that `targets` returns.
      noise: The size of the noise that is added to the parameters of experts; see `hard_to_mmoe`.
        No noise is added to the state.

    Returns:
      A function ``(trained, fresh, key=None) -> moved``. Here, ``trained`` is the trained model,
      ``fresh`` is the new model with its initial parameters, and ``moved`` is the new model with
      the trained parameters. Each of them is a pair ``(params, state)``. The function needs a key
      if ``noise`` is not 0. It raises a ValueError if the two models do not have the same backbone
      and heads.

    Raises:
      ValueError: There is no move between the two schemes, or ``noise`` is not 0 but the new scheme
        has no experts.

    >>> import jax
    >>> from mtljax import backbones, heads, sharing
    >>> parts, x = (backbones.mlp((3,)), {'a': heads.linear()}), jax.numpy.ones((1, 2))
    >>> trained = sharing.hard(*parts).init(jax.random.key(0), x)
    >>> fresh = sharing.soft(*parts).init(jax.random.key(1), x)
    >>> params, state = between('hard', 'soft')(trained, fresh)
    >>> params['task']['towers']['stage0']['Dense_0']['kernel'].shape
    (1, 2, 3)
    """
    if source == target:
        raise ValueError(f'source and target should differ. Found {source!r} for both.')
    if (source, target) not in _MOVES:
        known = ', '.join(f'{a} to {b}' for a, b in _MOVES)
        raise ValueError(f'A move should be one of {known}. Found {source} to {target}.')
    move, noisy = _MOVES[source, target]
    check_not_negative('noise', noise)
    if noise and not noisy:
        raise ValueError(
            'noise should be 0, because only experts take noise. '
            f'Found noise = {noise} for the move from {source} to {target}.'
        )

    def run(trained: Variables, fresh: Variables, key: Key | None = None) -> Variables:
        options = {'key': key, 'noise': noise} if noisy else {}
        return move(trained[0], fresh[0], **options), move(trained[1], fresh[1])

    return run
