"""Text entry with one small transformer for three tasks, or one per task: accuracy and latency.

python -m experiments.text_entry --config=configs/text_entry.py --config.data.path=FILE

First, the program trains and tests single-task models and hard sharing. It does this as
experiments.compare does, with the same flags. Then it measures the time from the input of a word to
its predictions, at batch size 1. It compares hard sharing with one model per task. All models have
the backbone of the config, and they take turns.

The tables and figures are written to the folder of the comparison. All tables are also in
text_entry.md.
"""

from absl import flags

from experiments import build, program
from experiments.benchmark.timing import interleaved
from experiments.compare.plan import define_flags, read_plan
from experiments.compare.run_comparison import run_comparison
from experiments.show import show
from experiments.text_entry import latency

program.define_config()
_WORKDIR = program.define_workdir()
define_flags()
_CALLS = flags.DEFINE_integer(
    'calls', 3_000, 'The number of words for which each model is timed.', lower_bound=1
)


def main() -> None:
    """Run the program."""
    flag = flags.FLAGS['config']
    config, name = program.config_of(flag), program.run_name(flag)
    workdir = program.folder_of(_WORKDIR.value, f'compare-{name}')
    run_comparison(config, read_plan(config), name, workdir)
    spec = config.to_dict()
    dataset = build.build(spec['data'], 'data')
    backbone = build.build({**dataset.inputs, **spec['backbone']}, 'backbone')
    servers = latency.servers(dataset, backbone)
    calls = {name: server.call for name, server in servers.items()}
    seconds = interleaved(calls, _CALLS.value)
    table = latency.table(servers, seconds)
    note = (
        f'Each of {_CALLS.value:,} words was given to the models one after the other, with batch '
        f'size 1. The relative columns divide by the value of "{latency.SHARED}". The relative '
        'time is the median of the ratios over all words, with quartiles.'
    )
    show(table, latency.TITLE, note)
    for path in latency.write(workdir, table, note, seconds):
        program.console.print(str(path), markup=False)


if __name__ == '__main__':
    program.run(main, default=['--config=configs/text_entry.py'])
