"""The bar at the top: where this is, what it may do, whether it is connected, and how old what it shows is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text
from textual.reactive import reactive

from gcms_tui.console.theme import Look
from gcms_tui.console.widgets.bars import Bar, Part, fit_parts
from gcms_tui.core.frozen import frozen
from gcms_tui.core.target import is_production

if TYPE_CHECKING:
    from gcms_tui.core.run import Run

_TITLED = 60
"""From this width on the pane's title is shown."""


@frozen
class Place:
    """What does not change while the console runs."""

    target: str
    sandbox: bool
    read_only: bool


@frozen
class Status:
    """What the pane in front says about itself."""

    title: str = ""
    connection: str = ""
    data: str = ""
    stale: bool = False
    refresh: tuple[str, ...] = ("",)
    """When it looks again, in ever shorter wordings."""


@frozen
class Writes:
    """What is known of writes that have not come to their end."""

    in_doubt: int = 0
    """How many nobody knows the outcome of."""
    writer: str = ""
    """Who writes just now, and holds a table for it."""
    unread: bool = False
    """The journal could not be asked."""


@frozen
class Payroll:
    """What is known of payroll."""

    held: bool = False
    acting: str = ""


@frozen
class Escalation:
    """What is known of open incidents that nobody has taken."""

    overdue: int = 0
    """How many of them should have been told to somebody by now."""
    unread: bool = False
    """The journal of one cannot be read: it may be open."""


class StatusBar(Bar):
    """The bar itself."""

    status: reactive[Status] = reactive(Status(), repaint=False)
    running: reactive[tuple[Run, ...]] = reactive((), repaint=False)
    """The dbt commands that are known to run, newest first: each holds the lease of its project and target."""

    writes: reactive[Writes] = reactive(Writes(), repaint=False)
    held: reactive[bool] = reactive(False, repaint=False)
    """Something holds payroll."""
    acting: reactive[str] = reactive("", repaint=False)
    """Whom this pane acts as; empty: whoever is logged in."""
    escalation: reactive[Escalation] = reactive(Escalation(), repaint=False)
    """Incidents whose escalation is overdue."""

    def __init__(self, look: Look, place: Place | None) -> None:
        super().__init__(look)
        self._place = place

    def watch_status(self, status: Status) -> None:
        self.tell()

    def watch_running(self, running: tuple[Run, ...]) -> None:
        self.tell()

    def watch_writes(self, writes: Writes) -> None:
        self.tell()

    def watch_held(self, held: bool) -> None:
        self.tell()

    def watch_acting(self, acting: str) -> None:
        self.tell()

    def watch_escalation(self, escalation: Escalation) -> None:
        self.tell()

    def line(self) -> Text:
        payroll, size = Payroll(self.held, self.acting), self.size.width
        return status_line(
            self._place, self.status, self.look, size, self.running, self.writes, payroll, self.escalation
        )


def status_line(
    place: Place | None,
    status: Status,
    look: Look,
    width: int,
    running: tuple[Run, ...] = (),
    writes: Writes = Writes(),  # noqa: B008 (frozen)
    payroll: Payroll = Payroll(),  # noqa: B008 (frozen)
    escalation: Escalation = Escalation(),  # noqa: B008 (frozen)
) -> Text:
    """The whole bar; on a narrow terminal it keeps the target and the mode. No place: nothing is configured."""
    palette, glyphs = look.palette, look.glyphs
    alarms = [*_payroll(payroll, look), *_escalation(escalation, look), *_writes(writes, look)]
    said = [
        *([] if place is None else _place(place, look)),
        *alarms,
        *([_running(running, look)] if running else []),
        Part((Text(glyphs.text(status.connection, 40), palette.text),), 4),
        Part((Text(glyphs.text(status.data, 40), palette.warn if status.stale else palette.text),), 3),
        Part(tuple(Text(glyphs.text(wording, 60), palette.faint) for wording in status.refresh), 5),
    ]
    said = [part for part in said if part.wordings[0].plain]
    gap = Text(f" {glyphs.bar} ", palette.line)
    title = Text(f"{status.title} ", f"bold {palette.strong}")
    room = width - title.cell_len - 2 if width >= _TITLED else width
    line = fit_parts(said, room, gap)
    if glyphs.text(status.data, 40) not in line.plain:  # before its age is left out, what is loud is told in a word
        terse = [Part(part.wordings[-1:], part.rank) if part in alarms else part for part in said]
        line = fit_parts(terse, room, gap)
    if width < _TITLED:
        return line
    line.append(" " * (width - title.cell_len - line.cell_len))
    return line.append_text(title)


