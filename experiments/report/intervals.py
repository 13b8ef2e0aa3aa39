"""Intervals of methods: one row per method, one column per quantity, and shared labels."""

import math
import statistics
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from experiments.report.markup import Html, element
from experiments.report.scale import finite, labels, number, ticks
from experiments.report.series import Series
from experiments.report.tables import heading, row_heading, scrolled

Span = tuple[float, float, float]
"""The lower end of an interval, its middle, and its upper end."""
_HEIGHT, _FIRST, _LAST = 30, 9.0, 91.0  # of a cell: pixels, and percent of its width
_PIXELS, _LETTER = 152, 7.0  # the least width of a cell, and the width of a letter
_OVER = 8  # pixels
_FAR = 8  # times the usual distance from the median: an outlier gets an arrow at the edge


class Panel(NamedTuple):
    """A column of intervals.

    Attributes:
      title: The name of the quantity.
      spans: ``{row: span}``.
      line: Where a vertical line stands, for example for the baseline.
      more_is_better: The direction of the quantity, where it has one.
      judged: Whether intervals that do not contain the line are drawn as better or worse.
    """

    title: str
    spans: Mapping[str, Span]
    line: float | None = None
    more_is_better: bool | None = None
    judged: bool = False


def span(mean: float, half: float) -> Span:
    """Return the span of a mean and half the width of its interval, which may be NaN.

    >>> span(1.0, 0.25), span(1.0, math.nan)
    ((0.75, 1.0, 1.25), (1.0, 1.0, 1.0))
    """
    half = half if math.isfinite(half) else 0.0
    return mean - half, mean, mean + half


def interval_rows(
    panels: Sequence[Panel],
    rows: Sequence[str],
    caption: str,
    series: Series | None = None,
    label: str = 'method',
    *,
    one_scale: bool = False,
) -> Html:
    """Return the figure: a table whose cells hold intervals, so that it can be sorted.

    Args:
      panels: The columns.
      rows: The names of the rows, from top to bottom.
      caption: What the figure shows.
      series: The colours of the rows. If it is None, all rows have the same colour.
      label: The heading of the names.
      one_scale: Whether all columns have the same scale.
    """
    domains = [_domain([panel]) for panel in panels]
    if one_scale:
        domains = [_domain(panels)] * len(panels)
    head = [heading(label), *(heading(each.title, each.more_is_better) for each in panels)]
    body = []
    for row in rows:
        css = series.css(row) if series else 'c0'
        pairs = zip(panels, domains, strict=True)
        cells = [_cell(panel, domain, row, css) for panel, domain in pairs]
        body.append(element('tr', {}, row_heading(row), *cells))
    axes = [
        element('td', {}, _axis(panel, domain))
        for panel, domain in zip(panels, domains, strict=True)
    ]
    table = element(
        'table',
        {'class': 'sortable intervals'},
        element('caption', {}, caption),
        element('thead', {}, element('tr', {}, *head)),
        element('tbody', {}, *body),
        element('tfoot', {'aria-hidden': 'true'}, element('tr', {}, element('td'), *axes)),
    )
    return scrolled(table, caption)


def _domain(panels: Sequence[Panel]) -> tuple[float, float]:
    """Return the ends of the axis. Outliers are left out, so that the others can be told apart."""
    every = [each for panel in panels for each in panel.spans.values()]
    spans = [each for each in every if finite(each) == list(each)]
    middles = [middle for _, middle, _ in spans]
    line = finite(panel.line for panel in panels if panel.line is not None)
    if not middles and not line:
        return 0.0, 1.0
    center = statistics.median(middles or line)
    usual = statistics.median([abs(middle - center) for middle in middles] or [0.0])
    usual = max(usual, statistics.median([high - low for low, _, high in spans] or [0.0]))
    near = [each for each in spans if abs(each[1] - center) <= _FAR * usual] or spans
    values = [value for each in near for value in each] + line
    low, high = min(values), max(values)
    room = 0.04 * (high - low) or abs(low) * 0.1 or 1.0
    return low - room, high + room


