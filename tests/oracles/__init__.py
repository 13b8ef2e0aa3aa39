from tests.oracles._aligned_mtl import aligned_mtl
from tests.oracles._bargain import bargain
from tests.oracles._cagrad import cagrad
from tests.oracles._conflict_free import conflict_free
from tests.oracles._conflict_free_momentum import conflict_free_momentum
from tests.oracles._db_mtl import db_mtl
from tests.oracles._dual_cone import dual_cone
from tests.oracles._dualproj import dualproj
from tests.oracles._excess_mtl import excess_mtl
from tests.oracles._fairgrad import fairgrad
from tests.oracles._graddrop import graddrop
from tests.oracles._gradnorm import gradnorm
from tests.oracles._gradvac import gradvac
from tests.oracles._imtl_g import imtl_g
from tests.oracles._krum import krum
from tests.oracles._mean import mean
from tests.oracles._metabalance import metabalance
from tests.oracles._mgda import mgda
from tests.oracles._moco import moco
from tests.oracles._nash_mtl import nash_mtl
from tests.oracles._pcgrad import pcgrad
from tests.oracles._simplex import min_norm, simplex_projection
from tests.oracles._sum import sum
from tests.oracles._trimmed_mean import trimmed_mean
from tests.oracles._upgrad import upgrad

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
