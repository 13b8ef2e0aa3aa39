"""From a config to the objects that it names: a mapping in, no flags."""

from mtljax.build._former_names import current_names, former_names
from mtljax.build._make import make
from mtljax.build._prepare import Prepared, prepare, prepared_by
from mtljax.build._setup import Setup, check_fields, setup, shared_surgery

__all__ = [
    'Prepared',
    'Setup',
    'check_fields',
    'current_names',
    'former_names',
    'make',
    'prepare',
    'prepared_by',
    'setup',
    'shared_surgery',
]
