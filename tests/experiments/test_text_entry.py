"""Text entry: what is timed answers as the models do, and counts what it holds."""

import jax
import numpy as np
import pytest

from experiments.benchmark.cost import Server
from experiments.text_entry import latency
from mtljax import backbones, data, sharing
from tests.experiments.programs import start

LENGTH = 4


@pytest.fixture(scope='module')
def dataset(tmp_path_factory):
    """Sentences of ten words drawn from twenty."""
    rng = np.random.default_rng(0)
    rows = [[f'w{chr(97 + index)}' for index in rng.integers(20, size=10)] for _ in range(40)]
    path = tmp_path_factory.mktemp('text') / 'play.txt'
    path.write_text(' '.join(f'{" ".join(row).capitalize()}.' for row in rows))
    return data.text(path, length=LENGTH)


def stages(dataset):
    return backbones.transformer(1, 4, 1, **dataset.inputs)


def test_the_last_word_alone_is_predicted_as_in_the_sequence(dataset):
    model = sharing.hard(stages(dataset), dataset.heads)
    x = dataset.test.take(np.arange(3)).inputs
    params, state = jax.jit(model.init)(jax.random.key(0), x)
    whole, _ = jax.jit(model.apply)(params, state, x)
    last, _ = jax.jit(latency.last_word(model).apply)(params, state, x)
    assert set(last) == set(dataset.tasks)
    for task, prediction in last.items():
        np.testing.assert_allclose(prediction, whole[task][:, -1:], rtol=1e-5, atol=1e-6)


def test_every_server_answers_its_tasks_and_counts_what_it_holds(dataset):
    servers = latency.servers(dataset, stages(dataset)[:1])  # compiles in no time
    words, width = dataset.inputs['vocabulary'], 4
    outputs = {'next_word': words, 'punctuation': 7, 'capital': 1}
    heads = {task: (width + 1) * size for task, size in outputs.items()}
    shared, apart, program, alone = servers.values()
    trunk = alone.parameters - heads['next_word']
    assert trunk > words * width
    assert shared.parameters == trunk + sum(heads.values())
    assert apart.parameters == program.parameters == 3 * trunk + sum(heads.values())
    assert alone.flops < shared.flops < program.flops == pytest.approx(apart.flops, rel=1e-3)
    shapes = {'next_word': (1, 1, words), 'punctuation': (1, 1, 7), 'capital': (1, 1)}
    for server, tasks in ((shared, 3), (apart, 3), (program, 3), (alone, 1)):
        leaves = jax.tree_util.tree_leaves_with_path(server.call())
        assert {path[-1].key: leaf.shape for path, leaf in leaves} == dict(
            list(shapes.items())[:tasks]
        )


def test_the_table_takes_quantiles_and_ratios_to_the_one_model():
    servers = {
        latency.SHARED: Server(10, 2e6, lambda: None),
        latency.APART: Server(25, 5e6, lambda: None),
    }
    times = np.arange(1, 102) / 1e3
    seconds = {latency.SHARED: times, latency.APART: 2 * times}
    rows = latency.table(servers, seconds).rows
    assert rows[0][1:7] == ['10', '1.00', '2.00', '1.00', '51.00', '100.00']
    assert rows[1][1:] == ['25', '2.50', '5.00', '2.50', '102.00', '200.00', '2.00 (2.00 to 2.00)']
    labels = [line.get_label() for line in latency.figure(seconds).axes[0].lines]
    assert 'one model: p50 51.00 ms, p99 100.00 ms' in labels


def test_one_page_has_both_tables(tmp_path):
    (tmp_path / 'table.md').write_text('# text_entry\n\n| method |\n')
    servers = {latency.SHARED: Server(10, 2e6, lambda: None)}
    seconds = {latency.SHARED: [1e-3, 2e-3]}
    table = latency.table(servers, seconds)
    image, page = latency.write(tmp_path, table, '2 words', seconds)
    assert image.read_bytes().startswith(b'\x89PNG')
    text = page.read_text()
    assert text.startswith('# text_entry\n\n| method |\n')
    assert table.markdown() in text
    assert text.endswith('\n2 words\n')


def test_a_text_must_be_given(tmp_path):
    done = start('text_entry', f'--workdir={tmp_path}')
    assert done.returncode == 2
    assert 'config.data: ' in done.stderr.splitlines()[-1]
