"""Features of a frozen prefix that are kept, and tests that are averaged."""

import dataclasses
import importlib

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import linen

from experiments import build
from experiments.compare.comparison import Comparison
from experiments.compare.runs import Runs
from experiments.program import UsageError
from mtljax import backbones, data, heads, module, sharing, surgery, training
from mtljax.base import Module
from mtljax.tracing import _memory
from mtljax.training import Features
from tests.experiments.plans import plan
from tests.helpers import assert_close, assert_same

DIGITS = data.digits(train=48, validation=21, test=17)
X = DIGITS.train.example.inputs
LOOP = {'steps': 6, 'batch_size': 16, 'log_every': 1, 'eval_every': 2}


class _Norm(linen.Module):
    """Its statistics are not those of any batch."""

    @linen.compact
    def __call__(self, x, train: bool = False):
        mean = linen.initializers.constant(0.3)
        norm = linen.BatchNorm(use_running_average=not train, bias_init=mean)
        return linen.relu(norm(linen.Dense(6)(x.reshape(len(x), -1))))


def settled(stage, seed):
    """The stage with the same first parameters whatever the key."""
    return Module(lambda key, x: stage.init(jax.random.key(seed), x), stage.apply)


STAGES = tuple(
    settled(stage, seed)
    for seed, stage in enumerate((module.from_linen(_Norm()), *backbones.mlp((5, 4))))
)
HEADS = {name: settled(head, 9) for name, head in DIGITS.heads.items()}
TX = optax.chain(surgery.on_shared(surgery.pcgrad(shuffle=False)), optax.adamw(1e-2))


@pytest.fixture(scope='module')
def kept():
    return training.precompute(DIGITS, STAGES, 2, batch_size=10)


@pytest.fixture(scope='module')
def on_features(kept):
    return training.train(sharing.hard(kept.backbone, HEADS), kept.dataset, TX, **LOOP)


def test_training_is_that_on_images(kept, on_features):
    frozen = module.freeze(STAGES, 2)
    result = training.train(sharing.hard(frozen, HEADS), DIGITS, TX, **LOOP)
    assert_close(on_features.state.params['task'], result.state.params['task'])
    last = result.state.params['shared']['stage2']
    assert_close(on_features.state.params['shared']['stage1'], last)
    assert on_features.best_step == result.best_step
    for split in ('validation', 'test'):
        for task, row in getattr(result, split).items():
            assert getattr(on_features, split)[task] == pytest.approx(row, rel=1e-5)
    prefix = result.state.state['shared']
    mine = on_features.state.state['shared']['stage0']
    for at in (0, 1):  # statistics of the normalisation too
        assert_same(mine['frozen'][f'stage{at}'], prefix[f'stage{at}']['frozen'])
        assert_same(mine['state'][f'stage{at}'], prefix[f'stage{at}']['state'])


def test_the_whole_model_serves(kept, on_features):
    whole = sharing.hard(kept.whole, HEADS)
    found = training.evaluate(whole, DIGITS.tasks, on_features.best, DIGITS.test)
    for task, row in found.items():
        assert row == pytest.approx(on_features.test[task], rel=1e-5)


def test_what_is_kept(kept):
    for name in ('train', 'validation', 'test'):
        before, after = getattr(DIGITS, name), getattr(kept.dataset, name)
        assert after.size == before.size
        assert_same(after.arrays.targets, before.arrays.targets)
        assert_same(after.arrays.mask, before.arrays.mask)
    assert kept.dataset.train.example.inputs.values.shape == (2, 5)
    prefix = Module(kept.whole[0].init, kept.whole[0].apply)
    y, _ = prefix.apply(*prefix.init(None, X), DIGITS.test.arrays.inputs)
    np.testing.assert_allclose(kept.dataset.test.arrays.inputs.values, y, rtol=1e-5, atol=1e-6)


def test_towers_share_the_prefix(kept):
    towers = [sharing.cross_stitch(part, HEADS) for part in (kept.backbone, kept.whole)]
    params, state = jax.jit(towers[0].init)(jax.random.key(0), kept.dataset.train.example.inputs)
    features, images = (
        model.apply(params, state, x)[0]
        for model, x in zip(towers, (kept.dataset.train.example.inputs, X), strict=True)
    )
    assert_close(features, images)


