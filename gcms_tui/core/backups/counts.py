"""The rows of a table before and after a refresh, and what that says."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from gcms_tui.core.conclusion import counted
from gcms_tui.core.verdict import Verdict, worst


@dataclass(frozen=True, slots=True)
class RowCount:
    """One table."""

    table: str
    before: int | None
    """None where nobody has counted it."""
    after: int | None
    """None where it could not be counted."""
    vanished: bool = False
    """It is not there any more, or the role may not see it: the warehouse does not tell which."""
    why: str = ""
    """Why it could not be counted."""

    @property
    def delta(self) -> int | None:
        return None if self.before is None or self.after is None else self.after - self.before

    @property
    def percent(self) -> float | None:
        """Of the rows before; None where there were none."""
        return None if self.delta is None or not self.before else self.delta / self.before * 100

    def judged(self, alert_percent: float) -> Judged:
        """A refresh adds rows, and not many: what was lost or emptied is a failure, much more is to be looked at."""
        verdict, words = _judge(self, alert_percent)
        return Judged(self, verdict, words)


@dataclass(frozen=True, slots=True)
class Judged:
    count: RowCount
    verdict: Verdict
    words: str


def verdict_of(judged: Iterable[Judged]) -> Verdict:
    """Of all of them together; of none it is UNKNOWN. A failure that is known is not hidden by what is not."""
    verdicts = [one.verdict for one in judged]
    return Verdict.FAIL if Verdict.FAIL in verdicts else worst(verdicts)


def _judge(count: RowCount, alert_percent: float) -> tuple[Verdict, str]:
    before, after = count.before, count.after
    if count.vanished:
        return Verdict.FAIL, "it is not there any more, or this role may not see it"
    if after is None:
        return Verdict.UNKNOWN, count.why or "it could not be counted"
    if after == 0:
        return Verdict.FAIL, "it is empty"
    if before is None:
        return Verdict.UNKNOWN, "nobody counted it before"
    if after < before:
        return Verdict.FAIL, f"it lost {counted(before - after, 'row')}"
    if before == 0:
        return Verdict.WARN, "it was empty before"
    percent = (after - before) / before * 100
    if percent > alert_percent:
        return Verdict.WARN, f"it grew by {percent:,.1f} %, more than {alert_percent:g} %"
    return Verdict.OK, f"it grew by {counted(after - before, 'row')}" if after > before else "as many as before"
