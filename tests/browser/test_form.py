"""The form of the service, in a real browser: make browser-test."""

import re
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import httpx
import pytest

from mtljax import data, serving
from mtljax.data._table.categories import Categories
from mtljax.data._table.number_form import NumberForm
from mtljax.data._table.numbers import Numbers
from tests.browser.chromium import chromium
from tests.serving.service import served
from tests.serving.shop import SCHEMA, write_model

pytest.importorskip('selenium', reason='make browser-test installs it')
pytestmark = pytest.mark.exhaustive


@pytest.fixture(scope='module')
def path(tmp_path_factory):
    return write_model(tmp_path_factory.mktemp('form') / 'model.zip')


@pytest.fixture(scope='module')
def browser():
    with chromium() as browser:
        browser.implicitly_wait(10)
        yield browser


@pytest.fixture
def form(browser, path):
    """The open form of a service, in which one row fills the queue."""
    with served(path, '--max_rows=1', '--max_queue=1', '--wait=1', '--size=8') as url:
        browser.get(url)
        yield Form(browser, url)
        assert [entry for entry in browser.get_log('browser') if 'Refused' in str(entry)] == []


class Form:
    def __init__(self, browser, url):
        self.browser, self.url = browser, url
        self.find('#send:enabled')

    def find(self, selector):
        return self.browser.find_element('css selector', selector)

    def fill(self, **cells):
        for name, cell in cells.items():
            field = self.find(f'[name="{name}"]')
            if field.tag_name == 'select':
                field.find_element('xpath', f'option[.="{cell}"]').click()
            else:
                field.clear()
                field.send_keys(cell)
        return self

    def send(self):
        self.find('#send').click()
        self.find('#send:enabled')
        return self.find('#answers').text, self.find('#refusal').text


def test_a_row_is_answered(form, path):
    answers, refusal = form.fill(size='1.5', kind='b', colour='missing').send()
    assert refusal == ''
    model = serving.load(path)
    (right,) = model.rows(model.predict({'size': [1.5], 'kind': ['b'], 'colour': [None]}))
    lines = answers.splitlines()
    assert lines[0] == 'price'
    assert float(lines[1].replace(',', '')) == pytest.approx(right['price'], rel=1e-3)
    shares = [float(each) / 100 for each in re.findall(r'([\d.]+) %', answers)]
    assert shares == pytest.approx(
        [right['sold'], *right['style']['probabilities'].values()], abs=1e-3
    )
    assert right['style']['class'] in lines
    answers, refusal = form.fill(size='').send()  # an empty cell
    assert (refusal, answers.splitlines()[0]) == ('', 'price')


def test_labels_belong_to_their_fields(form):
    for name in ('size', 'kind', 'colour'):
        field = form.find(f'[name="{name}"]')
        assert field.accessible_name == name


def test_a_bad_value_is_shown_at_its_field(form):
    answers, refusal = form.fill(size='big').send()
    assert answers == ''
    assert "Column 'size', row 1" in refusal
    field = form.find('[name="size"]')
    assert field.get_attribute('aria-invalid') == 'true'
    error = form.find('#' + field.get_attribute('aria-describedby'))
    assert 'should be a number' in error.text
    answers, refusal = form.fill(size='2').send()
    assert (refusal, error.text, field.get_attribute('aria-invalid')) == ('', '', None)
    assert answers.startswith('price')


def test_numbers_have_the_form_of_the_table(browser, tmp_path):
    european = NumberForm(',', '.')
    price, *targets = SCHEMA.targets
    size, *inputs = SCHEMA.inputs
    price = replace(price, content=Numbers(1e6, 2e6, 0.0, 1e7, european))
    size = replace(size, content=Numbers(1e3, 1e3, 0.5, 12345.0, european, '€'))
    schema = data.Schema((price, *targets), (size, *inputs))
    path = write_model(tmp_path / 'model.zip', schema)
    model = serving.load(path)
    with served(path, '--size=8') as url:
        browser.get(url)
        form = Form(browser, url)
        assert form.find('[name="size"]').get_attribute('placeholder') == '0,5 to 12.350 €'
        assert form.find('#about').text.endswith('such as 1.234,5.')
        for text, number in (('1.234', 1234), ('1.234,5 €', 1234.5), ('2,5', 2.5)):
            answers, refusal = form.fill(size=text, kind='b').send()
            assert refusal == ''
            row = {'size': [number], 'kind': ['b'], 'colour': [None]}
            (right,) = model.rows(model.predict(row))
            said = answers.splitlines()[1].replace('.', '').replace(',', '.')
            assert float(said) == pytest.approx(right['price'], rel=1e-3)
        assert "Column 'size', row 1" in form.fill(size='2.5').send()[1]


def test_an_overload_is_shown(form):
    row = {'size': 1, 'kind': 'a', 'colour': 'x'}
    with ThreadPoolExecutor(1) as threads:
        other = threads.submit(httpx.post, f'{form.url}/predict', json=[row])
        while 'waiting_rows 1.0' not in httpx.get(f'{form.url}/metrics').text:
            time.sleep(0.01)
        answers, refusal = form.fill(size='2').send()
        assert refusal == 'The service is busy. Too many rows wait for an answer. Try again later.'
        assert answers == ''
        assert other.result().status_code == 200
    assert form.send()[1] == ''


def test_names_of_a_stranger_are_text(browser, tmp_path):
    name = '<img src=x onerror="document.title=1">"\'><script>document.title=2<'
    *targets, last = SCHEMA.targets
    size, kind, colour = SCHEMA.inputs
    targets.append(replace(last, name=name, content=Categories(('u', name, 'w'))))
    many = tuple(f'{name}{at:02}' for at in range(40))
    kind = replace(kind, name=f'{name} 2', content=Categories((name, 'b')))
    inputs = size, kind, replace(colour, content=Categories(many))
    path = write_model(tmp_path / 'model.zip', data.Schema(tuple(targets), inputs))
    with served(path, '--size=8') as url:
        browser.get(url)
        form = Form(browser, url)
        assert name in form.find('#fields').text
        assert name in form.find('h1').text
        answers, refusal = form.fill(colour=many[3]).send()
        assert (refusal, name in answers) == ('', True)
        assert browser.title.startswith('Predictions of')
        count = 'return document.querySelectorAll("[onerror]").length'
        assert browser.execute_script(count) == 0
