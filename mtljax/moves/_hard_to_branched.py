"""From one trunk to tasks that leave it at different depths."""

import jax

from mtljax.base import PyTree
from mtljax.moves._fitted import check_stages, fitted, part


def hard_to_branched(hard: PyTree, fresh: PyTree) -> PyTree:
    """Let tasks leave a trained trunk early, each with its own copy of the other stages.

    The new model is ``sharing.branched(backbone, heads, at=..., own_stages=True)``: a task leaves
    the shared stages early, and goes on with its own copy of the other stages. All copies start as
    those of the trunk, so the predictions do not change. Without ``own_stages``, the task leaves
    the other stages out, so its predictions do change. Call this function once for the parameters
    and once for the state (batch statistics, frozen stages), which has the same layout.

    Initialise the optimiser again, by ``tx.init`` of the new parameters. The moments of the trunk
    belong to the sum of the gradients of all tasks, but the copy of a task gets the gradient of one
    task only.

    Args:
      hard: The trained parameters, or the state, of a `sharing.hard` model.
      fresh: The initial parameters, or the state, of a `sharing.branched` model on the same
        backbone and heads. Only the structure and the shapes of this tree matter.

    Raises:
      ValueError: The stages or the heads of the two models differ in names, shapes or dtypes.

    >>> hard = {'shared': {'stage0': 1.0, 'stage1': 2.0}, 'task': {'heads': {'a': 3.0, 'b': 4.0}}}
    >>> fresh = {'shared': {'stage0': 0.0},
    ...          'task': {'heads': {name: {'stage0': 0.0, 'stage1': 0.0} for name in 'ab'}}}
    >>> hard_to_branched(hard, fresh)['task']['heads']['b']
    {'stage0': 2.0, 'stage1': 4.0}
    """
    trunk, common = part(hard, 'shared', 'hard'), part(fresh, 'shared', 'branched')
    check_stages(trunk, {**trunk, **common})
    moved = {
        'shared': {name: trunk[name] for name in common},
        'task': {'heads': heads_behind(trunk, hard, fresh, 'branched')},
    }
    return fitted(moved, fresh)


def heads_behind(trunk: PyTree, hard: PyTree, fresh: PyTree, scheme: str) -> PyTree:
    """Return each trained head, behind copies of the last stages if the new model has them.

    Args:
      trunk: The stages of the trained model.
      hard: The trained model.
      fresh: The new model.
      scheme: The scheme of the new model, for errors.
    """
    heads, ends = part(hard, 'task/heads', 'hard'), part(fresh, 'task/heads', scheme)
    stages = [trunk[f'stage{at}'] for at in range(len(trunk))]
    return {task: _behind(stages, head, ends.get(task)) for task, head in heads.items()}


def _behind(stages: list[PyTree], head: PyTree, like: PyTree) -> PyTree:
    """Return a head with the layout of `module.serial`, if that of the new model has it."""
    if not isinstance(like, dict) or jax.tree.structure(head) == jax.tree.structure(like):
        return head
    count = min(len(like) - 1, len(stages))
    chain = [*stages[len(stages) - count :], head]
    return {f'stage{at}': tree for at, tree in enumerate(chain)}
