"""Small runs of any data set, as folders."""

import json

from mtljax import build, training


def trained(folder, data, backbone, **more):
    """Train a few steps, write the folder of a run, and return what was trained."""
    config = {
        'seed': 0,
        'data': data,
        'backbone': backbone,
        'sharing': {'fn': 'mtljax.sharing:hard'},
        'weighting': {'fn': 'mtljax.weighting:equal'},
        'surgery': {'fn': 'mtljax.surgery:sum'},
        'optimizer': {'fn': 'optax:adam', 'learning_rate': 1e-2},
        'select': {'fn': 'mtljax.training:select_by', 'metric': 'loss'},
        'train': {'steps': 3, 'batch_size': 8},
        **more,
    }
    built = build.setup(config)
    result = training.train(built.model, built.dataset, built.tx, built.options, workdir=folder)
    (folder / 'config.json').write_text(json.dumps(config))
    (folder / 'summary.json').write_text(json.dumps({'test': result.test}))
    return built
