"""What a fuzzer of the service counts."""

from collections import Counter, defaultdict

from experiments.fuzz.service.plan import Plan

_KEPT = 20  # findings of each case


class Tally:
    """Counts the statuses of each case, and keeps the findings."""

    def __init__(self):
        self._statuses: dict[str, Counter] = defaultdict(Counter)
        self.findings: list[str] = []

    def add(self, case: str, plan: Plan, statuses: list[int], wrong: str) -> None:
        """Count a request."""
        self._statuses[case].update(statuses or ['left'])
        if wrong:
            self.note(f'{case}: {wrong}', b''.join(plan.parts)[:300])

    def note(self, finding: str, sent: bytes = b'') -> None:
        """Keep a finding."""
        if len(self.findings) < _KEPT:
            self.findings.append(f'{finding}\n    {sent!r}' if sent else finding)

    def lines(self) -> list[str]:
        """Return a line for each case."""
        width = max(map(len, self._statuses), default=0)
        return [
            f'{case:{width}}  {sum(counts.values()):6}  '
            + ', '.join(f'{count} x {status}' for status, count in sorted(counts.items(), key=str))
            for case, counts in sorted(self._statuses.items())
        ]
