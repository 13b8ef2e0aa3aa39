"""Compare methods with each other and with single-task training, over seeds: tables and figures.

python -m experiments.compare --config=configs/NAME.py --sharing=hard,mmoe --surgery=sum,pcgrad

The program trains every combination of --sharing, --weighting and --surgery. With --nocrossed, it
changes one of these fields of the config at a time. If you leave out a list, the program takes it
from config.comparison. If it is not there either, the list is the single method in the config. The
names are those of mtljax.sharing, mtljax.weighting and mtljax.surgery, or of config.methods. The
baseline is one network per task. Each network is trained separately, and is tested at its own best
step.

With --tune, the program also trains several constant weights for each sharing scheme, and shows the
best. With --rates, every method chooses its learning rate from one list. All choices use the mean
over seeds on the validation split.

The program writes every run to the folder as soon as it is done. If you start it again, it trains
only the missing runs. You may then add methods or seeds.

Without flags, it compares hard sharing with and without PCGrad on handwritten digits.
"""

from absl import flags

from experiments import program
from experiments.compare.plan import define_flags, read_plan
from experiments.compare.run_comparison import run_comparison

program.define_config()
_WORKDIR = program.define_workdir()
define_flags()


def main() -> None:
    """Run the program."""
    flag = flags.FLAGS['config']
    config, name = program.config_of(flag), program.run_name(flag)
    workdir = program.folder_of(_WORKDIR.value, f'compare-{name}')
    run_comparison(config, read_plan(config), name, workdir)


if __name__ == '__main__':
    program.run(main, default=['--config=configs/digits.py', '--surgery=sum,pcgrad'])
