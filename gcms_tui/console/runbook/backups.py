"""Backups: the sets that were made, what stands in the warehouse, and rows before and after, table by table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType

from gcms_tui.console.present import ago
from gcms_tui.console.runbook.doing import Allowed
from gcms_tui.console.runbook.told import KEYS, Told, ToldRow, ToldScreen
from gcms_tui.console.services import ConsoleServices
from gcms_tui.console.theme import Look
from gcms_tui.console.widgets.document import flow
from gcms_tui.console.writing.act_dialog import ActDialog
from gcms_tui.console.writing.carrying_out import Failure
from gcms_tui.console.writing.plan_page import plan_page
from gcms_tui.console.writing.result_page import failure_page
from gcms_tui.core.backups.made import Backup, Standing
from gcms_tui.core.conclusion import counted
from gcms_tui.core.errors import GcmsError, Refused
from gcms_tui.core.verdict import Verdict, worst
from gcms_tui.core.writing.plan import Plan

if TYPE_CHECKING:  # names only: whoever presses the key does not wait for them
    from gcms_tui.core.backups.backup_set import BackupSet
    from gcms_tui.operations.backups.counting import Counts
    from gcms_tui.operations.backups.desk import BackupDesk
    from gcms_tui.operations.backups.listing import Listing
    from gcms_tui.operations.backups.restoring import Restored

_BACKUP = "backup "


class BackupsScreen(ToldScreen):
    """Over the board. Tables are counted only when somebody asks for it: the warehouse is paid for."""

    TITLE = "Backups"
    READING = "Reading the journal, and what stands in the backup schemas."
    NOTHING = "There is no backup yet: the weekly procedure makes a set."
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("w", "restore", "Restore", id="backups.restore", tooltip="Bring its table back, after a preview"),
        Binding("n", "count", "Count", id="backups.count", tooltip="Count the newest set's tables again, and compare"),
        *KEYS,
    ]

    def __init__(self, services: ConsoleServices, look: Look) -> None:
        super().__init__(services, look)
        self.desk: BackupDesk | None = None
        self._asked = False
        """Somebody wants the tables counted, with the next reading and not with any after it."""
        self._counts: Counts | None = None
        """As they were counted last."""
        self._gone_to: Counts | None = None

    def look_up(self) -> Told:
        desk = self.desk = self.services.open_backups()
        notes = list[str]()
        if self._asked:
            self._asked, self._counts = False, None
            try:
                self._counts = desk.counts.after()
                desk.counts.record(self._counts)
            except GcmsError as error:
                notes.append(f"{error.title}: {error.message}")
        now = self.services.now()
        return told(desk.listing.read(), desk.book.sets(), self._counts, tuple(notes), now)

    # -- what can be done -------------------------------------------------------------------------------------------

    @property
    def backup(self) -> tuple[str, str] | None:
        """The focused row's table and clone."""
        row = self.row
        if row is None or not row.key.startswith(_BACKUP):
            return None
        return dict(row.pairs)["of table"], row.key.removeprefix(_BACKUP)

    def refusal(self, action: str) -> str | None:
        match action:
            case "count" if self._loader.busy:
                return "it is being read"
            case "restore" if self.desk is None:
                return "it has not been read"
            case "restore" if self.desk is not None and self.desk.bench is None:
                return f"read-only: {self.desk.read_only_reason}"
            case "restore" if self.backup is None:
                return "no backup is focused"
        return super().refusal(action)

    def pointless(self, action: str) -> bool:
        read_only = self.services.read_only or (self.desk is not None and self.desk.bench is None)
        nothing = self.desk is not None and self.backup is None
        return (action == "restore" and (read_only or nothing)) or super().pointless(action)

    def _ended(self) -> None:
        """What was counted just now stands at the top, and is gone to."""
        super()._ended()
        if self._counts is not None and self._counts is not self._gone_to:
            self._gone_to = self._counts
            self.rows.cursor = next((row.key for row in self.rows.rows if not row.heading), None)

    def action_count(self) -> None:
        self._asked = True
        self.load()

    def action_restore(self) -> None:
        if self.desk is not None and self.backup is not None:
            dialog = RestoreDialog(self.services, self.look, self.desk, *self.backup)
            self.app.push_screen(dialog, lambda tried: self.load())


@dataclass(frozen=True, slots=True)
class Planned:
    plan: Plan

    @property
    def table(self) -> str:
        return self.plan.table


