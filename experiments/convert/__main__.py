"""Move a trained model to another sharing scheme, and train on from there.

python -m experiments.convert --from=WORKDIR --to=SCHEME --workdir=DIR [--num_experts=4]
[--noise=0.1] [--set=train.steps=500]

hard to soft, independent or cross_stitch: every task gets a copy of the trunk. hard to mmoe, omoe
or dselect_k: every expert is a copy of it, with noise that lets them part; gates are new. soft or
independent to hard: one trunk, the average of the towers; to cross_stitch: the towers as they are.

Parameters and model state (batch statistics, frozen parameters) move, those of the best checkpoint
of a run of experiments.train. All else begins anew: step 0, optimiser, schedules, weighting, random
key. An optimiser's moments would not be those of the new parameters. A config.json holds numbers,
not what they came from: with --set=train.steps=500, set the length of a schedule too.

The source is only read. DIR is written whole or not at all; the last line is the command that
trains on in it.
"""

from pathlib import Path

from absl import flags

from experiments import program
from experiments.convert import moves
from experiments.convert.conversion import Request, convert
from experiments.program import UsageError

_FROM = flags.DEFINE_string('from', None, 'The work folder of a run of experiments.train.')
_TO = flags.DEFINE_enum('to', None, moves.TARGETS, 'The new sharing scheme.')
_WORKDIR = flags.DEFINE_string('workdir', None, 'A new folder, for the run that trains on.')
_CHECKPOINT = flags.DEFINE_enum('checkpoint', 'best', ['best', 'newest'], 'Which one moves.')
_NUM_EXPERTS = flags.DEFINE_integer('num_experts', None, 'How many experts.', lower_bound=1)
_NOISE = flags.DEFINE_float(
    'noise', 0.0, 'Of the experts, relative to the size of each parameter.', lower_bound=0.0
)
_SET = flags.DEFINE_multi_string(
    'set', [], 'FIELD=VALUE in the new config, such as sharing.start=1; any number of times.'
)


def main() -> None:
    """Run the program."""
    folder, scheme, workdir = _FROM.value, _TO.value, _WORKDIR.value
    if not folder or not scheme or not workdir:
        raise UsageError('--from=WORKDIR, --to=SCHEME and --workdir=DIR are expected: see --help.')
    experts = _NUM_EXPERTS.value
    own = [] if experts is None else [f'sharing.num_experts={experts}']
    request = Request(
        Path(folder),
        scheme,
        Path(workdir),
        newest=_CHECKPOINT.value == 'newest',
        noise=_NOISE.value,
        options=own + _SET.value,
    )
    program.console.print(convert(request))


if __name__ == '__main__':
    program.run(main)
