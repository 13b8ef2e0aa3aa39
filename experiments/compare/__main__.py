"""Compare methods over seeds with the single-task baseline: tables, and figures.

python -m experiments.compare --config=configs/NAME.py --sharing=hard,mmoe --surgery=sum,pcgrad

The program trains every combination of --sharing, --weighting and --surgery. With --nocrossed, it
changes one field of the config at a time. If a list is left out, config.comparison gives it, or
else it is the method of the config. Names are those of mtljax.sharing, mtljax.weighting and
mtljax.surgery, or of config.methods. The baseline is one network per task; each is trained
separately and has its own best step.

--tune adds, for each sharing scheme, the best of several constant weights. With --rates, every
method chooses its learning rate from one list. All choices use the validation split, by the mean
over seeds.

Every run is written to the folder as soon as it is done. If the program starts again, also with
other lists or more seeds, it trains the missing runs only.
Without flags: hard sharing with and without PCGrad on handwritten digits.
"""

from pathlib import Path

from absl import flags

from experiments import program
from experiments.compare.plan import define_flags, read_plan
from experiments.compare.run_comparison import run_comparison

_CONFIG = program.define_config()
_WORKDIR = program.define_workdir()
define_flags()


def main() -> None:
    """Run the program."""
    config, name = _CONFIG.value, program.run_name(flags.FLAGS['config'])
    workdir = Path(_WORKDIR.value or Path('runs') / f'compare-{name}')
    run_comparison(config, read_plan(config), name, workdir)


if __name__ == '__main__':
    program.run(main, default=['--config=configs/digits.py', '--surgery=sum,pcgrad'])
