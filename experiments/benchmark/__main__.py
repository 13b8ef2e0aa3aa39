"""Measure, never remember: benchmarks that print a table.

python -m experiments.benchmark --suite=SUITE [--peers=torch] [--rounds=9] [--out=FILE.md]
    [--figure=FILE.png] [--libmtl=PATH] [--tasks=2,8]

dispatch: the fast path of training.train (data on the device, a scan of steps) against a Python
loop of the jitted step with host batches, and against the same loop in eager PyTorch.

sharing: a step of every sharing scheme; MMoE with stacked experts against the same experts in a
list; seconds to compile a step as experts and tasks grow in number; MMoE against eager PyTorch.

surgery: steps of several methods for 2 to 40 tasks, against the plain sum, against the floor (one
forward, one pullback a task) and, with --peers=torch,torchjd,libmtl, against the same steps in
PyTorch.

engines: every engine on wide and narrow trunks, experts, attention and convolutions; seconds to
compile a step.

data: examples a second on KDD census-income (fetched before: python -m experiments.data fetch
census); four seeds in one program against one after the other, and which of them is chosen.

cost: parameters, FLOPs and latency of one encoder with four heads: hard, soft, MMoE, separate.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

from absl import flags
from matplotlib.figure import Figure

from experiments import program
from experiments.benchmark import cost, data, dispatch, engines, sharing, surgery, surgery_pytorch
from mtljax.analysis import Table
from mtljax.files import write_text

_LIBRARIES = {
    'dispatch': ('torch',),
    'sharing': ('torch',),
    'surgery': surgery_pytorch.LIBRARIES,
    'data': ('torch',),
}
_SUITE = flags.DEFINE_enum(
    'suite',
    'dispatch',
    ['dispatch', 'sharing', 'surgery', 'engines', 'data', 'cost'],
    'What to measure.',
)
_PEERS = flags.DEFINE_list(
    'peers', [], 'Other libraries to run beside: torch; in the suite surgery also torchjd, libmtl.'
)
_LIBMTL = flags.DEFINE_string('libmtl', None, 'The folder of a clone of LibMTL.')
_ROUNDS = flags.DEFINE_integer('rounds', 9, 'Interleaved rounds per row.', lower_bound=1)
_TASKS = flags.DEFINE_list(
    'tasks', ['2', '4', '8', '16', '40'], 'Numbers of tasks in the suite surgery.'
)
_OUT = flags.DEFINE_string('out', None, 'A Markdown file to write the table to.')
_FIGURE = flags.DEFINE_string('figure', None, 'A PNG file for the figure of the suite surgery.')


def main() -> None:
    """Run the program."""
    known = _LIBRARIES.get(_SUITE.value, ())
    if unknown := sorted(set(_PEERS.value) - set(known)):
        raise program.UsageError(
            f'--peers of the suite {_SUITE.value} knows {", ".join(known) or "none"}. '
            f'Found {unknown}.'
        )
    parts = []
    for title, table in _tables(_ROUNDS.value, _PEERS.value):
        parts.append(f'{title}\n\n{table.markdown()}'.strip())
        program.console.print(parts[-1], end='\n\n')
    if _OUT.value:
        write_text(Path(_OUT.value), '\n\n'.join(parts) + '\n')
        program.console.print(_OUT.value)


def _tables(rounds: int, peers: Sequence[str]) -> Iterable[tuple[str, Table]]:
    """The tables of the suite that is asked for, each with the line above it."""
    with_torch = 'torch' in peers
    match _SUITE.value:
        case 'sharing':
            return sharing.tables(rounds, with_torch=with_torch)
        case 'surgery':
            surgery_pytorch.find(peers, _LIBMTL.value)
            return surgery.tables(rounds, _whole(_TASKS.value), peers, _draw)
        case 'engines':
            return engines.tables(rounds)
        case 'data':
            return data.tables(rounds, with_torch=with_torch)
        case 'cost':
            return cost.tables(rounds)
    return [('', dispatch.table(rounds, with_torch=with_torch))]


def _whole(found: Sequence[str]) -> list[int]:
    if not found or not all(each.isdecimal() and int(each) for each in found):
        raise program.UsageError(f'--tasks should be whole numbers from 1 on. Found {found}.')
    return [int(each) for each in found]


def _draw(figure: Figure) -> None:
    if _FIGURE.value:
        figure.savefig(_FIGURE.value, dpi=150)


if __name__ == '__main__':
    program.run(main)
