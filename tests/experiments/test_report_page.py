"""The page of a comparison: its content, its escaping and its policy, without a browser."""

import base64
import hashlib
import json
import math
import re
from pathlib import Path

import numpy as np
import pytest

from experiments.compare import report
from experiments.compare.methods import BASELINE
from experiments.compare.page import page_of
from experiments.report import (
    Panel,
    Series,
    conflict_parts,
    interval_rows,
    joined,
    sortable,
    span,
    write_page,
)
from experiments.report.curves import curve_panels
from experiments.report.markup import element, text
from experiments.report.page import markup_of
from experiments.report.scale import labels, ticks
from mtljax import training
from mtljax.analysis import Table
from tests.experiments.parsed_page import Parsed
from tests.experiments.report_example import (
    METHODS,
    NAMES,
    STRANGER,
    example_page,
    runs_of,
    tasks_of,
)

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp('page')
    start = {'command': "python -m experiments.compare --config=configs/demo.py --surgery='sum'"}
    lines = [json.dumps(start), json.dumps(start), '{"command": ', 'null', '[1]', '{"date": 1}']
    (folder / 'starts.jsonl').write_text('\n'.join(lines))
    return folder


@pytest.fixture(scope='module')
def page(folder):
    return Parsed(markup_of(example_page(folder)))


def test_the_page_has_all_results(page):
    titles = page.texts['h2']
    assert titles == [
        'Results',
        'Differences',
        'Learning curves',
        'Conflicts',
        'Gates and units',
        'Time of an answer',
        'Published results',
        'How this was made',
    ]
    assert page.texts['h1'] == ['demo']
    (verdict,) = page.all('p', **{'class': 'verdict'})
    assert verdict
    said = ' '.join(page.texts['p'])
    assert 'four separate models' in said
    assert 'Mean ± standard error over 3 seeds (0, 1, 2)' in said
    for name in (*METHODS, *NAMES):
        assert name in page.texts['body'][0]
    assert 'mtljax.data:ranking_log' in page.texts['details'][0]
    commands = [each for each in page.texts['pre'] if each.startswith('python -m')]
    assert len(commands) == 2  # each start once, and what may follow
    assert "--surgery='sum'" in commands[0]
    assert 'jaxlib' in page.texts['dt']


def test_the_methods_are_sorted_below_the_baseline(folder):
    runs, tasks = runs_of(), tasks_of()
    found = report.report(runs, tasks, None, training.select_by('auc', higher_is_better=True))
    assert found.methods[0] == BASELINE
    assert found.methods[-1] == 'hard + gradnorm'
    means = {row.method: row.quality[1] for row in found.rows}
    order = [means[method] for method in found.methods[1:]]
    assert order == sorted(order, reverse=True)
    whole = page_of(found, runs, tasks, {}, folder).sections[0].body
    rows = [cell for cell in Parsed(whole).texts['th'] if cell in METHODS]
    assert rows[: len(METHODS)] == found.methods


def test_cells_are_the_numbers_of_the_tables(folder):
    table = Table(
        ['method', 'auc'], [['hard', '1,234.5 ± 0.1 *'], ['mmoe', '-0.5'], ['sum', 'nan']]
    )
    page = Parsed(sortable(table, 'about', {'auc': True}))
    assert page.all('td') == [
        {'data-value': '1234.5'},
        {'data-value': '-0.5'},
        {'class': 'none'},
    ]
    assert page.texts['td'] == ['1,234.5 ± 0.1*', '-0.5', 'nan']
    assert [cell.get('data-better') for cell in page.all('th', scope='col')] == [None, 'more']
    assert page.texts['caption'] == ['about']


