"""Losses that compare the examples of a batch."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from mtljax import Batch, Dataset, Task, backbones, data, heads, metrics, sharing, surgery, training
from mtljax.training._objective import objective

RNG = np.random.default_rng(0)
SIZE = 40
X = RNG.normal(size=(SIZE, 3)).astype(np.float32)
LIKED = (X[:, 0] > 0.3).astype(np.float32)
KNOWN = RNG.random(SIZE) < 0.5
KEY = jax.random.key(0)
TX = optax.chain(surgery.on_shared(surgery.pcgrad()), optax.sgd(0.1))


def ranking(scores, labels, mask):
    """The mean over pairs of rows of the mask with different labels."""
    higher = (labels[:, None] > labels[None, :]) & mask[:, None] & mask[None, :]
    each = jnp.where(higher, jax.nn.softplus(scores[None, :] - scores[:, None]), 0)
    return each.sum() / higher.sum()  # NaN without pairs


def cox(scores, labels, mask):
    """A partial likelihood: every row against all rows that come later."""
    later = jnp.where(mask, scores, -jnp.inf)[None, :]
    risk = jax.nn.logsumexp(jnp.where(labels[None, :] >= labels[:, None], later, -jnp.inf), axis=1)
    return jnp.sum(risk - scores, where=mask) / mask.sum()


def setup(loss=ranking, **options):
    tasks = {
        'rank': Task(heads.linear(), loss, over_rows=True, **options),
        'plain': Task(heads.linear(), optax.squared_error, {'rmse': metrics.rmse()}),
    }
    split = data.array_split(X, {'rank': LIKED, 'plain': X[:, 1]}, {'rank': KNOWN})
    model = sharing.hard(backbones.mlp((8,)), {name: task.head for name, task in tasks.items()})
    return model, Dataset(tasks, split, split, split)


@pytest.mark.parametrize('loss', [ranking, cox])
def test_training_sees_the_labelled_rows_only(loss):
    """Loss and gradient are those of the labelled rows alone."""
    model, sets = setup(loss)
    batch = sets.train.arrays
    params, state = model.init(KEY, X)

    def plain(params):
        scores = model.apply(params, state, X[KNOWN])[0]['rank']
        return loss(scores, LIKED[KNOWN], np.ones(KNOWN.sum(), bool))

    losses_of, _ = objective(model, sets.tasks, state, batch, KEY)
    np.testing.assert_allclose(losses_of(params)[0][0], plain(params), rtol=1e-5)
    found = jax.jit(jax.grad(lambda p: losses_of(p)[0][0]))(params)['shared']
    expected = jax.jit(jax.grad(plain))(params)['shared']
    for one, other in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize('loss', [ranking, cox])
def test_a_batch_without_a_label_gives_no_gradient(loss):
    model, sets = setup(loss)
    batch = sets.train.arrays
    batch = batch._replace(mask=batch.mask | {'rank': np.zeros(SIZE, bool)})
    step = training.train_step(model, sets.tasks, TX)
    state, info = jax.jit(step.update)(step.init(KEY, batch), batch)
    assert info['loss']['rank'] == 0
    assert not info['active']['rank']
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(state.params))


@pytest.mark.parametrize(('batch_size', 'parts'), [(1024, [40]), (40, [40]), (16, [16, 16, 8])])
def test_an_evaluation_is_the_mean_over_batches(batch_size, parts):
    """Each batch counts by its labels, and the filled rows of the last one are not seen."""
    model, sets = setup()
    params, state = model.init(KEY, X)
    total, start = 0.0, 0
    scores = model.apply(params, state, X)[0]['rank']
    for size in parts:
        rows = slice(start, start + size)
        count = KNOWN[rows].sum()
        total, start = total + ranking(scores[rows], LIKED[rows], KNOWN[rows]) * count, start + size
    found = training.evaluator(model, sets.tasks, sets.test, batch_size=batch_size)(params, state)
    assert found['rank']['loss'] == pytest.approx(float(total) / KNOWN.sum(), rel=1e-5)


def test_a_training_ranks():
    model, sets = setup()
    result = training.train(
        model, sets, TX, steps=150, batch_size=SIZE, log_every=50, eval_every=50
    )
    chance = training.constant_baseline(model, sets)
    assert chance['rank']['loss'] == pytest.approx(np.log(2), rel=1e-4)
    assert result.test['rank']['loss'] < 0.2


def test_several_seeds_at_once():
    model, sets = setup()
    results = training.train_seeds(
        model, sets, TX, seeds=(0, 1), together=True, steps=3, batch_size=8
    )
    assert all(np.isfinite(result.test['rank']['loss']) for result in results)


@pytest.mark.parametrize(
    ('options', 'said'),
    [
        ({'micro_batches': 2}, r"micro_batches should be 1, because the losses of \['rank'\]"),
        ({'parallel': 'pmap'}, r'every device should see the whole batch. Found pmap'),
    ],
)
def test_divided_batches_are_refused(options, said):
    model, sets = setup()
    with pytest.raises(ValueError, match=said):
        training.train(model, sets, TX, steps=1, batch_size=16, **options)


@pytest.mark.parametrize(
    'loss',
    [
        lambda scores, labels, mask: ranking(scores, labels, np.ones(len(mask), bool)),
        lambda scores, labels, mask: jnp.where(mask, (scores - labels.mean()) ** 2, 0).sum(),
    ],
)
def test_a_loss_that_forgets_its_mask(loss):
    model, sets = setup(loss)
    step = training.train_step(model, sets.tasks, TX)
    with pytest.raises(ValueError, match='should leave out the examples where the mask is False'):
        step.init(KEY, sets.train.example)


def test_weights_are_refused():
    model, sets = setup()
    batch = sets.train.arrays._replace(weight={'rank': np.ones(SIZE, np.float32)})
    with pytest.raises(ValueError, match='compares examples, so its labels should have no weights'):
        training.train_step(model, sets.tasks, TX).init(KEY, batch)


def test_a_loss_of_the_wrong_kind():
    model, sets = setup(lambda y, t, mask: (y - t) ** 2)
    with pytest.raises(ValueError, match='with over_rows, should be one number for the batch'):
        training.train_step(model, sets.tasks, TX).init(KEY, sets.train.example)
    with pytest.raises(ValueError, match=r'Task.over_rows should be a boolean'):
        Task(heads.linear(), ranking, over_rows=1)


def pairwise(scores, labels):
    higher = labels[:, None] > labels[None, :]
    return jnp.where(higher, jax.nn.softplus(scores[None, :] - scores[:, None]), 0).mean(1)


def centred(scores, labels):
    return (scores - scores.mean() - labels) ** 2


@pytest.mark.parametrize('loss', [pairwise, centred])
def test_a_loss_that_compares_rows_without_saying_so(loss):
    task = Task(heads.linear(), loss)
    sets = data.arrays(X, {'rank': LIKED}, {'rank': task})
    model = sharing.hard(backbones.mlp((8,)), sets.heads)
    with pytest.raises(
        ValueError, match=r"example of task 'rank' should not depend.*over_rows=True"
    ):
        training.train_step(model, sets.tasks, TX).init(KEY, sets.train.example)


@pytest.mark.parametrize(
    ('loss', 'target', 'outputs'),
    [
        (optax.squared_error, LIKED, None),
        (optax.sigmoid_binary_cross_entropy, LIKED.astype(bool), None),
        (optax.softmax_cross_entropy_with_integer_labels, LIKED.astype(int), 3),
        (lambda y, t: jnp.log(y - 0.5) + t, LIKED, None),  # NaN for some rows
        (lambda y, t: (y - t).astype(jnp.bfloat16), LIKED, None),
    ],
)
def test_other_losses_pass(loss, target, outputs):
    head = heads.linear() if outputs is None else heads.linear(outputs)
    sets = data.arrays(X, {'a': target}, {'a': Task(head, loss)})
    model = sharing.hard(backbones.mlp((8,)), sets.heads)
    training.train_step(model, sets.tasks, TX).init(KEY, sets.train.example)


def test_init_under_jit():
    model, sets = setup()
    plain = {'plain': sets.tasks['plain']}
    model = sharing.hard(backbones.mlp((8,)), {'plain': plain['plain'].head})
    batch = Batch(X, {'plain': X[:, 1]}, {'plain': np.ones(SIZE, bool)})
    step = training.train_step(model, plain, TX)
    jax.jit(lambda key: step.init(key, batch).params)(KEY)
