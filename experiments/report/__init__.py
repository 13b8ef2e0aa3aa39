"""One page of HTML with all results of a program. It needs no other file and no network."""

from experiments.report.conflicts import conflict_parts
from experiments.report.curves import curve_panels
from experiments.report.intervals import Panel, interval_rows, span
from experiments.report.markup import Html, element, joined, note
from experiments.report.page import Page, Section, write_page
from experiments.report.provenance import provenance
from experiments.report.series import Series
from experiments.report.shades import shaded
from experiments.report.tables import sortable

__all__ = [
    'Html',
    'Page',
    'Panel',
    'Section',
    'Series',
    'conflict_parts',
    'curve_panels',
    'element',
    'interval_rows',
    'joined',
    'note',
    'provenance',
    'shaded',
    'sortable',
    'span',
    'write_page',
]