def _place(value: float, domain: tuple[float, float]) -> float:
    """Return where a value is, in percent of the width."""
    low, high = domain
    return _FIRST + (_LAST - _FIRST) * (value - low) / (high - low)


def _cell(panel: Panel, domain: tuple[float, float], row: str, css: str) -> Html:
    low, middle, high = panel.spans.get(row, (math.nan,) * 3)
    if not math.isfinite(middle):
        return element('td', {'class': 'none'}, 'no value')
    words = number(middle)
    if high > low:
        words += f' ({number(low)} to {number(high)})'
    verdict = _verdict(panel, (low, middle, high))
    said = f'{words}, {verdict}' if verdict else words
    marks = [*_line(panel, domain), *_marks((low, middle, high), domain, verdict.split(' ')[0])]
    css = verdict.replace(' ', '-') if verdict else css
    picture = element(
        'svg', {'width': '100%', 'height': _HEIGHT, 'class': css, 'aria-hidden': 'true'}, *marks
    )
    told = {'data-value': repr(middle), 'data-tip': f'{row}, {panel.title}: {said}'}
    return element('td', told, picture, element('span', {'class': 'unseen'}, said))


def _verdict(panel: Panel, spanned: Span) -> str:
    low, middle, high = spanned
    if not panel.judged or panel.line is None or panel.more_is_better is None:
        return ''
    if low <= panel.line <= high and high > low:
        return 'within noise'
    if low == high:
        return ''  # one seed has no interval
    return 'better' if (middle > panel.line) == panel.more_is_better else 'worse'


def _marks(spanned: Span, domain: tuple[float, float], verdict: str) -> list[Html]:
    """Return the bar and the point; an arrow at the edge for what is outside."""
    ends = [min(max(_place(value, domain), 2.0), 98.0) for value in spanned]
    y = _HEIGHT / 2
    if not domain[0] <= spanned[1] <= domain[1]:
        right = spanned[1] > domain[1]
        place = {'x': '97%' if right else '3%', 'y': y + 5, 'text-anchor': 'middle'}
        return [element('text', {**place, 'class': 'edge'}, '▸' if right else '◂')]
    low, middle, high = (f'{end:.2f}%' for end in ends)
    bar = {'x1': low, 'x2': high, 'y1': y, 'y2': y, 'class': 'bar'}
    point = {'cx': middle, 'cy': y, 'r': 4.5, 'class': 'hollow' if verdict == 'within' else 'point'}
    return [element('line', bar), element('circle', point)]


def _line(panel: Panel, domain: tuple[float, float]) -> list[Html]:
    if panel.line is None or not math.isfinite(panel.line):
        return []
    x = f'{_place(panel.line, domain):.2f}%'
    ends = {'y1': -_OVER, 'y2': _HEIGHT + _OVER}  # into the rows above and below: one long line
    return [element('line', {'x1': x, 'x2': x, **ends, 'class': 'baseline'})]


def _axis(panel: Panel, domain: tuple[float, float]) -> Html:
    low, high = domain
    room = 0.1 * (high - low)  # for the labels at the ends
    values = ticks(low + room, high - room, 3)
    words = labels(values)
    apart = _PIXELS * (_place(values[-1], domain) - _place(values[0], domain)) / 100
    if apart < (len(values) - 1) * (_LETTER * max(map(len, words)) + 6):
        values, words = values[:: max(1, len(values) - 1)], words[:: max(1, len(values) - 1)]
    marks: list[Html] = []
    for value, label in zip(values, words, strict=True):
        x = f'{_place(value, domain):.2f}%'
        marks.append(element('line', {'x1': x, 'x2': x, 'y1': 0, 'y2': 5, 'class': 'tick'}))
        marks.append(element('text', {'x': x, 'y': 17, 'text-anchor': 'middle'}, label))
    rule = {'x1': 0, 'x2': '100%', 'y1': 0.5, 'y2': 0.5, 'class': 'tick'}
    return element('svg', {'width': '100%', 'height': 22}, element('line', rule), *marks)
