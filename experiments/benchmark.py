"""Measure, never remember: benchmarks that print a table.

python -m experiments.benchmark --suite=SUITE [--peers=torch] [--rounds=9] [--out=FILE.md]

dispatch: the fast path of training.train (data on the device, a scan of steps) against a Python
loop of the jitted step with host batches, and against the same loop in eager PyTorch.

sharing: a step of every sharing scheme; MMoE with stacked experts against the same experts in a
list; seconds to compile a step as experts and tasks grow in number; MMoE against eager PyTorch.

engines: time (in units of the step on the plain sum) and temporary memory of a step of PCGrad with
every engine, for wide and narrow trunks, experts, attention and convolutions.

data: examples a second on KDD census-income (fetched before: python -m experiments.data fetch
census); four seeds in one program against one after the other, and which of them is chosen.
"""

from pathlib import Path

from absl import flags

from experiments import _data_bench, _dispatch, _engine_bench, _program, _sharing_bench
from mtljax.analysis import Table
from mtljax.training import write_text

_SUITE = flags.DEFINE_enum(
    'suite', 'dispatch', ['dispatch', 'sharing', 'engines', 'data'], 'What to measure.'
)
_PEERS = flags.DEFINE_list('peers', [], 'Other libraries to run beside: torch.')
_ROUNDS = flags.DEFINE_integer('rounds', 9, 'Interleaved rounds per row.', lower_bound=1)
_OUT = flags.DEFINE_string('out', None, 'A Markdown file to write the table to.')


def main() -> None:
    """Run the program."""
    unknown = set(_PEERS.value) - {'torch'}
    if unknown:
        raise _program.UsageError(f'--peers knows torch. Found {sorted(unknown)}.')
    suites = {
        'dispatch': _dispatch_suite,
        'sharing': _sharing_bench.tables,
        'engines': _engine_bench.tables,
        'data': _data_bench.tables,
    }
    found = suites[_SUITE.value](_ROUNDS.value, with_torch='torch' in _PEERS.value)
    text = '\n\n'.join(f'{title}\n\n{table.markdown()}'.strip() for title, table in found)
    _program.console.print(text)
    if _OUT.value:
        write_text(Path(_OUT.value), text + '\n')
        _program.console.print(_OUT.value)


def _dispatch_suite(rounds: int, *, with_torch: bool) -> list[tuple[str, Table]]:
    return [('', _dispatch.table(rounds, with_torch=with_torch))]


if __name__ == '__main__':
    _program.run(main)
