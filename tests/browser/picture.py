"""Draw docs/serving_form.png, a picture of the form of a service.

python -m tests.browser.picture
"""

import tempfile
from pathlib import Path

import numpy as np
import optax

from mtljax import backbones, data, serving, sharing, surgery, training
from tests.browser.chromium import chromium
from tests.serving.service import served

PICTURE = Path(__file__).parents[2] / 'docs' / 'serving_form.png'
ROW = {'rooms': '4', 'area': '96', 'kind': 'flat', 'city': 'Bern'}


def write_houses(path):
    """Write a table of houses that were not built."""
    rng = np.random.default_rng(0)
    lines = ['rooms,area,kind,city,year,price,sold,energy']
    for _ in range(2000):
        rooms, kind = rng.integers(1, 8), rng.choice(['flat', 'house', 'loft'])
        area, city = 25 * rooms + rng.normal(0, 8), rng.choice(['Basel', 'Bern', 'Oslo', 'Rome'])
        year = rng.integers(1920, 2025)
        price = 4000 * area + 60000 * (kind == 'house') + 800 * (year - 1920)
        sold = 'yes' if rng.random() < 1 / (1 + (price / 450000) ** 4) else 'no'
        energy = (
            'EDCBA'[int((year - 1920) / 21.1)] if rng.random() < 0.7 else rng.choice([*'ABCDE'])
        )
        lines.append(f'{rooms},{area:.0f},{kind},{city},{year},{price:.0f},{sold},{energy}')
    path.write_text('\n'.join(lines))


def write_model(path, folder):
    """Train a model of the houses, and export it."""
    write_houses(folder / 'houses.csv')
    houses = data.csv(folder / 'houses.csv', ['price', 'sold', 'energy'])
    heads = {name: task.head for name, task in houses.tasks.items()}
    model = sharing.hard(backbones.tabular(**houses.inputs, widths=(64,)), heads)
    tx = optax.chain(surgery.on_shared(surgery.sum()), optax.adam(3e-3))
    result = training.train(model, houses, tx, steps=400, batch_size=128)
    variables = result.best.params, result.best.state
    schema = data.Schema.from_json(houses.schema)
    example = houses.train.example.inputs
    serving.export(path, model, houses.tasks, variables, example, schema=schema)


def draw(url):
    """Fill in a row, and write the picture."""
    with chromium() as browser:
        browser.implicitly_wait(10)
        browser.get(url)
        browser.find_element('css selector', '#send:enabled')
        for name, cell in ROW.items():
            browser.find_element('name', name).send_keys(cell)
        browser.find_element('id', 'send').click()
        browser.find_element('css selector', '.answer')
        browser.save_screenshot(str(PICTURE))


def main():
    """Draw the picture."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / 'model.zip'
        write_model(path, Path(name))
        with served(path) as url:
            draw(url)


if __name__ == '__main__':
    main()
