"""Benchmarks: measure speed and cost, and print a table.

python -m experiments.benchmark --suite=SUITE [--peers=torch] [--rounds=9] [--out=FILE.md]
    [--figure=FILE.png] [--libmtl=PATH] [--tasks=2,8] [--folder=FOLDER] [--rows=20000000]

The suites:

- dispatch: the fast path of training.train, which keeps the data on the device and scans over the
  steps. It is compared with a Python loop of the jitted step on host batches, and with the same
  loop in eager PyTorch.
- sharing: a step of every sharing scheme, and MMoE with stacked experts against the same experts in
  a list. Also the seconds to compile a step for more and more experts and tasks, and MMoE against
  eager PyTorch.
- surgery: steps of several methods for 2 to 40 tasks. They are compared with the plain sum and with
  the floor, which is one forward pass and one backward pass per task. With
  --peers=torch,torchjd,libmtl, they are also compared with the same steps in PyTorch.
- watch: a step of PCGrad with a watch, which measures the angles between the task gradients,
  against one without it.
- engines: the ways to compute the task gradients, on wide and narrow networks, experts, attention
  and convolutions. Also the seconds to compile a step.
- data: examples per second on KDD census-income, and four seeds in one program against one seed
  after the other. The table also shows which of the two ways training would choose. Fetch the data
  first with python -m experiments.data fetch census.
- tables: rows per second and memory of a large table that is streamed from a file of Parquet. The
  file is generated in --folder. With --peers=torch, also of pandas and a DataLoader of PyTorch.
- serving: one encoder with four heads against four models and MMoE: latency in process, and
  requests per second of services over loopback at the largest load whose 99th percentile is below
  50 ms. Also batches of several requests against one call per request. With
  --peers=torch,onnxruntime, also the latency of the same weights there.
- cost: parameters, FLOPs and latency of one encoder with four heads: hard sharing, soft sharing,
  MMoE, and separate programs.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

from absl import flags
from matplotlib.figure import Figure

from experiments import program
from experiments.benchmark import (
    cost,
    data,
    dispatch,
    engines,
    pytorch,
    serving,
    serving_peers,
    sharing,
    surgery,
    surgery_pytorch,
    tables,
    watch,
)
from mtljax.analysis import Table
from mtljax.files import png_of, write_bytes, write_text

_LIBRARIES = {
    'dispatch': ('torch',),
    'sharing': ('torch',),
    'surgery': surgery_pytorch.LIBRARIES,
    'data': ('torch',),
    'tables': ('torch',),
    'serving': serving_peers.NAMES,
}
_SUITE = flags.DEFINE_enum(
    'suite',
    'dispatch',
    ['dispatch', 'sharing', 'surgery', 'watch', 'engines', 'data', 'tables', 'serving', 'cost'],
    'The suite to run.',
)
_PEERS = flags.DEFINE_list(
    'peers',
    [],
    'Other libraries to measure: torch. The suite surgery also knows torchjd and libmtl.',
)
_LIBMTL = flags.DEFINE_string('libmtl', None, 'The folder of a clone of the LibMTL repository.')
_ROUNDS = flags.DEFINE_integer(
    'rounds', 9, 'The number of rounds per row of the table.', lower_bound=1
)
_TASKS = flags.DEFINE_list(
    'tasks', ['2', '4', '8', '16', '40'], 'The numbers of tasks in the suites surgery and watch.'
)
_OUT = flags.DEFINE_string('out', None, 'A Markdown file to write the table to.')
_FOLDER = flags.DEFINE_string('folder', None, 'The folder of the file of the suite tables.')
_ROWS = flags.DEFINE_integer(
    'rows', 20_000_000, 'The rows of the file of the suite tables.', lower_bound=20_000
)
_PEER_ROWS = flags.DEFINE_integer(
    'peer_rows', 2_000_000, 'The first rows of this file that pandas reads.', lower_bound=20_000
)
_FIGURE = flags.DEFINE_string('figure', None, 'A PNG file for the figure of the suite surgery.')


def main() -> None:
    """Run the program."""
    known = _LIBRARIES.get(_SUITE.value, ())
    if unknown := sorted(set(_PEERS.value) - set(known)):
        raise program.UsageError(
            f'--peers of the suite {_SUITE.value} should be among {list(known)}. Found {unknown}.'
        )
    parts = []
    for title, table in _tables(_ROUNDS.value, _PEERS.value):
        parts.append(f'{title}\n\n{table.markdown()}'.strip())
        program.console.print(parts[-1], end='\n\n')
    if _OUT.value:
        write_text(Path(_OUT.value), '\n\n'.join(parts) + '\n')
        program.console.print(_OUT.value)


def _tables(rounds: int, peers: Sequence[str]) -> Iterable[tuple[str, Table]]:
    """Return the tables of the chosen suite, each with its title."""
    with_torch = 'torch' in peers
    if with_torch:
        pytorch.library()  # before anything is measured
    match _SUITE.value:
        case 'sharing':
            return sharing.tables(rounds, with_torch=with_torch)
        case 'surgery':
            surgery_pytorch.check_installed(peers, _LIBMTL.value)
            return surgery.tables(rounds, _numbers(_TASKS.value), peers, _draw)
        case 'engines':
            return engines.tables(rounds)
        case 'data':
            return data.tables(rounds, with_torch=with_torch)
        case 'tables':
            if not _FOLDER.value:
                raise program.UsageError('The suite tables needs --folder=FOLDER for its file.')
            sizes = _ROWS.value, _PEER_ROWS.value
            return tables.tables(Path(_FOLDER.value), *sizes, with_torch=with_torch)
        case 'serving':
            return serving.tables(rounds, peers)
        case 'watch':
            return watch.tables(rounds, _numbers(_TASKS.value))
        case 'cost':
            return cost.tables(rounds)
    return [('', dispatch.table(rounds, with_torch=with_torch))]


def _numbers(texts: Sequence[str]) -> list[int]:
    if not texts or not all(text.isdecimal() and int(text) for text in texts):
        raise program.UsageError(f'--tasks should be whole numbers >= 1. Found {texts}.')
    return [int(text) for text in texts]


def _draw(figure: Figure) -> None:
    if _FIGURE.value:
        write_bytes(Path(_FIGURE.value), png_of(figure))


if __name__ == '__main__':
    program.run(main)
