"""The cost of storing and running a model, computed before anything is allocated."""

import math
from collections import Counter
from collections.abc import Mapping
from typing import Any, NamedTuple

import jax

from mtljax import trees
from mtljax.analysis._table import Table
from mtljax.base import Module, PyTree
from mtljax.module import shapes


class Cost(NamedTuple):
    """The memory and the operations that a model needs for a batch; the result of `cost`.

    Attributes:
      parameters: The number of parameters in each subtree, ``{'shared': ..., 'task/heads': ...}``,
        including frozen parameters.
      frozen: The number of frozen parameters in each subtree that has some.
      flops: The number of floating-point operations of a forward pass, as XLA counts them. NaN if
        the backend does not count them.
      bytes: The size of the parameters and the state, which holds batch statistics and frozen
        parameters.
      temporary_bytes: The memory of the compiled forward pass, without inputs, parameters and
        outputs. NaN if the backend does not report it.
    """

    parameters: dict[str, int]
    frozen: dict[str, int]
    flops: float
    bytes: int
    temporary_bytes: float

    @property
    def total(self) -> int:
        """The number of all parameters."""
        return sum(self.parameters.values())

    def table(self) -> Table:
        """A table with one row per subtree, a row with the sums, and a row for each other cost."""
        rows = [[name, *self._cells(name)] for name in self.parameters]
        rows.append(['all', short(self.total), short(sum(self.frozen.values()))])
        sums = {'FLOP': self.flops, 'bytes': self.bytes, 'temporary bytes': self.temporary_bytes}
        rows += [[name, short(value), ''] for name, value in sums.items()]
        return Table(['', 'parameters', 'of these frozen'], rows)

    def _cells(self, name: str) -> list[str]:
        return [short(self.parameters[name]), short(self.frozen.get(name, 0))]


def cost(model: Module, x: Any) -> Cost:
    """Count the parameters, FLOPs and bytes of a model in a forward pass on one batch.

    Only shapes are needed: the forward pass is compiled but not run, and no parameter is allocated.
    FLOPs are counted before XLA optimises the program, because the optimised program may repeat
    operations or call libraries. XLA counts a product of ``[B, n]`` and ``[n, m]`` as ``2 B n m``.
    XLA counts the body of a loop only once.

    Args:
      model: A multi-task model, or any other module.
      x: A batch of inputs, or a tree with its shapes (``jax.ShapeDtypeStruct``).

    >>> from mtljax import backbones, heads, sharing
    >>> two = {'b': heads.linear(3), 'a': heads.linear()}
    >>> x = jax.ShapeDtypeStruct((2, 4), 'float32')
    >>> result = cost(sharing.hard(backbones.mlp((8,)), two), x)
    >>> result.parameters, result.total, result.bytes
    ({'shared': 40, 'task/heads': 36}, 76, 304)
    """
    x = shapes(x)
    params, state = jax.eval_shape(lambda key: model.init(key, x), jax.random.key(0))
    lowered = jax.jit(lambda *args: model.apply(*args)[0]).lower(params, state, x)
    counted, memory = lowered.cost_analysis(), lowered.compile().memory_analysis()
    frozen = _sizes(state, frozen=True)
    return Cost(
        parameters=dict(sorted((Counter(_sizes(params)) + Counter(frozen)).items())),
        frozen=frozen,
        flops=math.nan if counted is None else counted.get('flops', 0.0),
        bytes=sum(leaf.size * leaf.dtype.itemsize for leaf in jax.tree.leaves((params, state))),
        temporary_bytes=math.nan if memory is None else memory.temp_size_in_bytes,
    )


def count(params: Any, state: Any) -> int:
    """The number of parameters of a model, including parameters that `module.freeze` has frozen.

    Frozen parameters are stored in the state.

    Args:
      params: The parameters of the model.
      state: The state of the model.

    >>> from mtljax import backbones, heads, module, sharing
    >>> model = sharing.hard(module.freeze(backbones.mlp((8,)), 1), {'a': heads.linear()})
    >>> count(*model.init(jax.random.key(0), jax.numpy.ones((2, 4))))
    49
    """
    return sum(_sizes(params).values()) + sum(_sizes(state, frozen=True).values())


def cost_table(costs: Mapping[str, Cost]) -> Table:
    """A table of the costs of several models, with their ratios to the costs of the first model.

    For example, let the first model have one encoder with E parameters, and T heads with h
    parameters each. Let the second model consist of T networks, each with its own encoder and head.
    In the row of the second model, the ratio of the parameters is then

    ``T (E + h) / (E + T h)``.

    Args:
      costs: ``{name: cost}``, such as
        ``{'shared': cost(hard, x), 'separate': cost(independent, x)}``.

    Raises:
      ValueError: ``costs`` is empty.

    >>> from mtljax import backbones, heads, sharing
    >>> two, x = dict.fromkeys('ab', heads.linear()), jax.ShapeDtypeStruct((2, 4), 'float32')
    >>> pair = {'shared': sharing.hard, 'separate': sharing.independent}
    >>> pair = {name: cost(of(backbones.mlp((8,)), two), x) for name, of in pair.items()}
    >>> [row[:3] for row in cost_table(pair).rows]
    [['shared', '58', '1.00'], ['separate', '98', '1.69']]
    """
    if not costs:
        raise ValueError('costs should hold at least one cost. Found an empty mapping.')
    first = next(iter(costs.values()))
    rows = []
    for name, each in costs.items():
        rows.append([name, short(each.total), _ratio(each.total, first.total)])
        rows[-1] += [short(sum(each.frozen.values()))]
        rows[-1] += [short(each.flops), _ratio(each.flops, first.flops)]
        rows[-1] += [short(each.bytes), short(each.temporary_bytes)]
    columns = ['model', 'parameters', 'ratio', 'frozen', 'FLOP', 'ratio']
    return Table([*columns, 'bytes', 'temporary bytes'], rows)


def short(number: float) -> str:
    """A number with four digits and a unit.

    >>> short(10_150_000), short(512), short(999_990)
    ('10.15M', '512', '1M')
    """
    number = float(f'{number:.4g}')
    for unit, name in ((1e12, 'T'), (1e9, 'G'), (1e6, 'M'), (1e3, 'k')):
        if number >= unit:
            return f'{number / unit:.4g}{name}'
    return f'{number:.4g}'


def _ratio(number: float, reference: float) -> str:
    return f'{number / reference:.2f}' if reference else '-'


def _sizes(tree: PyTree, *, frozen: bool = False) -> dict[str, int]:
    """The sizes of subtrees. With ``frozen``, only frozen parameters count."""
    sizes: Counter[str] = Counter()
    for path, leaf in jax.tree_util.tree_leaves_with_path(_frozen(tree) if frozen else tree):
        names = trees.path_name(path).split('/')
        sizes['/'.join(names[: 2 if names[:1] == ['task'] else 1])] += leaf.size
    return dict(sizes)


def _frozen(tree: PyTree) -> PyTree:
    """The frozen parameters in a state, which `module.freeze` puts under ``'frozen'``."""
    if not isinstance(tree, dict):
        return None
    if tree.keys() == {'frozen', 'state'}:
        return {'frozen': tree['frozen'], 'state': _frozen(tree['state'])}
    return {name: _frozen(inner) for name, inner in tree.items()}
