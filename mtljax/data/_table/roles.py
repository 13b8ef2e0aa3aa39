"""What each column of a table is for."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from mtljax._shown import shown
from mtljax.data._reading.names import check_names
from mtljax.data._table.split_rule import SplitRule
from mtljax.data._table.weights import weight_columns


class Roles(NamedTuple):
    """The columns of a table by their use.

    Attributes:
      targets: The columns to predict.
      inputs: The columns to predict from.
      weights: ``{target: column}``, the columns that weigh labels.
      left_out: ``{column: reason}`` for the others.
    """

    targets: tuple[str, ...]
    inputs: tuple[str, ...]
    weights: dict[str, str]
    left_out: dict[str, str]

    @property
    def read(self) -> tuple[str, ...]:
        """The columns that examples are made of."""
        return tuple(dict.fromkeys((*self.targets, *self.inputs, *self.weights.values())))


def roles_of(
    names: Sequence[str],
    targets: Iterable[str],
    columns: Iterable[str],
    drop: Iterable[str],
    rule: SplitRule,
    weight: str | Mapping[str, str],
) -> Roles:
    """Return what each column is for; see `table`.

    Raises:
      ValueError: A column is unknown or has two uses, or there is no target.

    >>> rule = SplitRule(0.1, 0.2, 0, True, '', '')
    >>> roles_of(['a', 'b', 'c'], ['a'], (), ['b'], rule, '').inputs
    ('c',)
    """
    predicted = check_names('targets', targets, names)
    chosen, dropped = check_names('columns', columns, names), check_names('drop', drop, names)
    _check(names, predicted, dropped)
    for option, one in (('time', rule.time), ('group', rule.group)):
        if one:
            check_names(option, one, [name for name in names if name not in predicted])
    weights = weight_columns(weight, predicted, names)
    left_out = dict.fromkeys(weights.values(), 'it holds weights')
    left_out |= {rule.group: 'it holds groups'} if rule.group else {}
    left_out |= dict.fromkeys(dropped, 'the option drop names it')
    used = {*predicted, *left_out}
    twice = [name for name in chosen if name in used]
    if twice:
        raise ValueError(f'columns should name inputs only. Found {shown(twice)}.')
    inputs = [name for name in chosen or names if name not in used]
    others = dict.fromkeys(names, 'the option columns does not name it')
    for name in (*inputs, *predicted):
        others.pop(name, None)
    return Roles(predicted, tuple(inputs), weights, others | left_out)


def _check(names: Sequence[str], targets: Sequence[str], dropped: Sequence[str]) -> None:
    if not targets:
        raise ValueError(
            'targets should name the columns to predict, as in '
            f'--config.data.targets="({shown(names[-1])},)". Found none. The columns are '
            f'{shown(list(names))}.'
        )
    both = [name for name in targets if name in set(dropped)]
    if both:
        raise ValueError(f'targets and drop should name different columns. Found {both} in both.')
