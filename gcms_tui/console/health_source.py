"""Where the health pane's answers come from: the examiner, as the loader's thread drives it."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from textual.message import Message

from gcms_tui.console.pane import Loader
from gcms_tui.console.services import ConsoleServices, HealthExaminer
from gcms_tui.core.errors import GcmsError
from gcms_tui.core.finding import Finding, HealthReport, Point

Series = Mapping[str, tuple[Point, ...]]


@dataclass
class Begun(Message):
    """The examiner is there and starts to look."""

    names: tuple[str, ...]
    only: tuple[str, ...] | None


@dataclass
class Answered(Message):
    """One finding has come in."""

    finding: Finding


@dataclass
class Loaded(Message):
    """A look has ended with a report."""

    report: HealthReport
    series: Series
    notes: tuple[str, ...]
    whole: bool


class HealthSource:
    """Opens the examiner when it is first needed. `look` belongs to the loader's thread."""

    def __init__(self, services: ConsoleServices, loader: Loader) -> None:
        self._services = services
        self._loader = loader
        self._examiner: HealthExaminer | None = None

    def look(self, only: tuple[str, ...] | None) -> Message:
        """Examine all, or `only` some; posts as it goes, and returns how it ended."""
        if self._examiner is None:
            self._examiner = self._services.open_health()
        examiner = self._examiner
        self._loader.post(Begun(examiner.names(), only))
        report = examiner.examine(only, lambda finding: self._loader.post(Answered(finding)))
        series, notes = _series(examiner, (finding.name for finding in report.findings))
        return Loaded(report, series, (*report.notes, *notes), whole=only is None)

    def abandon(self) -> None:
        """End what is under way without waiting for it."""
        if self._examiner is not None:
            threading.Thread(target=self._examiner.close, name="health-close", daemon=True).start()


def _series(examiner: HealthExaminer, names: Iterable[str]) -> tuple[Series, tuple[str, ...]]:
    """The past of each finding. Without it the answers still stand: what went wrong is a note."""
    series: dict[str, tuple[Point, ...]] = {}
    try:
        for name in names:
            series[name] = examiner.series(name)
    except GcmsError as error:
        return series, (f"{error.title}: {error.message}",)
    return series, ()
