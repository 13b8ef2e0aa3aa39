"""Training: pure steps, and the loop that most people call."""

from mtljax.training._checkpoint import Checkpoints
from mtljax.training._constant import constant
from mtljax.training._evaluate import Results, eval_step, evaluate, evaluator
from mtljax.training._features import Features
from mtljax.training._finite import NonFiniteLossError
from mtljax.training._logging import Log, Row, read_rows, write_bytes, write_text
from mtljax.training._loop import Result, train
from mtljax.training._objective import objective
from mtljax.training._parallel import Jit, Pmap, Strategy, strategy_of
from mtljax.training._preflight import check
from mtljax.training._runner import Runner, runner, scans_well
from mtljax.training._scale_rate import scale_rate
from mtljax.training._seeds import train_seeds
from mtljax.training._select import filled, select_by
from mtljax.training._step import TrainStep, train_step
from mtljax.training._stored import Stored, stored
from mtljax.training._together import fits_together

__all__ = [
    'Checkpoints',
    'Features',
    'Jit',
    'Log',
    'NonFiniteLossError',
    'Pmap',
    'Result',
    'Results',
    'Row',
    'Runner',
    'Stored',
    'Strategy',
    'TrainStep',
    'check',
    'constant',
    'eval_step',
    'evaluate',
    'evaluator',
    'filled',
    'fits_together',
    'objective',
    'read_rows',
    'runner',
    'scale_rate',
    'scans_well',
    'select_by',
    'stored',
    'strategy_of',
    'train',
    'train_seeds',
    'train_step',
    'write_bytes',
    'write_text',
]