class RestoreDialog(ActDialog[Planned]):
    """One table from one backup: exactly the plan that is shown."""

    def __init__(self, services: ConsoleServices, look: Look, desk: BackupDesk, table: str, backup: str) -> None:
        self.backups = desk
        allowed = Allowed(desk.bench, desk.read_only_reason)

        def make() -> Planned:
            return Planned(desk.required_bench().restoring.plan(table, backup))

        super().__init__(services, look, allowed, make, "Restore a table", act="Write")

    def words_of(self, made: Planned) -> str:
        return made.plan.confirmation

    def expires_at(self, made: Planned) -> datetime:
        return made.plan.expires_at

    def shown(self, made: Planned, width: int) -> list[Text]:
        return plan_page(made.plan, self.look, width, self.services.now(), used=self.over)

    def do(self, made: Planned, typed: str, reason: str) -> Restored:
        return self.backups.required_bench().restoring.restore(made.plan.plan_id, typed, reason, self.step)

    def carry_out(self, made: Planned, typed: str, reason: str) -> object:
        """A plan that may have begun is used up: whether it was written is asked of the journal, not guessed."""
        came_to = super().carry_out(made, typed, reason)
        if isinstance(came_to, Failure) and not isinstance(came_to.error, Refused):
            try:
                doubts = self.services.doubts()
            except GcmsError as unread:
                return Failure(came_to.error, unseen=unread.message)
            mine = tuple(one.write_id for one in doubts if one.intent["plan"] == made.plan.plan_id)
            return Failure(came_to.error, True, mine)
        return came_to

    def failed(self, failure: Failure, width: int) -> list[Text]:
        return failure_page(failure, self.look, width)

    def told(self, outcome: Restored, width: int) -> list[Text]:
        look, verdict = self.look, outcome.verdict
        word = outcome.ended.outcome.value.replace("_", " ").upper()
        said = f"{look.glyphs.verdict(verdict)}  {word}: {look.glyphs.text(outcome.words, 600)}"
        lines = flow(Text(said, f"bold {look.colour(verdict)}"), width - 1, " ")
        if outcome.ended.note:
            lines += flow(Text(look.glyphs.text(outcome.ended.note, 600), look.palette.warn), width - 1, " ")
        if outcome.ended.backup:
            kept = f"As it was before, it is kept: {look.glyphs.text(outcome.ended.backup, 300)}"
            lines += flow(Text(kept, look.palette.text), width - 1, " ")
        return lines


def told(
    listing: Listing, sets: tuple[BackupSet, ...], counts: Counts | None, notes: tuple[str, ...], now: datetime
) -> Told:
    """What was read as rows: counts first, where somebody asked for them."""
    rows = (*_counts(counts, now), *_sets(sets, listing.backups, now), *_backups(listing.backups, now))
    verdict = worst([row.verdict for row in rows if not row.heading] or [Verdict.UNKNOWN])
    summary = f"{counted(len(sets), 'set')}, {counted(len(listing.backups), 'backup')}"
    return Told(rows, now, summary, verdict, (*notes, *listing.unread))


def _counts(counts: Counts | None, now: datetime) -> Iterator[ToldRow]:
    if counts is None:
        return
    yield ToldRow("heading counts", f"Rows, counted {ago(now - counts.taken_at)}, beside set {counts.run_id}")
    for one in counts.tables:
        count = one.count
        delta = "?" if count.delta is None else f"{count.delta:+,}"
        percent = "" if count.percent is None else f" ({count.percent:+.1f} %)"
        pairs = (("before", _number(count.before)), ("after", _number(count.after)), ("delta", f"{delta}{percent}"))
        yield ToldRow(f"count {count.table}", "", one.verdict, count.table, f"{delta}{percent}  {one.words}", "", pairs)


def _sets(sets: tuple[BackupSet, ...], backups: tuple[Backup, ...], now: datetime) -> Iterator[ToldRow]:
    """Newest first: an older one that was interrupted is not taken up again."""
    if sets:
        yield ToldRow("heading sets", "Sets")
    stands = {one.clone: one.standing for one in backups}
    for one in sets:
        missing = ", ".join(one.missing)
        verdict, odd = one.standing(stands)
        tables = f"{len(one.cloned)} of {counted(len(one.tables), 'table')}"
        words = ", ".join(filter(None, (odd, tables, f"{ago(now - one.begun_at)} by {one.user}")))
        words += "" if one.complete else f"; not complete: {missing or 'its end is missing'}"
        step = ""
        if not one.complete:
            goes_on = one is sets[0] and one.may_be_taken_up(now)
            step = "Step 1 of the weekly procedure takes it up." if goes_on else "It stays as it is: make another set."
        lines = tuple(
            f"{clone.table}: {clone.rows:,} rows, {clone.clone}, {stands.get(clone.clone, Standing.NOT_SEEN).value}"
            for clone in one.cloned
        )
        pairs = (("made by", f"{one.user}@{one.host}"), ("reason", one.reason), ("missing", missing))
        yield ToldRow(f"set {one.run_id}", "", verdict, one.run_id, words, step, pairs, lines)


def _backups(backups: tuple[Backup, ...], now: datetime) -> Iterator[ToldRow]:
    if backups:
        yield ToldRow("heading backups", "Backups")
    for one in backups:
        age = ago(now - one.made_at) if one.made_at is not None else "of unknown age"
        suffix = one.clone.rpartition(".")[2].removeprefix(f"{one.table.rpartition('.')[2]}_")
        words = f"{one.standing.value}, {_number(one.rows)} rows, {age}, {suffix}"
        pairs = (("backup", one.clone), ("of table", one.table), ("kind", one.kind), ("whose", one.whose))
        verdict = one.standing.verdict
        yield ToldRow(f"{_BACKUP}{one.clone}", "", verdict, one.table or one.clone, words, "", pairs)


def _number(number: int | None) -> str:
    return "?" if number is None else f"{number:,}"
