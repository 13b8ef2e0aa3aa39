"""Counts of outcomes, and the smallest files of each finding."""

import collections
import re
from pathlib import Path
from typing import NamedTuple

from experiments.fuzz.harness import Case
from experiments.fuzz.outcome import FINDINGS, Outcome
from mtljax.files import write_bytes

_KEPT = 5


class Found(NamedTuple):
    """A file of a finding.

    Attributes:
      size: The size of the file in bytes.
      index: The number of the file.
      case: The file.
      outcome: What happened.
    """

    size: int
    index: int
    case: Case
    outcome: Outcome


class Tally:
    """What happened to the files of a format.

    Args:
      name: The name of the format.
    """

    def __init__(self, name: str):
        self.name = name
        self.counts: collections.Counter[str] = collections.Counter()
        self._files: collections.Counter[tuple[str, str, str]] = collections.Counter()
        self._found: dict[tuple[str, str, str], list[Found]] = {}

    def add(self, index: int, outcome: Outcome, case: Case | None) -> None:
        """Count an outcome.

        Args:
          index: The number of the file.
          outcome: What happened.
          case: The file, if it is a finding.
        """
        self.counts[outcome.kind] += 1
        if case is not None:
            found = self._found.setdefault(outcome.key, [])
            found.append(Found(len(case.content), index, case, outcome))
            found.sort(key=lambda each: each[:2])
            del found[_KEPT:]
            self._files[outcome.key] += 1

    def knows(self, outcome: Outcome) -> bool:
        """Return whether there is such a finding already."""
        return outcome.key in self._found

    @property
    def findings(self) -> list[list[Found]]:
        """The smallest files of each finding, the most frequent finding first."""
        return [self._found[key] for key, _ in self._files.most_common()]

    def line(self) -> str:
        """Return the counts as one line."""
        shown = [f'{self.counts.total():,} files']
        shown += [f'{self.counts[kind]:,} {kind}' for kind in ('read', 'refused', *FINDINGS)]
        return f'{self.name}: {", ".join(shown)}'

    def details(self) -> list[str]:
        """Return a line for each finding."""
        lines = []
        for (first, *_), count in zip(self.findings, self._counts(), strict=True):
            kind, error, place = first.outcome.key
            where = f' in {place}, line {first.outcome.line}' if place else ''
            lines.append(
                f'  {kind}: {error}{where}. {count:,} files; the smallest is number {first.index}, '
                f'{first.case.name!r}, {first.size:,} bytes. {first.outcome.message}'
            )
        return lines

    def write(self, folder: Path) -> list[Path]:
        """Write the files of the findings into a folder, and return their paths."""
        paths = []
        for found in self.findings:
            for number, each in enumerate(found, 1):
                path = folder / _file_name(self.name, number, each)
                folder.mkdir(parents=True, exist_ok=True)
                write_bytes(path, each.case.content)
                paths.append(path)
        return paths

    def _counts(self) -> list[int]:
        return [count for _, count in self._files.most_common()]


def _file_name(name: str, number: int, found: Found) -> str:
    """Return a name that ends in the name of the file that the finding replaces."""
    kind, error, place = found.outcome.key
    words = [kind, error, place.rpartition('/')[2]]
    shown = '-'.join(re.sub(r'\W+', '_', word).strip('_') for word in words if word)
    return f'{name}-{shown}-{number}.{found.case.source.replace("/", ".")}'