def test_smaller_numbers_and_skips():
    net = backbones.segnet((4, 4), (1, 1))
    pixels = {'left': dataclasses.replace(DIGITS.tasks['left'], head=heads.linear(10))}
    images = data.only(dataclasses.replace(DIGITS, tasks=pixels), 'left')
    found = training.precompute(images, net, 1, dtype='bfloat16')
    values = found.dataset.test.arrays.inputs.values
    assert values.features.dtype == jnp.bfloat16
    assert [skip.dtype for skip in values.skips] == [np.uint8]
    params, state = found.backbone[0].init(None, None)
    y, _ = found.backbone[0].apply(params, state, found.dataset.test.arrays.inputs)
    assert y.features.dtype == jnp.float32


def test_files_are_read_in_order():
    split = DIGITS.train

    def read(row):
        return jax.tree.map(lambda leaf: leaf[row], split.arrays)

    files = dataclasses.replace(DIGITS, train=data.FileSplit(read, np.arange(5, 30)))
    train = training.precompute(files, STAGES, 1, batch_size=16).dataset.train
    arrays = training.precompute(DIGITS, STAGES, 1).dataset.train.take(np.arange(5, 30))
    assert_close(train.arrays, arrays)


@pytest.mark.parametrize(
    ('change', 'said'),
    [
        ({'stages': 4}, 'stages = 4'),
        ({'stages': 0}, 'stages should be a whole number >= 1'),
        ({'backbone': STAGES[0]}, 'a tuple of Modules'),
    ],
)
def test_refused(change, said):
    with pytest.raises(ValueError, match=said):
        training.precompute(**{'dataset': DIGITS, 'backbone': STAGES, 'stages': 1} | change)


def test_features_are_no_images(kept):
    with pytest.raises(ValueError, match='cannot be stored'):
        training.precompute(kept.dataset, STAGES, 1)
    with pytest.raises(ValueError, match=r'Precomputed\.whole'):
        kept.backbone[0].apply({}, {}, X)
    model = sharing.hard(kept.backbone, HEADS)
    for call in (training.train, training.preflight):
        with pytest.raises(ValueError, match='Leave augment out'):
            call(model, kept.dataset, TX, augment=lambda key, batch: batch, **LOOP)


def test_memory(tmp_path, monkeypatch):
    small = tmp_path / 'meminfo'
    small.write_text('MemTotal: 9 kB\nMemAvailable:       1 kB\n')
    monkeypatch.setattr(_memory, '_MEMORY', small)
    with pytest.raises(ValueError, match=r'fit into the free memory of .* GiB'):
        training.precompute(DIGITS, STAGES, 1)
    monkeypatch.setattr(_memory, '_MEMORY', tmp_path / 'none')
    assert isinstance(training.precompute(DIGITS, STAGES, 1).dataset.test.arrays.inputs, Features)


def config_of(**changes):
    config = importlib.import_module('configs.digits').get_config()
    sizes = {'data.train': 48, 'data.validation': 16, 'data.test': 16, 'backbone.widths': (8, 4)}
    with config.unlocked():
        config.update_from_flattened_dict(sizes | {f'train.{k}': v for k, v in LOOP.items()})
        config.update(changes)
    return config


@pytest.mark.exhaustive
def test_a_config_stores_features_and_goes_on(tmp_path):
    built = build.setup(config_of(frozen=1, store_features=True))
    assert isinstance(built.dataset.train.example.inputs, Features)
    straight = build.train(built, seed=0)
    short = built._replace(options=dataclasses.replace(built.options, steps=2))
    build.train(short, seed=0, workdir=tmp_path)
    resumed = build.train(built, seed=0, workdir=tmp_path)
    assert_same(resumed.state, straight.state)
    assert resumed.test == straight.test


def test_a_config_freezes_on_images():
    built = build.setup(config_of(frozen=1))
    params, _ = built.model.init(jax.random.key(0), built.dataset.train.example.inputs)
    assert not jax.tree.leaves(params['shared']['stage0'])
    assert jax.tree.leaves(params['shared']['stage1'])


