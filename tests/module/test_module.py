"""Flax modules, copies and chains of modules."""

import jax
import numpy as np
import pytest
from flax import linen, nnx

from mtljax import backbones, heads, module, sharing
from tests.helpers import assert_close, assert_same

X = np.random.default_rng(0).normal(size=(8, 5)).astype(np.float32) + 1
KEY = jax.random.key(0)


class _Linen(linen.Module):
    drop: bool = True
    norm: bool = True

    @linen.compact
    def __call__(self, x, train: bool = False):
        x = linen.Dense(4)(x)
        x = linen.BatchNorm(use_running_average=not train)(x) if self.norm else x
        return linen.Dropout(0.5, deterministic=not train)(x) if self.drop else x


class _Deterministic(linen.Module):
    @linen.compact
    def __call__(self, x, deterministic):
        return linen.Dropout(0.5, deterministic=deterministic)(x)


class _Nnx(nnx.Module):
    def __init__(self, rngs):
        self.dense = nnx.Linear(5, 4, rngs=rngs)
        self.norm = nnx.BatchNorm(4, rngs=rngs)
        self.drop = nnx.Dropout(0.5, rngs=rngs)

    def __call__(self, x):
        return self.drop(self.norm(self.dense(x)))


class _NnxPlain(nnx.Module):
    def __init__(self, rngs):
        self.dense = nnx.Linear(5, 4, rngs=rngs)
        self.norm = nnx.BatchNorm(4, rngs=rngs)

    def __call__(self, x):
        return self.norm(self.dense(x))


BOTH = pytest.mark.parametrize(
    ('drawing', 'quiet'),
    [
        (module.from_linen(_Linen()), module.from_linen(_Linen(drop=False))),
        (module.from_nnx(_Nnx), module.from_nnx(_NnxPlain)),
    ],
    ids=['linen', 'nnx'],
)


@BOTH
def test_state_is_written_only_while_training(drawing, quiet, maybe_jit):
    params, state = jax.jit(drawing.init)(KEY, X)
    _, kept = maybe_jit(lambda *args: drawing.apply(*args))(params, state, X)
    assert_same(kept, state)
    train = maybe_jit(lambda *args: drawing.apply(*args, key=KEY, train=True))
    _, written = train(params, state, X)
    assert jax.tree.structure(written) == jax.tree.structure(state)
    before, after = jax.tree.leaves(state), jax.tree.leaves(written)
    assert len(before) == 2  # a mean and a variance, no random stream
    assert all((a != b).any() for a, b in zip(before, after, strict=True))


@BOTH
def test_the_same_key_gives_the_same_output(drawing, quiet):
    params, state = jax.jit(drawing.init)(KEY, X)
    run = jax.jit(lambda key: drawing.apply(params, state, X, key=key, train=True)[0])
    first, again, other = run(KEY), run(KEY), run(jax.random.key(1))
    assert_same(first, again)
    assert (first != other).any()
    evaluated = drawing.apply(params, state, X)[0]
    assert (first == 0).any()
    assert not (evaluated == 0).any()


@BOTH
def test_a_key_is_missed_only_by_what_draws(drawing, quiet):
    params, state = jax.jit(drawing.init)(KEY, X)
    with pytest.raises(ValueError, match='key='):
        jax.eval_shape(lambda: drawing.apply(params, state, X, train=True))
    params, state = jax.jit(quiet.init)(KEY, X)
    y, _ = jax.jit(lambda: quiet.apply(params, state, X, train=True))()
    np.testing.assert_allclose(y.mean(0), 0, atol=1e-5)  # the batch's own statistics


@BOTH
def test_copies_under_vmap(drawing, quiet):
    copies = module.stack(drawing, 3)
    params, state = jax.jit(copies.init)(KEY, X)
    y, written = jax.jit(lambda: copies.apply(params, state, X, key=KEY, train=True))()
    assert y.shape == (3, 8, 4)
    zeros = np.asarray(y == 0)
    assert (zeros[0] != zeros[1]).any()
    assert all(leaf.shape[0] == 3 for leaf in jax.tree.leaves((params, written)))
    kernel = max(jax.tree.leaves(params), key=lambda leaf: leaf.ndim)
    assert (kernel[0] != kernel[1]).any()


