"""Sharing schemes: functions that build a multi-task model from a backbone and heads.

A scheme decides which parts of the network the tasks share. You call it as
``scheme(backbone, heads, **options)``, and it returns a `MultiTask`, the multi-task model.
Parameters on which the losses of several tasks depend are stored under ``params['shared']``.
Parameters on which only one loss depends are stored under ``params['task']``.
"""

from mtljax.sharing._adapters import adapters
from mtljax.sharing._adatt import adatt
from mtljax.sharing._aitm import aitm
from mtljax.sharing._branched import branched
from mtljax.sharing._cgc import cgc
from mtljax.sharing._cross_stitch import cross_stitch
from mtljax.sharing._dselect_k import dselect_k
from mtljax.sharing._esmm import esmm
from mtljax.sharing._film import film
from mtljax.sharing._grouped import grouped
from mtljax.sharing._hard import hard
from mtljax.sharing._independent import independent
from mtljax.sharing._mmoe import mmoe
from mtljax.sharing._mtan import mtan
from mtljax.sharing._multi_input import multi_input
from mtljax.sharing._nddr import nddr
from mtljax.sharing._omoe import omoe
from mtljax.sharing._ple import ple
from mtljax.sharing._sluice import sluice
from mtljax.sharing._soft import soft
from mtljax.sharing._task_token import task_token

__all__ = [
    'adapters',
    'adatt',
    'aitm',
    'branched',
    'cgc',
    'cross_stitch',
    'dselect_k',
    'esmm',
    'film',
    'grouped',
    'hard',
    'independent',
    'mmoe',
    'mtan',
    'multi_input',
    'nddr',
    'omoe',
    'ple',
    'sluice',
    'soft',
    'task_token',
]
