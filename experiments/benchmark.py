"""Measure, never remember: benchmarks that print a table.

python -m experiments.benchmark --suite=dispatch [--peers=torch] [--rounds=9] [--out=FILE.md]

dispatch: the fast path of training.train (data on the device, a scan of steps) against a Python
loop of the jitted step with host batches, and against the same loop in eager PyTorch.
"""

from pathlib import Path

from absl import flags

from experiments import _dispatch, _program
from mtljax.training import write_text

_SUITE = flags.DEFINE_enum('suite', 'dispatch', ['dispatch'], 'What to measure.')
_PEERS = flags.DEFINE_list('peers', [], 'Other libraries to run beside: torch.')
_ROUNDS = flags.DEFINE_integer('rounds', 9, 'Interleaved rounds per row.', lower_bound=1)
_OUT = flags.DEFINE_string('out', None, 'A Markdown file to write the table to.')


def main() -> None:
    """Run the program."""
    unknown = set(_PEERS.value) - {'torch'}
    if unknown:
        raise _program.UsageError(f'--peers knows torch. Found {sorted(unknown)}.')
    text = _dispatch.table(_ROUNDS.value, with_torch='torch' in _PEERS.value).markdown()
    _program.console.print(text)
    if _OUT.value:
        write_text(Path(_OUT.value), text + '\n')
        _program.console.print(_OUT.value)


if __name__ == '__main__':
    _program.run(main)
