"""The page of a comparison, in a real browser: make browser-test."""

from importlib.resources import files
from itertools import pairwise

import pytest

from experiments.report import write_page
from tests.browser.chromium import chromium
from tests.experiments.report_example import METHODS, NAMES, STRANGER, example_page

pytest.importorskip('selenium', reason='make browser-test installs it')
pytest.importorskip('axe_playwright_python', reason='make browser-test installs it')
from selenium.webdriver import ActionChains
from selenium.webdriver.common.keys import Keys

pytestmark = pytest.mark.exhaustive
SIZES = (1280, 390)
# Texts of one figure that lie on each other, or that are cut off at the edge of the window.
COLLISIONS = """
const wrong = [];
for (const picture of document.querySelectorAll('main svg')) {
  const texts = [...picture.querySelectorAll('text')];
  const boxes = texts.map((text) => text.getBoundingClientRect());
  const edge = picture.getBoundingClientRect();
  texts.forEach((text, at) => {
    const box = boxes[at];
    if (box.left < edge.left - 1 || box.right > edge.right + 1) wrong.push(text.textContent);
    for (const other of boxes.slice(at + 1)) {
      const across = Math.min(box.right, other.right) - Math.max(box.left, other.left);
      const down = Math.min(box.bottom, other.bottom) - Math.max(box.top, other.top);
      if (across > 0 && down > 2) wrong.push(text.textContent);
    }
  });
}
return wrong;
"""
# Elements that reach beyond the window and are not in a part that scrolls.
CUT = """
return [...document.querySelectorAll('main *')]
  .filter((each) => !each.closest('.scroll, .unseen'))
  .filter((each) => each.getBoundingClientRect().right > innerWidth + 1)
  .map((each) => each.outerHTML.slice(0, 80));
"""

# The pixels by which the page is wider than its window.
OVER = 'const page = document.documentElement; return page.scrollWidth - page.clientWidth'


@pytest.fixture(scope='module')
def browser():
    with chromium() as browser:
        yield browser
        assert [entry for entry in browser.get_log('browser') if entry['level'] == 'SEVERE'] == []


@pytest.fixture(scope='module')
def path(tmp_path_factory):
    folder = tmp_path_factory.mktemp('report')
    start = '{"command": "python -m experiments.compare --config=configs/demo.py"}\n'
    (folder / 'starts.jsonl').write_text(start)
    write_page(folder / 'report.html', example_page(folder))
    return folder / 'report.html'


@pytest.fixture
def page(browser, path):
    return opened(browser, path)


def opened(browser, path, width=1280, theme='light'):
    """Open the page in a window of a width, on a system with a theme."""
    size = {'width': width, 'height': 800, 'deviceScaleFactor': 1, 'mobile': False}
    browser.execute_cdp_cmd('Emulation.setDeviceMetricsOverride', size)
    wishes = {'prefers-color-scheme': theme, 'prefers-reduced-motion': 'reduce'}
    features = [{'name': name, 'value': value} for name, value in wishes.items()]
    browser.execute_cdp_cmd('Emulation.setEmulatedMedia', {'features': features})
    browser.get(path.as_uri())
    return browser


def one(page, selector):
    return page.find_element('css selector', selector)


def every(page, selector):
    return page.find_elements('css selector', selector)


def back(page):
    return page.execute_script('return getComputedStyle(document.body).backgroundColor')


@pytest.mark.parametrize('theme', ['light', 'dark'])
@pytest.mark.parametrize('width', SIZES)
def test_nothing_is_cut_and_axe_finds_no_serious_violation(browser, path, width, theme):
    page = opened(browser, path, width, theme)
    assert page.execute_script(OVER) == 0
    assert page.execute_script(COLLISIONS) == []
    assert page.execute_script(CUT) == []
    page.execute_script(files('axe_playwright_python').joinpath('axe.min.js').read_text('utf-8'))
    found = page.execute_async_script('axe.run().then(arguments[0])')['violations']
    serious = [each for each in found if each['impact'] in ('serious', 'critical')]
    assert [(each['id'], each['nodes'][0]['html'][:120]) for each in serious] == []


