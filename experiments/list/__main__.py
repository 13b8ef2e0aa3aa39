"""List what a config can name: sharing schemes, methods, configs, and their options.

python -m experiments.list schemes
python -m experiments.list methods
python -m experiments.list configs
python -m experiments.list options NAME

NAME is a function, such as mmoe, data.table, surgery.pcgrad or optax:adam; a config, such as digits
or configs/digits.py:pcgrad; or train, for the options of training. If several things have one name,
all are listed. The lines about options are those of the docstrings.
"""

from collections.abc import Iterable, Sequence

from absl import flags

from experiments import program
from experiments.list import listings
from experiments.list.rows import aligned
from experiments.program import UsageError
from mtljax._near import did_you_mean
from mtljax._shown import shown

_WIDTH = flags.DEFINE_integer(
    'width', 100, 'The number of characters that a line may have.', lower_bound=60
)
_LISTS = {
    'schemes': listings.schemes,
    'methods': listings.methods,
    'configs': listings.configs,
}
_KINDS = [
    ['schemes', 'How tasks share parameters.'],
    ['methods', 'How losses are weighted, and how gradients are combined.'],
    ['configs', 'Experiments that are ready to run, and their variants.'],
    ['options NAME', 'The options of a function, or the fields of a config, with their values.'],
]


def main(arguments: Sequence[str]) -> None:
    """Run the program."""
    for line in list(_lines(arguments, _WIDTH.value)):  # an error comes before the first line
        print(line)


def _lines(arguments: Sequence[str], width: int) -> Iterable[str]:
    match list(arguments):
        case []:
            return ['python -m experiments.list KIND, where KIND is:', *aligned(_KINDS, width)]
        case [kind] if kind in _LISTS:
            return _LISTS[kind](width)
        case ['options', name]:
            return listings.options(name, width)
    kinds = [*_LISTS, 'options']
    meant = '' if arguments[0] in kinds else did_you_mean(arguments[0], kinds)
    raise UsageError(
        'The arguments should be schemes, methods, configs, or options NAME. '
        f'Found {shown(" ".join(arguments))}.{meant}'
    )


if __name__ == '__main__':
    program.run(main, arguments=True)
