"""Text entry: one small transformer for three tasks, or one per task: accuracy, and time per word.

python -m experiments.text_entry --config=configs/text_entry.py --config.data.path=FILE

First experiments.compare, with its flags: single-task models and hard sharing, trained and tested.
Then the time from a word entered to its predictions, at batch 1, of hard sharing and of a model per
task with the config's backbone, in turn. Tables and figures go into the folder of the comparison,
and all tables into text_entry.md.
"""

from pathlib import Path

from absl import flags

from experiments import build, program
from experiments.benchmark.timing import interleaved
from experiments.compare import __main__ as compare
from experiments.show import show
from experiments.text_entry import latency

_CALLS = flags.DEFINE_integer('calls', 3_000, 'Words that every model answers.', lower_bound=1)


def main() -> None:
    """Run the program."""
    if flags.FLAGS.workdir is None:
        flags.FLAGS.workdir = str(
            Path('runs') / f'compare-{program.run_name(flags.FLAGS["config"])}'
        )
    compare.main()
    spec = flags.FLAGS.config.to_dict()
    dataset = build.build(spec['data'], 'data')
    backbone = build.build({**dataset.inputs, **spec['backbone']}, 'backbone')
    servers = latency.servers(dataset, backbone)
    calls = {name: server.call for name, server in servers.items()}
    seconds = interleaved(calls, _CALLS.value)
    table = latency.table(servers, seconds)
    note = (
        f'{_CALLS.value:,} words each, in turn, batch 1. The last column: the median over words, '
        'and quartiles.'
    )
    show(table, latency.TITLE, note)
    for path in latency.write(Path(flags.FLAGS.workdir), table, note, seconds):
        program.console.print(str(path), markup=False)


if __name__ == '__main__':
    program.run(main, default=['--config=configs/text_entry.py'])
