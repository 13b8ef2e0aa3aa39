"""The files that a harness reads, by their numbers."""

import random
from pathlib import PurePosixPath

from experiments.fuzz.harness import Case, Harness, Material
from experiments.fuzz.mutations import Pool, damage

_INSIDE = 0.5  # of the files of a container are damaged inside
_RENAMED = 0.1


def case_of(harness: Harness, material: Material, seed: int, index: int) -> Case:
    """Return a file. The same arguments always give the same file.

    The valid files come first, then the hostile ones, then damaged ones without end.

    Args:
      harness: The format.
      material: The files of the harness.
      seed: The seed of all choices.
      index: The number of the file.
    """
    names = list(material.seeds)
    if index < len(names):
        return Case(names[index], names[index], material.seeds[names[index]], valid=True)
    if index < len(names) + len(material.hostile):
        return material.hostile[index - len(names)]
    rng = random.Random(f'{seed}:{harness.name}:{index}')
    source = rng.choice(names)
    pool = Pool(list(material.seeds.values()), harness.tokens)
    content = material.seeds[source]
    if harness.names and rng.random() < _RENAMED:
        name = str(PurePosixPath(source).with_name(rng.choice(harness.names)))
        return Case(source, name, content)
    if harness.edit is not None and rng.random() < _INSIDE:
        return Case(source, source, harness.edit(source, content, rng, _damage(rng, pool)))
    return Case(source, source, damage(content, rng, pool))


def _damage(rng: random.Random, pool: Pool):
    """Return damage for a part of a file; other files would not fit there."""
    return lambda part: damage(part, rng, Pool([part], pool.tokens))