@pytest.mark.parametrize(
    ('changes', 'said'),
    [
        ({'store_features': True}, r'Found frozen = 0, augment = False'),
        ({'frozen': 3}, r'config.frozen = 3: where should be in 0..2'),
        ({'frozen': 3, 'store_features': True}, 'stages should be at most'),
        ({'heads': {'top': None}}, r"config.heads should name tasks .* Found \['top'\]"),
        ({'loss_scales': {'up': 2.0}}, r"config.loss_scales should name tasks .* Found \['up'\]"),
    ],
)
def test_configs_refused(changes, said):
    with pytest.raises(UsageError, match=said):
        build.setup(config_of(**changes))


@pytest.mark.exhaustive
def test_a_comparison_runs_frozen_stages_once(tmp_path, monkeypatch):
    calls = []
    store = training.precompute
    monkeypatch.setattr(training, 'precompute', lambda *a, **k: calls.append(1) or store(*a, **k))
    config = config_of(frozen=1, store_features=True)
    dataset = build.datasets()
    runs = Runs(tmp_path, dataset)
    comparison = Comparison(config, plan(surgery=('sum',)), runs, dataset)
    comparison.check()
    assert comparison.recover() == 0
    found = comparison.train()
    assert len(calls) == 1
    assert [run.task for run in found] == ['left', 'right', None]
    assert found[-1].test == build.train(build.setup(config), seed=0).test


def test_a_config_has_heads_of_its_own():
    spec = {'left': {'fn': 'mtljax.heads:mlp', 'widths': (7,), 'size': 10}}
    built = build.setup(config_of(heads=spec))
    params, _ = built.model.init(jax.random.key(0), X)
    assert params['task']['heads']['left']['Dense_0']['kernel'].shape == (4, 7)


class TestAverageLast:
    """The means of the last test results."""

    def test_means_and_resumption(self, kept, tmp_path):
        model = sharing.hard(kept.backbone, HEADS)
        options = LOOP | {'average_last': 2}
        straight = training.train(model, kept.dataset, TX, **options)
        rows = []
        for steps in (4, 6):
            ended = training.train(
                model, kept.dataset, TX, workdir=tmp_path, **options | {'steps': steps}
            )
            rows.append(
                training.evaluate(model, kept.dataset.tasks, ended.state, kept.dataset.test)
            )
        assert ended.test == straight.test
        for task, row in straight.test.items():
            mean = {name: np.mean([found[task][name] for found in rows]) for name in row}
            assert row == pytest.approx(mean, rel=1e-5)
            assert row['loss'] != pytest.approx(rows[1][task]['loss'], rel=1e-5)
        with pytest.raises(ValueError, match='should belong to the run'):
            training.train(model, kept.dataset, TX, workdir=tmp_path, **LOOP)

    @pytest.mark.parametrize(
        ('change', 'said'),
        [
            ({'average_last': 4}, 'at most the 3 evaluations. Found average_last = 4'),
            ({'average_last': 0}, 'average_last should be a whole number >= 1'),
            ({'average_last': 1, 'patience': 2}, 'Leave one of them out'),
        ],
    )
    def test_refused(self, kept, change, said):
        with pytest.raises(ValueError, match=said):
            training.preflight(
                sharing.hard(kept.backbone, HEADS), kept.dataset, TX, **LOOP | change
            )

    def test_seeds(self, kept):
        model = sharing.hard(kept.backbone, HEADS)
        options = {'seeds': (0, 1), 'batch_size': 16, 'average_last': 1}
        assert not training.should_vmap_seeds(model, kept.dataset, TX, **options)[0]
        with pytest.raises(ValueError, match='average_last = 1'):
            training.train_seeds(model, kept.dataset, TX, together=True, steps=4, **options)


def test_features_are_floats():
    digits = data.digits(train=4, validation=2, test=2)
    with pytest.raises(ValueError, match=r"floating-point dtype\. Found dtype = 'int8'"):
        training.precompute(digits, backbones.mlp((4,)), 1, dtype='int8')
