"""Data sets: tasks, with their training, validation and test splits."""

from mtljax.data._aliexpress.aliexpress import aliexpress
from mtljax.data._arrays import arrays
from mtljax.data._celeba import celeba
from mtljax.data._census.census import census
from mtljax.data._daily_series.calendar import calendar_features
from mtljax.data._daily_series.daily_series import daily_series
from mtljax.data._daily_series.origins import rolling_origins
from mtljax.data._dense_folder.augment import augment_scenes
from mtljax.data._dense_folder.cityscapes import cityscapes
from mtljax.data._dense_folder.nyuv2 import nyuv2
from mtljax.data._digits import digits
from mtljax.data._mmoe_synthetic import mmoe_synthetic
from mtljax.data._movielens.movielens import movielens
from mtljax.data._multi_mnist.multi_mnist import multi_mnist
from mtljax.data._multi_target.multi_target import multi_target
from mtljax.data._office import office
from mtljax.data._only import only
from mtljax.data._qm9.qm9 import qm9
from mtljax.data._ranking_log.ranking_log import ranking_log
from mtljax.data._reading.npz import read_arrays
from mtljax.data._reading.paths import fetched_folder
from mtljax.data._scenes.scenes import scenes
from mtljax.data._splits.array_split import ArraySplit, array_split
from mtljax.data._splits.block_split import BlockSplit
from mtljax.data._splits.file_split import FileSplit
from mtljax.data._splits.mapped_split import MappedSplit, probe_of
from mtljax.data._splits.order import batch_indices
from mtljax.data._table.cell_error import CellError
from mtljax.data._table.column import Column
from mtljax.data._table.open_table import table_chunks
from mtljax.data._table.schema import Encoded, Schema
from mtljax.data._table.table import table
from mtljax.data._table.table import table as csv
from mtljax.data._text.schema import TextSchema
from mtljax.data._text.text import text
from mtljax.data._text.words import read_text, words_of
from mtljax.data._weighted import weighted

__all__ = [
    'ArraySplit',
    'BlockSplit',
    'CellError',
    'Column',
    'Encoded',
    'FileSplit',
    'MappedSplit',
    'Schema',
    'TextSchema',
    'aliexpress',
    'array_split',
    'arrays',
    'augment_scenes',
    'batch_indices',
    'calendar_features',
    'celeba',
    'census',
    'cityscapes',
    'csv',
    'daily_series',
    'digits',
    'fetched_folder',
    'mmoe_synthetic',
    'movielens',
    'multi_mnist',
    'multi_target',
    'nyuv2',
    'office',
    'only',
    'probe_of',
    'qm9',
    'ranking_log',
    'read_arrays',
    'read_text',
    'rolling_origins',
    'scenes',
    'table',
    'table_chunks',
    'text',
    'weighted',
    'words_of',
]
