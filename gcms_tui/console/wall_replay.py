"""The wall as it was: a file of records, seen again step by step. It asks nobody anything."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Protocol

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.timer import Timer

from gcms_tui.console.board_state import known, overall
from gcms_tui.console.pane import Loader, LoadFailed, Pane
from gcms_tui.console.present import moment_text
from gcms_tui.console.services import ConsoleServices
from gcms_tui.console.status_bar import Status, StatusBar
from gcms_tui.console.theme import Look
from gcms_tui.console.wall import BARS
from gcms_tui.console.wall_page import Foot, Shown, page
from gcms_tui.console.widgets.lines import Lines
from gcms_tui.core.errors import GcmsError
from gcms_tui.core.finding import HealthReport, Point
from gcms_tui.core.verdict import Verdict
from gcms_tui.core.wall import LONGEST_SLEEP

SPEEDS_S = (5.0, 2.0, 1.0, 0.5, 0.2)
"""Seconds for which one report is shown, from slow to fast."""
_PAST = 60
"""So many earlier reports make a sparkline."""


class Record(Protocol):
    """What a file of records holds."""

    @property
    def reports(self) -> tuple[HealthReport, ...]: ...

    @property
    def damaged(self) -> tuple[str, ...]:
        """Lines that are no report, in words."""
        ...


@dataclass
class RecordRead(Message):
    record: Record


class ReplayScreen(Pane):
    """Stands in the place of the panes."""

    TITLE = "Replay"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right,l", "step(1)", "Later", id="replay.later", tooltip="The next report"),
        Binding("left,h", "step(-1)", "Earlier", id="replay.earlier", tooltip="The report before"),
        Binding("home,g", "go(0)", "First", id="replay.first", tooltip="The first report"),
        Binding("end,G", "go(-1)", "Last", id="replay.last", tooltip="The last report"),
        Binding("space", "play", "Play", id="replay.play", tooltip="Play on, or stop"),
        Binding("plus,f", "speed(1)", "Faster", id="replay.faster", tooltip="Show each report for less long"),
        Binding("minus,s", "speed(-1)", "Slower", id="replay.slower", tooltip="Show each report for longer"),
        Binding("e", "error", "Error", id="replay.error", tooltip="The last failure in full"),
    ]

    def __init__(self, services: ConsoleServices, look: Look, path: Path, read: Callable[[Path], Record]) -> None:
        super().__init__(services, look)
        self.status_bar = StatusBar(look, None)  # no place: it is connected to none
        self.lines = Lines(id="wall")
        self.reports: tuple[HealthReport, ...] = ()
        self.damaged: tuple[str, ...] = ()
        self.place = 0
        self.failure: GcmsError | None = None
        self._path, self._read = path, read
        self._loader = Loader(self, "replay")
        self._speed = 2
        self._playing: Timer | None = None

    def compose(self) -> ComposeResult:
        yield self.status_bar
        yield self.lines
        yield self.key_bar

    def on_mount(self) -> None:
        self.draw()

    def first_painted(self) -> None:
        self._loader.start(lambda: RecordRead(self._read(self._path)))

    def on_record_read(self, message: RecordRead) -> None:
        self.reports, self.damaged = message.record.reports, message.record.damaged
        self._come_to(0)

    def on_load_failed(self, message: LoadFailed) -> None:
        message.stop()
        self.failure = message.error
        self.draw()
        self.refresh_bindings()
        self.action_error()

    # -- drawing ----------------------------------------------------------------------------------------------------

    def on_resize(self, event: events.Resize) -> None:
        self.draw()

    def draw(self) -> None:
        shown = self._shown()
        self.lines.show(lambda width: page(shown, self.look, width, max(self.size.height - BARS, 1)))
        self.say(
            Status(
                title=self.TITLE, connection="REPLAY, read-only", data=self._where(), refresh=("connected to nothing",)
            )
        )

    def _where(self) -> str:
        return f"{self.place + 1} of {len(self.reports)}" if self.reports else "no record"

    def _shown(self) -> Shown:
        if not self.reports:
            state = known(None)
            words = "reading" if self.failure is None else self.failure.message
            return Shown(overall(state, self.services.now(), LONGEST_SLEEP), (), {}, self.services.now(), (words,))
        report = self.reports[self.place]
        whole = overall(known(report), report.taken_at, 2 * LONGEST_SLEEP)
        return Shown(
            whole,
            report.findings,
            past(self.reports[max(self.place - _PAST + 1, 0) : self.place + 1]),
            report.taken_at,
            (f"target {report.target}",),
            self._foot(),
            f"REPLAY   {moment_text(report.taken_at)}   {self._where()}",
        )

    def _foot(self) -> tuple[Foot, ...]:
        if not self.damaged:
            return (Foot("speed", self._speed_words()),)
        more = f"; and {len(self.damaged) - 1} more" if len(self.damaged) > 1 else ""
        return Foot("damaged", f"{self.damaged[0]}{more}; passed over", Verdict.WARN), Foot(
            "speed", self._speed_words()
        )

    def _speed_words(self) -> str:
        return f"{SPEEDS_S[self._speed]:g} s a report, {'playing' if self._playing else 'stopped'}"

    # -- moving -----------------------------------------------------------------------------------------------------

    def refusal(self, action: str) -> str | None:
        last = len(self.reports) - 1
        match action:
            case "step" | "go" | "play" | "speed" if not self.reports:
                return "there is no record"
            case "play" if self.place == last and self._playing is None:
                return "this is the last report"
            case "error" if self.failure is None:
                return "nothing has failed"
        return super().refusal(action)

    def pointless(self, action: str) -> bool:
        return action == "error" or super().pointless(action)

    def action_step(self, by: int) -> None:
        self._stop()
        self._come_to(self.place + by)

    def action_go(self, place: int) -> None:
        self._stop()
        self._come_to(place % len(self.reports))

    def action_play(self) -> None:
        if self._playing is not None:
            self._stop()
        else:
            self._playing = self.set_interval(SPEEDS_S[self._speed], self.play_on)
        self.draw()

    def action_speed(self, by: int) -> None:
        self._speed = min(max(self._speed + by, 0), len(SPEEDS_S) - 1)
        if self._playing is not None:
            self._playing.stop()
            self._playing = self.set_interval(SPEEDS_S[self._speed], self.play_on)
        self.draw()

    def action_error(self) -> None:
        from gcms_tui.console.dialogs import ErrorDialog

        if self.failure is not None:
            self.app.push_screen(ErrorDialog(self.look, self.failure))

    def play_on(self) -> None:
        """On to the next report; at the last one it stops."""
        if self.place >= len(self.reports) - 2:
            self._stop()
        self._come_to(self.place + 1)

    def _come_to(self, place: int) -> None:
        self.place = min(max(place, 0), len(self.reports) - 1)
        self.draw()
        self.refresh_bindings()

    def _stop(self) -> None:
        if self._playing is not None:
            self._playing.stop()
            self._playing = None


def past(reports: Sequence[HealthReport]) -> dict[str, tuple[Point, ...]]:
    """Each finding's values over these reports, oldest first; one answer that was shown again counts once."""
    series: dict[str, dict[object, Point]] = {}
    for report in reports:
        for finding in report.findings:
            point = Point(finding.taken_at, finding.verdict, finding.value)
            series.setdefault(finding.name, {}).setdefault((finding.taken_at, finding.verdict), point)
    return {name: tuple(points.values()) for name, points in series.items()}
