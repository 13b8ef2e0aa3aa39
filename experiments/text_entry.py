"""Text entry: one small transformer for three tasks, or one per task: accuracy, and time per word.

python -m experiments.text_entry --config=configs/text_entry.py --config.data.path=FILE

First experiments.compare, with its flags: single-task models and hard sharing, trained and tested.
Then the time from a word entered to its predictions, at batch 1, of hard sharing and of a model per
task with the config's backbone, in turn. Tables and figures go into the folder of the comparison,
and all tables into text_entry.md.
"""

import io
from pathlib import Path

from absl import flags

from experiments import _build, _program, _text_latency, compare
from experiments._dispatch import interleaved
from experiments._show import show
from mtljax.training import write_bytes, write_text

_CALLS = flags.DEFINE_integer('calls', 3_000, 'Words that every model answers.', lower_bound=1)


def main() -> None:
    """Run the program."""
    if flags.FLAGS.workdir is None:
        flags.FLAGS.workdir = str(Path('runs') / _program.run_name(flags.FLAGS['config']))
    compare.main()
    workdir = Path(flags.FLAGS.workdir)
    spec = flags.FLAGS.config.to_dict()
    dataset = _build.build(spec['data'], 'data')
    backbone = _build.build({**dataset.inputs, **spec['backbone']}, 'backbone')
    servers = _text_latency.servers(dataset, backbone)
    calls = {name: server.call for name, server in servers.items()}
    seconds = interleaved(calls, _CALLS.value)
    found = _text_latency.table(servers, seconds)
    note = (
        f'{_CALLS.value:,} words each, in turn, batch 1. The last column: the median over words, '
        'and quartiles.'
    )
    show(found, 'Time per word', note)
    image = io.BytesIO()
    _text_latency.figure(seconds).savefig(image, dpi=150)
    write_bytes(workdir / 'latency.png', image.getvalue())
    accuracy = (workdir / 'table.md').read_text()
    write_text(workdir / 'text_entry.md', f'{accuracy}\n{found.markdown()}\n\n{note}\n')
    for name in ('latency.png', 'text_entry.md'):
        _program.console.print(str(workdir / name), markup=False)


if __name__ == '__main__':
    _program.run(main, default=['--config=configs/text_entry.py'])
