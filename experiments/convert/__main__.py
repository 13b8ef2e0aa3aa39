"""Move a trained model to another sharing scheme, and continue training there.

python -m experiments.convert --from=WORKDIR --to=SCHEME --workdir=DIR [--num_experts=4]
[--noise=0.1] [--set=train.steps=500]

These moves exist:

- hard to soft, independent or cross_stitch: every task gets a copy of the trunk.
- hard to mmoe, omoe or dselect_k: every expert is a copy of the trunk. Noise is added, so that the
  experts can become different. The gates are new.
- soft or independent to hard: the trunk is the average of the towers.
- soft or independent to cross_stitch: the towers do not change.

The program moves the parameters and the model state (batch statistics, frozen parameters) of the
best checkpoint of a run of experiments.train. Everything else starts anew: the step is 0, and the
optimizer, the schedules, the weighting and the random key are new. The old moments of the optimizer
would not fit the new parameters. If you change the number of steps, with --set=train.steps=500, set
the length of the schedule too: a config.json holds plain numbers, and the schedule does not follow.

The program only reads the source, and executes nothing from it: its config may name only public
functions of mtljax and optax. With --trust=PACKAGE, it may also name functions of this package. The
program writes DIR completely or not at all. The last line that it prints is the command that
continues training in DIR.
"""

from absl import flags

from experiments import program
from experiments.convert.conversion import convert
from experiments.convert.request import Request
from experiments.program import UsageError
from mtljax import moves

_FROM = flags.DEFINE_string('from', None, 'The work folder of a run of experiments.train.')
_TO = flags.DEFINE_enum('to', None, moves.targets(), 'The new sharing scheme.')
_WORKDIR = flags.DEFINE_string('workdir', None, 'A new folder for the run with the new scheme.')
_CHECKPOINT = flags.DEFINE_enum(
    'checkpoint', 'best', ['best', 'newest'], 'The checkpoint that is moved.'
)
_NUM_EXPERTS = flags.DEFINE_integer('num_experts', None, 'The number of experts.', lower_bound=1)
_NOISE = flags.DEFINE_float(
    'noise',
    0.0,
    'The noise on the experts, relative to the size of each parameter.',
    lower_bound=0.0,
)
_SET = flags.DEFINE_multi_string(
    'set',
    [],
    'FIELD=VALUE sets a field of the new config, such as sharing.start=1. It can be repeated.',
)
_TRUST = program.define_trust()


def main() -> None:
    """Run the program."""
    folder, scheme, workdir = _FROM.value, _TO.value, _WORKDIR.value
    if not folder or not scheme or not workdir:
        raise UsageError('--from=WORKDIR, --to=SCHEME and --workdir=DIR are expected: see --help.')
    experts = _NUM_EXPERTS.value
    options = [] if experts is None else [f'sharing.num_experts={experts}']
    request = Request(
        program.folder_of(folder, ''),
        scheme,
        program.folder_of(workdir, ''),
        newest=_CHECKPOINT.value == 'newest',
        noise=_NOISE.value,
        options=options + _SET.value,
        trust=_TRUST.value,
    )
    program.console.print(convert(request))


if __name__ == '__main__':
    program.run(main)
