"""Why a key has more than one current version: what of dbt was at work when they were written, and a note on it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from rich.text import Text

from gcms_tui.console.present import moment_text
from gcms_tui.console.scd2.noted import NotedScreen, heading
from gcms_tui.console.services import ConsoleServices
from gcms_tui.console.theme import Look
from gcms_tui.console.widgets.bars import Part
from gcms_tui.console.widgets.document import flow, pair
from gcms_tui.core.scd2 import moment
from gcms_tui.core.scd2.cause import CauseReport, KnownRun, Overlap

if TYPE_CHECKING:  # names only: whoever presses the key does not wait for them
    from gcms_tui.core.finding import Provenance
    from gcms_tui.operations.scd2.desk import Scd2Desk
    from gcms_tui.operations.scd2.notes import Note

_LABEL = 21
"""`2026-02-23 10:30:00` and a space on either side."""
_READABLE = 100


class CauseScreen(NotedScreen[CauseReport]):
    """Over a key. A note closes the matter."""

    TITLE = "Root cause"

    def __init__(
        self, services: ConsoleServices, look: Look, desk: Scd2Desk, table_name: str, natural_key: str
    ) -> None:
        super().__init__(services, look, desk, f"{natural_key} in {table_name}")
        self.table_name = table_name
        self.natural_key = natural_key

    def look_it_up(self) -> CauseReport:
        return self.desk.causes.look(self.table_name, self.natural_key)

    def read_notes(self) -> tuple[Note, ...]:
        return self.desk.causes.notes(self.table_name, self.natural_key)

    def write_note(self, report: CauseReport, text: str) -> None:
        self.desk.causes.close(self.table_name, self.natural_key, text, report)

    def origins(self, report: CauseReport) -> tuple[datetime, tuple[Provenance, ...]]:
        return report.taken_at, report.provenance

    def plain(self, report: CauseReport) -> tuple[str, ...]:
        return report.lines

    def said(self, report: CauseReport) -> Part:
        return Part((Text(report.verdict.value.upper(), f"bold {self._tint(report.verdict)}"),), 0)

    def told(self, report: CauseReport, width: int) -> list[Text]:
        blocks = (
            self._verdict(report, width),
            self._insertions(report, width),
            self._runs(report, width),
            self._sessions(report, width),
            self._changes(report, width),
            self._unseen(report, width),
        )
        lines: list[Text] = []
        for block in blocks:
            lines += [*block, Text()] if block else []
        return lines[:-1]

    def _tint(self, verdict: Overlap) -> str:
        palette = self.look.palette
        return {
            Overlap.OVERLAPPED: palette.fail,
            Overlap.PERHAPS: palette.warn,
            Overlap.ONE: palette.strong,
            Overlap.NOT_KNOWN: palette.unknown,
        }[verdict]

    def _verdict(self, report: CauseReport, width: int) -> list[Text]:
        palette, glyphs = self.look.palette, self.look.glyphs
        room = min(width, _READABLE) - 1
        lines = flow(Text(glyphs.text(report.words, 1_000), palette.strong), room, " ")
        if report.repaired_by:
            said = f"The key has been repaired by {report.repaired_by}: told are the versions that it found current."
            lines += flow(Text(glyphs.text(said, 300), palette.text), room, " ")
        return [*lines, *flow(Text(f"{glyphs.arrow} {report.next_step}", palette.muted), room, " ")]

    def _insertions(self, report: CauseReport, width: int) -> list[Text]:
        lines = [heading("Written", self.look)]
        for one in report.insertions:
            label = moment.short(one.at) if one.at is not None else "not known"
            lines += self._pair(label, f"{', '.join(one.scd_ids)}: {one.words}", width)
        return lines

    def _runs(self, report: CauseReport, width: int) -> list[Text]:
        lines = [heading("Runs of dbt at these moments", self.look)]
        if not report.runs:
            since = f"the history begins {moment_text(report.known_since)}" if report.known_since else "no run is known"
            return [*lines, Text(f" none is known; {since}", self.look.palette.unknown)]
        for run in report.runs:
            began = f"{run.started_at:%Y-%m-%d %H:%M:%S}"
            lines += self._pair(began if run.started_exactly else f"by {began[:16]}", _run_words(run), width)
        for two in report.pairs:
            lines += self._pair("overlapped", two.words, width, style=self._tint(report.verdict))
        return lines

    def _sessions(self, report: CauseReport, width: int) -> list[Text]:
        lines = [heading("Sessions, by the warehouse's history", self.look)]
        lines += self._prose((report.sessions.words,), width)
        for one in report.sessions.found:
            last = f"{one.last_at:%H:%M:%S}" if one.last_at is not None else "still running"
            said = f"to {last}, session {one.session_id} of {one.user}: {', '.join(one.kinds)}"
            lines += self._pair(f"{one.first_at:%Y-%m-%d %H:%M:%S}", said, width)
        return lines

    def _changes(self, report: CauseReport, width: int) -> list[Text]:
        lines, changes = [heading("The model and the macros", self.look)], report.changes
        if changes is None:
            return [*lines, *self._prose(("not known: no version says when it was written",), width)]
        lines += self._prose((changes.words, *([changes.note] if changes.note else [])), width)
        for commit in changes.commits:
            said = f"{commit.sha[:9]} {commit.author}: {commit.subject} ({', '.join(commit.files) or 'a merge'})"
            lines += self._pair(f"{commit.at:%Y-%m-%d %H:%M:%S}", said, width)
        for name in changes.uncommitted:
            lines += self._pair("not committed", name, width)
        return lines

    def _unseen(self, report: CauseReport, width: int) -> list[Text]:
        if not report.notes:
            return []
        return [heading("Not looked at", self.look), *self._prose(report.notes, width)]

    def _prose(self, said: Iterable[str], width: int) -> list[Text]:
        lines: list[Text] = []
        for line in said:
            lines += flow(Text(self.look.glyphs.text(line, 1_000), self.look.palette.text), width - 1, " ")
        return lines

    def _pair(self, label: str, said: str, width: int, *, style: str = "") -> list[Text]:
        glyphs, palette = self.look.glyphs, self.look.palette
        text = Text(glyphs.text(said, 1_000), style or palette.text)
        if width < 2 * _LABEL:
            return [*flow(Text(glyphs.text(label, 60), palette.faint), width - 1, " "), *flow(text, width - 3, "   ")]
        return pair(Text(f" {glyphs.text(label, _LABEL - 2):<{_LABEL - 1}} ", palette.faint), text, width)


def _run_words(run: KnownRun) -> str:
    ended = f"to {run.ended_at:%H:%M:%S}" if run.ended_at is not None else "its end is not known"
    built = "" if run.builds else ", not told whether it built the table"
    day = "" if run.started_exactly else ", perhaps days earlier"
    who = run.who or ("not started here" if run.foreign else "by nobody known")
    return f"{ended}{day}, {run.run_id}, {who}: {run.words}{built}"
