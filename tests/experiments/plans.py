"""What a comparison is asked for, as by flags."""

from experiments.compare.plan import Plan


def plan(*, seeds=(0,), tune=False, rates=(), crossed=True, **lists):
    lists = dict.fromkeys(('sharing', 'weighting', 'surgery')) | lists
    return Plan(lists, list(seeds), tune, list(rates), crossed)