@pytest.mark.parametrize('flag', ['deterministic', 'train'])
def test_inverted_flag(flag):
    own = _Deterministic() if flag == 'deterministic' else _Linen(norm=False)
    wrapped = module.from_linen(own, train_flag=flag)
    params, state = jax.jit(wrapped.init)(KEY, X)
    assert (wrapped.apply(params, state, X, key=KEY, train=True)[0] == 0).any()
    assert not (wrapped.apply(params, state, X)[0] == 0).any()


def test_serial_is_one_after_the_other():
    first, second = backbones.mlp((6, 4))
    both = module.serial(first, second)
    params, state = jax.jit(both.init)(KEY, X)
    middle, _ = first.apply(params['stage0'], state['stage0'], X)
    expected, _ = second.apply(params['stage1'], state['stage1'], middle)
    assert_same(both.apply(params, state, X)[0], expected)


def test_stack_with_a_row_of_the_input_for_each_copy():
    one = heads.linear(3)
    copies = module.stack(one, 2, shared_input=False)
    rows = np.stack([X, 2 * X])
    params, state = jax.jit(copies.init)(KEY, rows)
    actual, _ = copies.apply(params, state, rows)
    for index in range(2):
        own = jax.tree.map(lambda leaf, i=index: leaf[i], params)
        assert_close(actual[index], one.apply(own, {}, rows[index])[0])


def test_some_heads_draw_as_they_do_among_all():
    own = {name: heads.mlp((16,), 2, dropout=0.5) for name in ('wide', 'b', 'a')}
    both = module.fan_out(own)
    params, state = jax.jit(both.init)(KEY, X)
    run = jax.jit(
        lambda tasks: both.apply(params, state, X, tasks=tasks, key=KEY, train=True)[0],
        static_argnums=0,
    )
    every, some = run(None), run(('a', 'wide'))
    assert set(some) == {'a', 'wide'}
    assert_same(some, {name: every[name] for name in some})
    assert (every['a'] != every['wide']).any()


def test_fan_out_picks_the_input_of_each_head():
    both = module.fan_out({'b': heads.linear(2), 'a': heads.linear(2)}, lambda task, x: x[task])
    inputs = {'b': X, 'a': X[:, :3]}
    params, state = jax.jit(both.init)(KEY, inputs)
    actual, _ = both.apply(params, state, inputs)
    assert list(actual) == ['b', 'a']
    assert params['a']['Dense_0']['kernel'].shape == (3, 2)


class Quiet(linen.Module):
    """Dropout behind a flag of another name."""

    @linen.compact
    def __call__(self, x, deterministic: bool = True):
        return linen.Dropout(0.5, deterministic=deterministic)(x)


def test_a_flag_of_another_name_is_found():
    quiet = module.from_linen(Quiet())
    x = np.ones((4, 50), np.float32)
    params, state = quiet.init(jax.random.key(0), x)
    assert (quiet.apply(params, state, x, key=jax.random.key(1), train=True)[0] == 0).any()
    assert (quiet.apply(params, state, x)[0] == 1).all()


def test_a_flag_that_is_not_there():
    with pytest.raises(ValueError, match=r"deterministic.*Found train_flag = 'training'"):
        module.from_linen(Quiet(), train_flag='training')


def test_remat_keeps_values_and_gradients_and_less_in_between():
    plain = module.serial(*backbones.mlp((32, 32, 32), dropout=0.5))
    lean = module.serial(*module.remat(backbones.mlp((32, 32, 32), dropout=0.5)))
    x, key = np.ones((4, 5), np.float32), jax.random.key(1)
    params, state = jax.jit(plain.init)(key, x)

    def pull_of(model):
        y, pull = jax.vjp(lambda p: model.apply(p, state, x, key=key, train=True)[0], params)
        return y, pull(y), sum(leaf.size for leaf in jax.tree.leaves(pull))

    (y, gradient, kept), (other_y, other_gradient, other_kept) = map(pull_of, (plain, lean))
    assert_close(other_y, y)
    assert_close(other_gradient, gradient)
    assert other_kept < kept


def test_remat_is_for_parts_of_a_model():
    model = sharing.hard(backbones.mlp((4,)), {'a': heads.linear()})
    with pytest.raises(ValueError, match='Wrap the backbone'):
        module.remat(model)
