"""The options that say how columns are read."""

import dataclasses
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from mtljax._shown import shown
from mtljax.data._reading.names import check_names
from mtljax.data._table.number_form import PLAIN, NumberForm
from mtljax.options import check_count

MOST_CLASSES = 100
_MOST_BUCKETS = 1 << 24


@dataclass(frozen=True)
class Options:
    """The options of `table` that say how its columns are read.

    Attributes:
      missing: The texts that stand for an empty cell.
      form: How texts write numbers.
      categorical: The columns of categories.
      hashed: The columns that are hashed.
      numeric: The columns of numbers.
      dates: The form of the dates of some columns.
      log: The targets whose logarithm is learnt.
      quantile: The targets whose normal quantile is learnt.
      most_categories: The most categories of a column, and the number of buckets.
    """

    missing: tuple[str, ...] = ('',)
    form: NumberForm = PLAIN
    categorical: Collection[str] = ()
    hashed: Collection[str] = ()
    numeric: Collection[str] = ()
    dates: Mapping[str, str] = field(default_factory=dict)
    log: Collection[str] = ()
    quantile: Collection[str] = ()
    most_categories: int = 10_000

    def __post_init__(self):
        check_count('most_categories', self.most_categories, 1, most=_MOST_BUCKETS)

    def naming(
        self,
        known: Collection[str],
        targets: Collection[str],
        *,
        dates: Mapping[str, str] | Iterable[tuple[str, str]],
        **options: Iterable[str],
    ) -> 'Options':
        """Return these options with the columns that options name.

        Args:
          known: The columns of the table.
          targets: The columns to predict.
          dates: The form of the dates of some columns.
          **options: The columns of the other fields.

        Raises:
          ValueError: A column is unknown, is named twice, or has another role.

        >>> Options().naming(['a'], [], dates={}, log=['a'])
        Traceback (most recent call last):
        ValueError: log should name targets, []. Found ['a'].
        """
        try:
            forms = dict(dates)
        except (TypeError, ValueError):
            forms = {'': None}
        if not all(isinstance(form, str) for form in forms.values()):
            raise ValueError(
                "dates should be {column: form}, or pairs, such as (('day', '%d.%m.%Y'),). Found "
                f'{shown(dates)}.'
            )
        names = {option: check_names(option, value, known) for option, value in options.items()}
        names['dates'] = check_names('dates', forms, known)
        for option in ('log', 'quantile'):
            check_names(option, names.get(option, ()), targets, 'targets')
        _check_apart(names)
        return dataclasses.replace(self, **(names | {'dates': forms}))

    @property
    def named(self) -> frozenset[str]:
        """The columns whose cells are read as texts, whatever they hold."""
        return frozenset([*self.categorical, *self.hashed])


def _check_apart(names: Mapping[str, Collection[str]]) -> None:
    for group in (('categorical', 'hashed', 'numeric', 'dates'), ('log', 'quantile')):
        first: dict[str, str] = {}
        for option in group:
            for name in names.get(option, ()):
                if name in first:
                    raise ValueError(
                        f'{first[name]} and {option} should name different columns. Found '
                        f'{shown(name)} in both.'
                    )
                first[name] = option
