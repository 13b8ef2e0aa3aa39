"""Gradient surgery: methods that combine the gradients of several tasks into one update.

A task gradient is the gradient of one task's loss. Each method is an optax transform: it receives
the gradients of all tasks and returns one update. `on_shared` applies a method to the shared
parameters of a model.
"""

from mtljax.surgery._aligned_mtl import aligned_mtl
from mtljax.surgery._angles import Angles
from mtljax.surgery._cagrad import cagrad
from mtljax.surgery._conflict_free import conflict_free
from mtljax.surgery._conflict_free_momentum import conflict_free_momentum
from mtljax.surgery._db_mtl import db_mtl
from mtljax.surgery._dualproj import dualproj
from mtljax.surgery._every import every
from mtljax.surgery._excess_mtl import excess_mtl
from mtljax.surgery._fairgrad import fairgrad
from mtljax.surgery._from_gramian import from_cosines, from_gramian
from mtljax.surgery._graddrop import graddrop
from mtljax.surgery._gradnorm import gradnorm
from mtljax.surgery._gradvac import gradvac
from mtljax.surgery._imtl_g import imtl_g
from mtljax.surgery._krum import krum
from mtljax.surgery._mean import mean
from mtljax.surgery._metabalance import metabalance
from mtljax.surgery._mgda import mgda
from mtljax.surgery._moco import moco
from mtljax.surgery._nash_mtl import nash_mtl
from mtljax.surgery._on_shared import on_shared
from mtljax.surgery._pcgrad import pcgrad
from mtljax.surgery._per_group import per_group, per_leaf
from mtljax.surgery._rescale import rescale
from mtljax.surgery._smooth import smooth
from mtljax.surgery._sum import sum
from mtljax.surgery._surgery import Surgery, SurgeryState, Traits, transform
from mtljax.surgery._trimmed_mean import trimmed_mean
from mtljax.surgery._upgrad import upgrad
from mtljax.surgery._watch import Watched, watch
from mtljax.surgery._with_preference import with_preference

__all__ = [
    'Angles',
    'Surgery',
    'SurgeryState',
    'Traits',
    'Watched',
    'aligned_mtl',
    'cagrad',
    'conflict_free',
    'conflict_free_momentum',
    'db_mtl',
    'dualproj',
    'every',
    'excess_mtl',
    'fairgrad',
    'from_cosines',
    'from_gramian',
    'graddrop',
    'gradnorm',
    'gradvac',
    'imtl_g',
    'krum',
    'mean',
    'metabalance',
    'mgda',
    'moco',
    'nash_mtl',
    'on_shared',
    'pcgrad',
    'per_group',
    'per_leaf',
    'rescale',
    'smooth',
    'sum',
    'transform',
    'trimmed_mean',
    'upgrad',
    'watch',
    'with_preference',
]
