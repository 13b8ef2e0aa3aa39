# ---
# jupyter:
#   jupytext:
#     formats: py:percent
#     text_representation: {extension: .py, format_name: percent}
# ---

# %% [markdown]
"""# Soft sharing on scarce data

In this tutorial you forecast a time series that has few labels, with the help of a longer series.
You use soft sharing: each series has a model, and a penalty keeps the parameters of the models
close to each other.

The two daily series have the same yearly pattern, weekly pattern and holidays, but different
scales. The first series has labels for 640 days. The second series has labels only for the last 90
of these days. We forecast the next 90 days.

Each series has a linear model. With a weak penalty, the model of the second series sees only 90
days, and cannot know the pattern of a year. With a strong penalty, it learns this pattern from the
first series. The script trains with several strengths of the penalty at once. To run it:

    python docs/tutorials/soft_sharing.py
"""

# %%
import datetime

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import linen

from mtljax import Batch, Module, Task, metrics, penalties, sharing, surgery, training
from mtljax.module import from_linen

# %% [markdown]
"""
## The data

Both series are sums of the same yearly waves, weekday effects and holiday effects. The scale, the
level, the trend and the noise are different.
"""


# %%
STRENGTHS = (1e-4, 0.01, 1.0, 10.0, 100.0)
LABELLED = {'long': slice(0, 640), 'scarce': slice(550, 640)}
TEST = slice(640, 730)
HOLIDAYS = ((1, 1), (7, 4), (11, 24), (12, 25))


def series(seed=0):
    """Features ``[731, 28]`` of the days of 2016 and 2017, and a noisy series for each task."""
    days = [datetime.date(2016, 1, 1) + datetime.timedelta(days) for days in range(731)]
    year = 2 * np.pi * np.array([day.timetuple().tm_yday for day in days]) / 365.25
    weekday = np.eye(7)[[day.weekday() for day in days]]
    holiday = np.array([(day.month, day.day) in HOLIDAYS for day in days], float)
    waves = [wave(k * year) for k in range(1, 11) for wave in (np.sin, np.cos)]
    shape = 0.12 * np.sin(year + 0.8) + 0.05 * np.cos(2 * year) - 0.35 * holiday
    shape = shape + weekday @ [-0.08, -0.03, 0, 0.03, 0.06, 0.05, -0.03]
    noise = np.random.default_rng(seed).normal(scale=0.03, size=(2, 731))
    time = np.arange(731)
    values = {
        'long': shape + 5e-5 * time + noise[0],
        'scarce': 0.1 + 1.1 * shape + 1e-4 * time + noise[1],
    }
    features = np.column_stack([*waves, weekday, holiday])
    return features.astype(np.float32), {k: v.astype(np.float32) for k, v in values.items()}


# %% [markdown]
"""
## The model

`sharing.soft` gives each task a separate copy of the backbone, which is called a tower. Here a
tower is one dense layer with one output.
"""


# %%
def make_model():
    """One dense layer with one output per task. The head removes the last axis, of size 1."""
    squeeze = Module(lambda key, z: ({}, {}), lambda p, s, z, **flags: (z[:, 0], s))
    task = Task(squeeze, optax.squared_error, {'rmse': metrics.rmse()})
    tasks = dict.fromkeys(LABELLED, task)
    heads = dict.fromkeys(LABELLED, squeeze)
    return sharing.soft((from_linen(linen.Dense(1)),), heads), tasks


# %% [markdown]
"""
## Training

The penalty `penalties.l2` is a step of the optax chain. It comes after `surgery.on_shared`, which
is always the first step and combines the task gradients of the shared parameters. Here the tasks
share no parameter. So this step only adds up the task gradients.
"""


# %%
def fit(model, tasks, batch, strength, steps):
    """Train both towers on their labelled days, with the penalty on the distance of the towers."""
    labels = sum(days.stop - days.start for days in LABELLED.values())
    tx = optax.chain(
        surgery.on_shared(surgery.sum()),
        penalties.l2(strength / labels),
        optax.lbfgs(1.0, memory_size=60, linesearch=None),  # enough memory for 58 weights
    )
    # With pooled=True, every label of both series has the same weight.
    step = training.train_step(model, tasks, tx, pooled=True)
    state = step.init(jax.random.key(0), batch)
    return jax.lax.scan(lambda state, _: step.update(state, batch), state, length=steps)[0]


# %% [markdown]
"""
## The result

The script prints the test error of the second series, which is called `scarce`, for each strength
of the penalty. The error falls as the penalty becomes stronger.
"""


# %%
def main(steps=300):
    """The test RMSE of the scarce series at each strength."""
    features, values = series()
    mask = {task: np.zeros(731, bool) for task in LABELLED}
    for task, days in LABELLED.items():
        mask[task][days] = True
    batch = Batch(features, values, mask)
    model, tasks = make_model()

    @jax.jit
    @jax.vmap
    def error(strength):
        state = fit(model, tasks, batch, strength, steps)
        forecast, _ = model.apply(state.params, state.state, features[TEST])
        return jnp.sqrt(jnp.mean((forecast['scarce'] - values['scarce'][TEST]) ** 2))

    table = dict(zip(STRENGTHS, error(jnp.array(STRENGTHS)).tolist(), strict=True))
    print('strength   RMSE of the scarce series (its noise: 0.03)')
    for strength, rmse in table.items():
        print(f'{strength:8g}   {rmse:.3f}')
    return table


if __name__ == '__main__':
    main()