def test_the_policy_allows_only_what_the_page_holds(folder):
    whole = markup_of(example_page(folder))
    page = Parsed(whole)
    (policy,) = page.all('meta', **{'http-equiv': 'Content-Security-Policy'})
    for kind in ('style', 'script'):
        (inside,) = re.findall(f'<{kind}>(.*?)</{kind}>', whole, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy['content']
    assert policy['content'].startswith("default-src 'none'")
    for tag, given in page.elements:
        assert 'style' not in given, tag
        assert not any(name.startswith('on') for name in given), tag
        for name in ('src', 'href', 'action', 'xlink:href'):
            assert given.get(name, '#').startswith(('#', 'data:,')), tag


@pytest.mark.parametrize('name', [STRANGER, '$name ${x} </style>', '\x00\ud800\x1b[31m', '‮x'])
def test_names_of_a_stranger_are_text(name, tmp_path):
    names = [f'{name}{at}' for at in range(4)]
    methods = [BASELINE, *(f'{name} {at}' for at in range(4))]
    config = {name: {'path': name}}
    page = example_page(tmp_path, names, methods, config, title=name, steps=3)
    write_page(tmp_path / 'report.html', page)
    parsed = Parsed((tmp_path / 'report.html').read_text())
    usual = Parsed(markup_of(example_page(tmp_path, methods=METHODS[:5], steps=3)))
    assert {tag for tag, _ in parsed.elements} == {tag for tag, _ in usual.elements}
    attributes = {key for _, given in parsed.elements for key in given}
    assert attributes == {key for _, given in usual.elements for key in given}
    if name == STRANGER:
        assert parsed.texts['h1'] == [name]
        assert names[0] in parsed.texts['figcaption'][0]
        assert json.loads(parsed.texts['pre'][-1]) == config
        lines = [json.loads(given['data-curves']) for given in parsed.all('svg', role='img')]
        assert lines[0][1]['name'] in methods


def test_control_characters_and_halves_of_characters_are_replaced():
    assert text('a\x00b\ud800c\n') == 'a\ufffdb?c\n'
    assert element('b', {'title': '"'}, '<') == '<b title="&quot;">&lt;</b>'


def test_the_entropy_of_gates_is_drawn(page):
    titles = [title for title in page.texts['figcaption'] if title.startswith('entropy of')]
    assert titles == [f'entropy of gates {name}' for name in NAMES]


def test_runs_that_failed_have_no_value():
    nothing = (math.nan, math.nan)
    panels = [Panel('auc', {'a': span(0.5, 0.1), 'b': span(*nothing)}, 0.5, True)]
    page = Parsed(interval_rows(panels, ['a', 'b', 'c'], 'about'))
    assert page.texts['tbody'][0].count('no value') == 2
    alone = [Panel('auc', {'b': span(*nothing)}, math.nan)]
    assert Parsed(interval_rows(alone, ['b'], 'about')).all('circle') == []


def test_an_interval_is_judged_by_the_line():
    spans = {'up': span(0.2, 0.1), 'near': span(0.05, 0.1), 'down': span(-0.2, 0.1)}
    for more, words in ((True, ['better', 'worse']), (False, ['worse', 'better'])):
        page = Parsed(interval_rows([Panel('d', spans, 0.0, more, True)], list(spans), 'about'))
        found = [given['data-tip'].rpartition(', ')[2] for given in page.all('td') if given]
        assert found == [words[0], 'within noise', words[1]]
        assert len(page.all('circle', **{'class': 'hollow'})) == 1
    lone = Panel('d', {'up': span(0.2, math.nan)}, 0.0, True, True)
    assert 'better' not in Parsed(interval_rows([lone], ['up'], 'about')).texts['tbody'][0]


def test_an_outlier_is_an_arrow_and_the_others_stay_apart():
    spans = {'a': span(1.0, 0.1), 'b': span(2.0, 0.1), 'c': span(3.0, 0.1), 'd': span(500.0, 1.0)}
    page = Parsed(interval_rows([Panel('error', spans)], list(spans), 'about'))
    places = [float(given['cx'].rstrip('%')) for given in page.all('circle')]
    assert len(places) == 3
    assert min(np.diff(places)) > 20
    assert '▸' in page.texts['tbody'][0]
    assert '500.00' in page.texts['tbody'][0]


def test_curves_are_means_within_their_panel():
    logs = [[{'step': 5, 'x': 1.0}, {'step': 10, 'x': value}] for value in (2.0, 4.0)]
    page = Parsed(curve_panels({'hard': logs}, {'x': 'x', 'y': 'y'}, Series(['hard'])))
    (picture,) = page.all('svg', role='img')
    (curve,) = json.loads(picture['data-curves'])
    assert curve['steps'] == [5, 10]
    assert curve['values'] == [1.0, 3.0]
    assert 'hard 3.0000' in picture['aria-label']
    assert curve_panels({'hard': [[]]}, {'x': 'x'}, Series(['hard'])) == ''


def test_conflicts_are_strips_and_stages():
    log = [
        {'step': 5 * at, 'cosine/all': -0.5, 'cosine/all/a~b': -0.5, 'cosine/s0/a~b': at / 300}
        for at in range(1, 201)
    ]
    log[3] |= {'cosine/all/a~b': math.nan}
    whole = joined(conflict_parts(log, 'hard, seed 0'))
    page = Parsed(whole)
    cells = page.all('rect')
    assert len(cells) == 80  # rows of the log are put together
    assert {given['class'] for given in cells} == {'conflicts'}
    assert cells[-1]['data-tip'] == 'step 1,000: -0.50'
    assert page.texts['th'][3] == 'a~b'
    assert '-0.500' in page.texts['td']
    (stage,) = [given for given in page.all('td') if 'a~b: 0.3350' in given.get('data-tip', '')]
    assert '(0.0697 to 0.6003)' in stage['data-tip']
    many = [{'step': 1, 'cosine/all': 0.1}, {'step': 2, 'cosine/all': 0.2}]
    assert Parsed(joined(conflict_parts(many, 'x'))).texts['th'][3] == 'mean'
    assert conflict_parts([{'step': 1, 'loss/a': 0.5}], 'x') == []


def test_methods_keep_their_colours():
    series = Series([BASELINE, *map(str, range(12))], BASELINE)
    assert series.css(BASELINE) == 'grey'
    assert series.css('0') == 'c0'
    assert series.css('11') == 'c1 dashed'


@pytest.mark.parametrize('seed', range(5))
def test_ticks_are_few_and_inside(seed):
    rng = np.random.default_rng(seed)
    for _ in range(300):
        low = rng.normal() * 10 ** rng.uniform(-6, 6)
        high = low + 10 ** rng.uniform(-4, 6)
        most = int(rng.integers(3, 7))
        found = ticks(low, high, most)
        room = 1e-6 * (high - low)
        assert 2 <= len(found) <= most
        assert all(low - room <= tick <= high + room for tick in found)
        assert len(set(labels(found))) == len(found)
    assert ticks(1.0, 1.0, 3) == [1.0]


def test_a_large_comparison_stays_below_three_megabytes(tmp_path):
    names = [f'property {at}' for at in range(11)]
    methods = [BASELINE, *(f'hard + surgery {at}' for at in range(20))]
    write_page(tmp_path / 'report.html', example_page(tmp_path, names, methods, seeds=2, steps=250))
    assert (tmp_path / 'report.html').stat().st_size < 3_000_000


def brightness(colour):
    """The relative luminance of a colour such as #fff, as WCAG defines it."""
    digits = colour.lstrip('#')
    digits = digits if len(digits) == 6 else ''.join(2 * digit for digit in digits)
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return np.dot(linear, (0.2126, 0.7152, 0.0722))


@pytest.mark.parametrize('theme', [0, 1])
def test_colours_can_be_told_from_the_background(theme):
    style = (ROOT / 'experiments' / 'report' / 'page.css').read_text()
    found = dict(re.findall(r'--(\w+): light-dark\((.+)\);', style))
    colours = {name: brightness(pair.split(', ')[theme]) for name, pair in found.items()}
    assert len(colours) == 20
    for back in (colours.pop('back'), colours.pop('panel')):
        for name, colour in colours.items():
            contrast = (max(back, colour) + 0.05) / (min(back, colour) + 0.05)
            least = {'line': 1.2, 'firm': 3.0}.get(name, 4.5)
            assert contrast >= least, (name, contrast)
