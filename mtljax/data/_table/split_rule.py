"""The rule by which the rows of a table are split."""

from dataclasses import dataclass

from mtljax.data._splits.random_rows import check_shares
from mtljax.options import check_flag, check_seed


@dataclass(frozen=True)
class SplitRule:
    """The options of `table` that say how rows are split.

    Raises:
      ValueError: A share is not in [0, 1), the seed is no seed, or both ``time`` and ``group`` name
        a column.
    """

    validation: float
    test: float
    seed: int
    stratify: bool
    time: str
    group: str

    def __post_init__(self):
        check_seed('seed', self.seed)
        check_shares(self.validation, self.test)
        check_flag('stratify', self.stratify)
        for name, column in (('time', self.time), ('group', self.group)):
            if not isinstance(column, str):
                raise ValueError(f'{name} should be a column. Found {name} = {column!r:.80}.')
        if self.time and self.group:
            raise ValueError(
                'Rows should be split by time or by group. Found '
                f'time = {self.time!r} and group = {self.group!r}.'
            )
