"""What the wall reads beside the findings, in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

from gcms_tui.console.services import ConsoleServices
from gcms_tui.core.finding import Finding, HealthReport
from gcms_tui.core.settings import Settings
from gcms_tui.core.verdict import Verdict
from gcms_tui.core.wall_around import Around
from gcms_tui.operations.wall import WallDesk
from tests.console.small_platform import NOON, Clock, Examiner, services, story

AROUND = Around(
    due=("daily overdue since Mon 2026-03-02 09:00 UTC", "weekly due since Sun 2026-03-01 02:00 UTC"),
    verdict=Verdict.WARN,
    on_call="+1-XXX-XXX-XXXX",
    flag="a placeholder",
    holds=("critical test",),
    incidents=2,
)


@dataclass
class SmallWall:
    """Holds the signs in its hands, and remembers what was kept."""

    signs: dict[str, str] = field(default_factory=lambda: {"dbt.log": "1"})
    around: Around = AROUND
    kept: list[HealthReport] = field(default_factory=list)

    def desk(self) -> WallDesk:
        return WallDesk(lambda: dict(self.signs), lambda: self.around, self.kept.append)


def wall_services(
    state: Path,
    wall: SmallWall,
    examiner: Examiner | None = None,
    *,
    clock: Clock | None = None,
    last: HealthReport | None = None,
    refresh_s: float | None = 900.0,
    ascii: bool = False,  # noqa: A002
) -> ConsoleServices:
    prepared = services(state, examiner, clock=clock, last=last, refresh_s=refresh_s, ascii=ascii)
    return replace(prepared, open_wall=wall.desk, settings=Settings(state_dir=state))


def day_of(answers: Sequence[Finding] = story()) -> tuple[HealthReport, ...]:
    """A night of records: all is well, then what the story tells."""
    well = tuple(replace(item, verdict=item.verdict.OK) for item in answers)
    return tuple(
        HealthReport("sandbox", moment, tuple(replace(item, taken_at=moment) for item in (well, answers)[hour > 2]))
        for hour in range(5)
        for moment in (NOON - timedelta(hours=5 - hour),)
    )