def _place(place: Place, look: Look) -> list[Part]:
    palette = look.palette
    name = look.glyphs.text(place.target, 24).upper() or "NO TARGET"
    if place.sandbox:
        word, style = "SANDBOX", f"bold {palette.ground} on {palette.accent}"
    elif is_production(place.target):
        word, style = name, f"bold {palette.on_danger} on {palette.danger}"
    else:
        word, style = name, f"bold {palette.ground} on {palette.muted}"
    mode = ("READ-ONLY", "RO") if place.read_only else ("WRITE", "RW")
    mode_style = palette.muted if place.read_only else f"bold {palette.warn}"
    return [
        Part((Text(f" {word} ", style), Text(word, style)), 0),
        Part(tuple(Text(wording, mode_style) for wording in mode), 1),
    ]


def _payroll(payroll: Payroll, look: Look) -> list[Part]:
    """Who is played is never dropped for what else there is to say; why it is held, pane 4 tells."""
    palette, parts = look.palette, []
    if payroll.acting:
        said = f"AS {look.glyphs.text(payroll.acting, 24)}"
        parts.append(Part((Text(said, f"bold {palette.accent}"),), 1))
    if payroll.held:
        wordings = (f"PAYROLL HELD {look.glyphs.arrow} 4", "PAYROLL HELD", "HELD")
        parts.append(Part(tuple(Text(wording, f"bold {palette.warn}") for wording in wordings), 1))
    return parts


def _escalation(escalation: Escalation, look: Look) -> list[Part]:
    """Pane 5 tells of which incident, and who should have been called."""
    palette, number = look.palette, escalation.overdue
    parts = []
    if number:
        overdue = f"OVERDUE{f' {number}' if number > 1 else ''} {look.glyphs.arrow} 5"
        wordings = (f"ESCALATION {overdue}", overdue, "OVERDUE")
        parts.append(Part(tuple(Text(wording, f"bold {palette.fail}") for wording in wordings), 1))
    if escalation.unread:
        parts.append(Part((Text("incident not read", palette.unknown), Text("incident ?", palette.unknown)), 2))
    return parts


def _writes(writes: Writes, look: Look) -> list[Part]:
    """In doubt first; it stays as long as the mode does."""
    palette, number = look.palette, writes.in_doubt
    parts = []
    if number:
        wordings = (f"IN DOUBT {number} {look.glyphs.arrow} 6", f"DOUBT {number}")
        parts.append(Part(tuple(Text(wording, f"bold {palette.fail}") for wording in wordings), 1))
    if writes.unread:
        parts.append(Part((Text("journal not read", palette.unknown), Text("journal ?", palette.unknown)), 2))
    if writes.writer:
        name = look.glyphs.text(writes.writer, 40)
        parts.append(Part((Text(f"{name} writes", f"bold {palette.accent}"), Text("writing", palette.accent)), 2))
    return parts


def _running(running: tuple[Run, ...], look: Look) -> Part:
    """Which dbt command runs, and who holds its lease."""
    style, record = f"bold {look.palette.accent}", running[0].record
    what = "dbt" if len(running) == 1 else f"{len(running)} dbt"
    words = f"dbt {record.command.subcommand} runs" if len(running) == 1 else f"{what} commands run"
    wordings = (f"{words}, {record.person.user}@{record.person.host.partition('.')[0]}", words, f"{what} runs")
    return Part(tuple(Text(look.glyphs.text(wording, 60), style) for wording in wordings), 2)
