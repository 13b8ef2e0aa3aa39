from tests.surgery.oracles._aligned_mtl import aligned_mtl
from tests.surgery.oracles._bargain import bargain
from tests.surgery.oracles._cagrad import cagrad
from tests.surgery.oracles._conflict_free import conflict_free
from tests.surgery.oracles._conflict_free_momentum import conflict_free_momentum
from tests.surgery.oracles._db_mtl import db_mtl
from tests.surgery.oracles._dual_cone import dual_cone
from tests.surgery.oracles._dualproj import dualproj
from tests.surgery.oracles._excess_mtl import excess_mtl
from tests.surgery.oracles._fairgrad import fairgrad
from tests.surgery.oracles._graddrop import graddrop
from tests.surgery.oracles._gradnorm import gradnorm
from tests.surgery.oracles._gradvac import gradvac
from tests.surgery.oracles._imtl_g import imtl_g
from tests.surgery.oracles._krum import krum
from tests.surgery.oracles._mean import mean
from tests.surgery.oracles._metabalance import metabalance
from tests.surgery.oracles._mgda import mgda
from tests.surgery.oracles._moco import moco
from tests.surgery.oracles._nash_mtl import nash_mtl
from tests.surgery.oracles._pcgrad import pcgrad
from tests.surgery.oracles._simplex import min_norm, simplex_projection
from tests.surgery.oracles._sum import sum
from tests.surgery.oracles._trimmed_mean import trimmed_mean
from tests.surgery.oracles._upgrad import upgrad

__all__ = [
    'aligned_mtl',
    'bargain',
    'cagrad',
    'conflict_free',
    'conflict_free_momentum',
    'db_mtl',
    'dual_cone',
    'dualproj',
    'excess_mtl',
    'fairgrad',
    'graddrop',
    'gradnorm',
    'gradvac',
    'imtl_g',
    'krum',
    'mean',
    'metabalance',
    'mgda',
    'min_norm',
    'moco',
    'nash_mtl',
    'pcgrad',
    'simplex_projection',
    'sum',
    'trimmed_mean',
    'upgrad',
]
