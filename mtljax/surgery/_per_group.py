"""Surgery on each group of parameters separately."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from mtljax import trees
from mtljax.base import PyTree
from mtljax.gradients import Stacked
from mtljax.surgery._inputs import per_task, read
from mtljax.surgery._surgery import Surgery, SurgeryState, init_of


def per_leaf(method: Surgery) -> Surgery:
    """Apply a surgery to each parameter array separately.

    This is `per_group` with one group per array.

    Args:
      method: A surgery that reads only the norms and cosines of the task gradients.

    >>> from mtljax import surgery
    >>> method = per_leaf(surgery.mgda())
    >>> updates = {'a': jnp.array([[1.0], [9.0]]), 'b': jnp.array([[8.0], [2.0]])}
    >>> params = {'a': jnp.zeros(1), 'b': jnp.zeros(1)}
    >>> updates = method.update(updates, method.init(params))[0]
    >>> updates['a'].tolist(), updates['b'].tolist()
    ([1.0], [2.0])
    """
    return per_group(method, lambda path: path)


def per_group(method: Surgery, groups: Callable[[str], Any] | PyTree) -> Surgery:
    """Apply a surgery to each group of parameters separately, for example to each layer.

    The surgery computes separate task weights for every group. Therefore ``task='weighted'`` of
    `on_shared`, which needs one weight per task, raises an error. All groups run in one ``vmap``.
    If the surgery uses a random key, each group gets its own key.

    Args:
      method: A surgery that reads only the norms and cosines of the task gradients.
      groups: A function from the path of a parameter, such as ``'a/b/c'``, to the name of its
        group, or a tree of group names in the structure of the parameters. In `on_shared`, only the
        shared parameters are grouped.

    Raises:
      ValueError: The method reads more than the norms and cosines of the gradients. Examples are
        `graddrop` and `trimmed_mean`, which already treat every scalar parameter separately, and
        `metabalance`, which already treats every array separately.

    >>> from mtljax import surgery
    >>> method = per_group(surgery.mgda(), lambda path: path.split('/')[0])
    >>> params = {'conv': {'bias': jnp.zeros(1)}, 'dense': {'bias': jnp.zeros(1)}}
    >>> updates = {name: {'bias': jnp.array([[1.0], [9.0]])} for name in params}
    >>> method.update(updates, method.init(params))[0]['conv']['bias'].tolist()
    [1.0]
    """
    rule = method.traits.rule if isinstance(method, Surgery) else None
    if rule is None:
        raise ValueError(
            'per_group needs a method that reads only the Gramian of the gradients, such as '
            f'surgery.pcgrad() without another wrapper. Found {method!r}.'
        )

    def init(params, **extra):
        first = init_of(method)(params, **extra).inner
        count = len(set(_names(params, groups)))
        inner = jax.tree.map(lambda leaf: jnp.repeat(leaf[None], count, axis=0), first)
        return SurgeryState(None, inner)

    def update(updates, state, params=None, *, losses=None, active=None, key=None, **extra):
        del extra
        jacobian, alive = read(updates, params, active)
        losses = per_task('losses', losses, jacobian.num_tasks)
        leaves, treedef = jax.tree.flatten(jacobian.stacked())
        names = _names(jacobian.stacked(), groups)
        order = sorted(set(names), key=str)
        members = [[leaf for leaf, n in zip(leaves, names, strict=True) if n == o] for o in order]
        pairs = [Stacked(member, jacobian.num_tasks).normalised(alive) for member in members]
        norms, cosines = (jnp.stack(each) for each in zip(*pairs, strict=True))

        def weigh(norms, cosines, inner, key):
            return rule(norms, cosines, inner, losses=losses, active=alive, key=key)

        keys = None if key is None else jax.random.split(key, len(order))
        axes = (0, 0, 0, None if key is None else 0)
        weights, inner = jax.vmap(weigh, in_axes=axes)(norms, cosines, state.inner, keys)
        combined = [
            Stacked(leaf, jacobian.num_tasks).combine(weights[order.index(name)])
            for leaf, name in zip(leaves, names, strict=True)
        ]
        return jax.tree.unflatten(treedef, combined), SurgeryState(None, inner)

    traits = method.traits._replace(weighs_heads=False, linear=False, rule=None)
    return Surgery(init, update, traits)


def _names(tree, groups):
    """Return the group of every leaf, in the order of the leaves."""
    if not callable(groups):
        labels, count = jax.tree.leaves(groups), len(jax.tree.leaves(tree))
        if len(labels) != count:
            raise ValueError(
                f'groups should name one group per array, {count}. Found groups = {labels}.'
            )
        return labels
    return [groups(path) for path in trees.paths(tree)]
