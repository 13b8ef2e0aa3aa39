"""Training: a complete training loop, and the functions from which you can build your own loop.

Most users call `train`. To write your own loop, use `train_step`, `evaluate` and `Checkpoints`.
"""

from mtljax._renamed import renamed as _renamed
from mtljax.training._callbacks import Callback, Evaluation
from mtljax.training._checkpoint import Checkpoints
from mtljax.training._constant_baseline import constant_baseline
from mtljax.training._evaluate import (
    Results,
    eval_step,
    evaluate,
    evaluate_batches,
    evaluator,
)
from mtljax.training._features import Features
from mtljax.training._find_learning_rate import RateCurve, find_learning_rate
from mtljax.training._finite import NonFiniteLossError
from mtljax.training._log_rows import read_rows
from mtljax.training._log_to_mlflow import log_to_mlflow
from mtljax.training._log_to_tensorboard import log_to_tensorboard
from mtljax.training._log_to_trackio import log_to_trackio
from mtljax.training._log_to_wandb import log_to_wandb
from mtljax.training._logger import Logger, LogStart, OpenLogger
from mtljax.training._loop import Result
from mtljax.training._objective import objective
from mtljax.training._options import Options
from mtljax.training._precompute import Precomputed, precompute
from mtljax.training._preflight import preflight
from mtljax.training._restart import restart
from mtljax.training._save_parameters import save_parameters
from mtljax.training._saved import Saved, check_data, load, load_parameters
from mtljax.training._scale_rate import scale_rate
from mtljax.training._schema_file import read_schema
from mtljax.training._seeds import train_seeds
from mtljax.training._select import filled, select_by
from mtljax.training._should_vmap_seeds import should_vmap_seeds
from mtljax.training._start import initial_state, save_start
from mtljax.training._step import TrainStep, train_step
from mtljax.training._stopped import StoppedError
from mtljax.training._train import train
from mtljax.training._verify import Verdict, verify

__all__ = [
    'Callback',
    'Checkpoints',
    'Evaluation',
    'Features',
    'LogStart',
    'Logger',
    'NonFiniteLossError',
    'OpenLogger',
    'Options',
    'Precomputed',
    'RateCurve',
    'Result',
    'Results',
    'Saved',
    'StoppedError',
    'TrainStep',
    'Verdict',
    'check_data',
    'constant_baseline',
    'eval_step',
    'evaluate',
    'evaluate_batches',
    'evaluator',
    'filled',
    'find_learning_rate',
    'initial_state',
    'load',
    'load_parameters',
    'log_to_mlflow',
    'log_to_tensorboard',
    'log_to_trackio',
    'log_to_wandb',
    'objective',
    'precompute',
    'preflight',
    'read_rows',
    'read_schema',
    'restart',
    'save_parameters',
    'save_start',
    'scale_rate',
    'select_by',
    'should_vmap_seeds',
    'train',
    'train_seeds',
    'train_step',
    'verify',
]

_RENAMED = {
    'Stored': 'mtljax.training:Precomputed',
    'check': 'mtljax.training:preflight',
    'constant': 'mtljax.training:constant_baseline',
    'fits_together': 'mtljax.training:should_vmap_seeds',
    'stored': 'mtljax.training:precompute',
    'write_bytes': 'mtljax.files:write_bytes',
    'write_text': 'mtljax.files:write_text',
}
__getattr__ = _renamed(__name__, _RENAMED)
