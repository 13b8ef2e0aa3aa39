"""What could be better than the default, in the order of promise."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ml_collections import ConfigDict

from experiments.advise.lab import DEFAULT, Proposal
from experiments.advise.scaled import with_sharing
from experiments.compare.methods import BASELINE, with_methods
from experiments.program import short
from mtljax.analysis import Branching

PLAIN = {'sharing': DEFAULT, 'weighting': 'equal', 'surgery': 'sum'}
_MODEST = {
    'mmoe': {'num_experts': 4},
    'cgc': {},
    'cross_stitch': {},
}


def default(config: ConfigDict) -> Proposal:
    """Return hard sharing with equal weights and the plain sum."""
    return Proposal(DEFAULT, with_methods(config, PLAIN), 'It is the simplest way to share.')


def singles(config: ConfigDict, tasks: Sequence[str]) -> list[Proposal]:
    """Return one network per task."""
    plain = with_methods(config, PLAIN)
    return [Proposal(BASELINE, plain, 'Each task is alone.', task) for task in tasks]


def proposals(
    config: ConfigDict,
    branching: Branching | None,
    others: Mapping[str, Sequence[Sequence[str]]],
    *,
    balanced: bool,
) -> list[Proposal]:
    """Return what may be better than the default, each once, the most promising first.

    Args:
      config: The config.
      branching: The conflicts per stage, if they were measured.
      others: Other groups of tasks, ``{why: groups}``.
      balanced: Whether the gradients of all tasks have about the same norm.
    """
    every = [
        *(_by_conflicts(config, branching) if branching else ()),
        *_by_groups(config, others, branching),
        *([] if balanced else _by_balance(config)),
        *_by_config(config),
        *_general(config, branching),
        *(_by_balance(config) if balanced else ()),
    ]
    unique: dict[str, Proposal] = {}
    for proposal in every:
        unique.setdefault(proposal.method, proposal)
    return list(unique.values())


def name_of(groups: Sequence[Sequence[str]]) -> str:
    """Return groups as a name.

    >>> name_of([['a', 'b'], ['c']])
    'a b | c'
    """
    return ' | '.join(' '.join(group) for group in groups)


def _by_conflicts(config: ConfigDict, found: Branching) -> Iterator[Proposal]:
    if not found.conflicts.any():
        return
    yield _grouped(config, found.groups, found.at, 'The gradients conflict at this stage.')
    if len(set(found.depths.values())) > 1:
        depths = {task: depth for task, depth in found.depths.items() if depth < len(found.stages)}
        name = ' '.join(f'{task}:{depth}' for task, depth in depths.items())
        yield Proposal(
            f'branched {name}',
            with_sharing(with_methods(config, PLAIN), 'branched', at=depths, own_stages=True),
            'These tasks leave the shared stages where their gradients conflict.',
        )


def _by_groups(
    config: ConfigDict,
    others: Mapping[str, Sequence[Sequence[str]]],
    branching: Branching | None,
) -> Iterator[Proposal]:
    """Return networks of other groups, if they are neither one group nor all alone."""
    at = branching.at if branching and branching.conflicts.any() else 0
    for why, groups in others.items():
        count = sum(map(len, groups))
        if 1 < len(groups) < count:
            yield _grouped(config, groups, at, why)


def _grouped(config: ConfigDict, groups: Sequence[Sequence[str]], at: int, why: str) -> Proposal:
    plain = with_methods(config, PLAIN)
    listed = tuple(tuple(group) for group in groups)
    changed = with_sharing(plain, 'grouped', groups=listed, at=at)
    return Proposal(f'grouped at {at}: {name_of(groups)}', changed, why)


def _by_balance(config: ConfigDict) -> Iterator[Proposal]:
    why = 'The gradients of the tasks have different norms.'
    yield _named(config, why, weighting='uncertainty')
    yield _named(config, why, surgery='nash_mtl')
    yield _named(config, why, surgery='imtl_g')


def _by_config(config: ConfigDict) -> Iterator[Proposal]:
    """Return the method of the config, and the lists of its comparison."""
    why = 'The config names it.'
    own = {field: short(config[field].fn) for field in PLAIN}
    if own != PLAIN:
        name = ' + '.join(own[field] for field in PLAIN if own[field] != PLAIN[field])
        yield Proposal(f'as configured: {name}', config, why)
    listed: Any = config.get('comparison') or {}
    for field in PLAIN:
        for name in listed.get(field) or ():
            if name not in (PLAIN[field], 'independent'):
                yield _named(config, why, **{field: name})


def _general(config: ConfigDict, found: Branching | None) -> Iterator[Proposal]:
    """Return well-known methods; first surgery if gradients conflict, else mixtures."""
    surgery = [
        _named(config, 'It takes conflicts out of the gradients.', surgery=name)
        for name in ('pcgrad', 'cagrad')
    ]
    several = found is not None and len(found.stages) > 1
    mixtures = [_mixture(config, scheme, int(several)) for scheme in _MODEST]
    conflict = found is not None and max(found.scores.values(), default=0) > 0.25
    yield from [*surgery, *mixtures] if conflict else [*mixtures, *surgery]


def _mixture(config: ConfigDict, scheme: str, start: int) -> Proposal:
    """Return a mixture with the options of the config, or else a small one."""
    changed = with_methods(config, PLAIN | {'sharing': scheme})
    if scheme not in (config.get('methods') or {}) and short(config.sharing.fn) != scheme:
        changed = with_sharing(changed, scheme, start=start, **_MODEST[scheme])
    return Proposal(scheme, changed, 'Tasks share what they choose to share.')


def _named(config: ConfigDict, why: str, **names: str) -> Proposal:
    return Proposal(' + '.join(names.values()), with_methods(config, PLAIN | names), why)
