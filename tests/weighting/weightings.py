"""All weightings; a new one is one row of METHODS."""

import numpy as np

from mtljax import weighting

FORMS = np.array(['regression', 'classification'])
METHODS = {  # a function from the numbers of the tasks: some options differ between tasks
    'equal': lambda ids: weighting.equal(),
    'constant': lambda ids: weighting.constant((ids + 1) % 3 / 2),
    'inverse_initial': lambda ids: weighting.inverse_initial(),
    'uncertainty': lambda ids: weighting.uncertainty(),
    'uncertainty of two forms': lambda ids: weighting.uncertainty(
        FORMS[ids % 2].tolist(), initial=ids % 3 / 4
    ),
    'dwa': lambda ids: weighting.dwa(2),
    'dwa of longer blocks': lambda ids: weighting.dwa(5, temperature=0.5),
    'dwa sliding': lambda ids: weighting.dwa(3, sliding=True),
    'random': lambda ids: weighting.random(),
    'geometric': lambda ids: weighting.geometric(),
    'scale_invariant': lambda ids: weighting.scale_invariant(),
    'imtl_l': lambda ids: weighting.imtl_l(),
    'famo': lambda ids: weighting.famo(),
    'famo above bounds': lambda ids: weighting.famo(min_losses=-(ids % 3) / 4, weight_decay=0.1),
    'stch': lambda ids: weighting.stch(),
    'stch by preference': lambda ids: weighting.stch(
        (1 + ids % 3) / 4, smoothing=0.5, ideal=-(ids % 3) / 4
    ),
    'chain': lambda ids: weighting.chain(weighting.scale_invariant(), weighting.famo()),
}