def test_the_system_and_the_switch_choose_the_theme(browser, path):
    light, dark = (back(opened(browser, path, theme=theme)) for theme in ('light', 'dark'))
    assert light != dark
    page = opened(browser, path)
    for name, colour in (('dark', dark), ('light', light), ('system', light)):
        one(page, f'label:has(#{name})').click()
        assert back(page) == colour
    one(page, '#system').send_keys(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
    assert back(page) == dark


def test_a_heading_sorts_its_column(page):
    table = one(page, '.sortable:not(.intervals)')

    def column(at):
        return [row.find_elements('css selector', 'th, td')[at].text for row in every(table, 'tr')]

    start = column(0)
    head = every(table, 'thead th')[1]
    button = one(head, 'button')
    for order in ('descending', 'ascending'):  # more is better for the first metric
        button.send_keys(Keys.ENTER)
        assert head.get_attribute('aria-sort') == order
        values = [float(cell.split(' ')[0]) for cell in column(1)[1:]]
        pairs = pairwise(values if order == 'ascending' else values[::-1])
        assert all(first <= second for first, second in pairs)
    button.click()
    assert head.get_attribute('aria-sort') is None
    assert column(0) == start
    one(table, 'thead button').click()
    assert column(0)[1:] == sorted(start[1:], key=str.lower)


def test_intervals_are_sorted_too(page):
    table = one(page, '.intervals')
    last = every(table, 'thead th')[-1]
    one(last, 'button').click()
    assert last.get_attribute('aria-sort') == 'ascending'
    cells = [row.find_elements('tag name', 'td')[-1] for row in every(table, 'tbody tr')]
    values = [float(cell.get_attribute('data-value')) for cell in cells]
    assert values == sorted(values)


def test_a_legend_hides_a_line(page):
    button = every(page, '.legend button')[1]
    lines = every(page, '.curves [data-series="1"]')
    assert len(lines) == len(NAMES)
    button.click()
    assert button.get_attribute('aria-pressed') == 'false'
    assert not any(line.is_displayed() for line in lines)
    button.send_keys(Keys.SPACE)
    assert button.get_attribute('aria-pressed') == 'true'


def test_the_values_of_curves_are_shown_by_pointer_and_by_keys(page):
    picture = one(page, 'svg.curves')
    page.execute_script('arguments[0].scrollIntoView({block: "center"})', picture)
    ActionChains(page).move_to_element(picture).perform()
    told = one(page, '#tip').text
    assert told.startswith('step ')
    assert all(method in told for method in METHODS)
    picture.send_keys(Keys.HOME)
    readout = picture.find_element('xpath', 'following-sibling::p')
    assert readout.get_attribute('textContent').startswith('step 100: single-task ')
    picture.send_keys(Keys.ARROW_RIGHT)
    assert readout.get_attribute('textContent').startswith('step 200: ')
    picture.send_keys(Keys.ESCAPE)
    assert not one(page, '#tip').is_displayed()


def test_an_interval_tells_its_numbers(page):
    cell = one(page, '.intervals tbody td')
    page.execute_script('arguments[0].scrollIntoView({block: "center"})', cell)
    ActionChains(page).move_to_element(cell).perform()
    assert one(page, '#tip').text == cell.get_attribute('data-tip')


def test_the_keyboard_reaches_everything(page):
    page.execute_script('document.body.focus()')
    reached = []
    for _ in range(200):
        ActionChains(page).send_keys(Keys.TAB).perform()
        focus = page.switch_to.active_element
        reached.append(f'{focus.tag_name}.{focus.get_attribute("class")}')
        if focus.tag_name == 'body':
            break
    assert reached[0] == 'a.skip'
    assert reached[-1].startswith('body')
    kinds = set(reached)
    assert {'input.', 'div.scroll', 'button.', 'svg.curves', 'pre.command', 'summary.'} <= kinds


def test_names_of_a_stranger_are_text(browser, tmp_path):
    names = [f'{STRANGER}{at}' for at in range(4)]
    methods = [METHODS[0], *(f'{STRANGER} {at}' for at in range(4))]
    shown = example_page(tmp_path, names, methods, {STRANGER: STRANGER}, title=STRANGER)
    write_page(tmp_path / 'report.html', shown)
    for width in SIZES:
        page = opened(browser, tmp_path / 'report.html', width)
        assert page.title == STRANGER
        assert one(page, 'h1').text == STRANGER
        assert page.execute_script('return document.querySelectorAll("img, [onerror]").length') == 0
        assert page.execute_script(CUT) == []
        assert page.execute_script(OVER) == 0
        picture = one(page, 'svg.curves')
        picture.send_keys(Keys.HOME)
        assert methods[1] in one(page, '#tip').text
