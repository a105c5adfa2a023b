"""The journal pane: writes in doubt first, then every entry; whether the chain is whole."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType

from gcms_tui.console.journal import state as journal_state
from gcms_tui.console.journal.listing import JournalList
from gcms_tui.console.journal.page import doubt_page, entry_page, entry_text
from gcms_tui.console.journal.source import ChainRead, JournalRead, JournalSource, OlderRead
from gcms_tui.console.journal.state import JournalRow, JournalState
from gcms_tui.console.journal.words import Told, is_applied, told
from gcms_tui.console.list_pane import ERROR, FILTER, ListPane
from gcms_tui.console.pane import CopyAsked, Loader, LoadFailed
from gcms_tui.console.present import ago
from gcms_tui.console.services import ConsoleServices
from gcms_tui.console.status_bar import Status
from gcms_tui.console.theme import Look
from gcms_tui.console.widgets.bars import Part
from gcms_tui.console.widgets.brief import Brief
from gcms_tui.console.widgets.row_list import RowList
from gcms_tui.core.conclusion import counted
from gcms_tui.core.errors import GcmsError
from gcms_tui.core.writing.journal import INTENT, OUTCOME, SETTLED
from gcms_tui.operations.writing.guarded_write import BACKUP_OF

if TYPE_CHECKING:  # names only: whoever presses the key does not wait for them
    from gcms_tui.core.writing.doubt import Settlement
    from gcms_tui.operations.scd2.desk import Scd2Desk
    from gcms_tui.operations.writing.doubts import Doubt

_TICK_S = 60.0
_OF_A_ROW = ("open", "copy")
_WRITING = ("settle", "undo")


class JournalPane(ListPane):
    """Mode `journal`."""

    TITLE = "Journal"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "enter", "open", "Look", id="journal.open", tooltip="The entry in full; what became of a write in doubt"
        ),
        Binding("s", "settle", "Settle", id="journal.settle", tooltip="Look, and write down what became of it"),
        Binding("u", "undo", "Undo", id="journal.undo", tooltip="Plan taking an applied write back"),
        Binding("V", "verify", "Verify", id="journal.verify", tooltip="Read the whole chain, and compare its end"),
        FILTER,
        Binding("m", "older", "Older", id="journal.older", tooltip="Read the entries before the last one"),
        Binding("r", "refresh", "Refresh", id="journal.refresh", tooltip="Read the journal again"),
        Binding("c", "copy", "Copy", id="journal.copy", tooltip="Copy the focused entry, whole"),
        ERROR,
    ]

    def __init__(self, services: ConsoleServices, look: Look) -> None:
        self.entries = JournalList(look, id="list")
        self.brief = Brief(look, id="preview")
        super().__init__(services, look, self.entries, self.brief)
        self.state = JournalState()
        self.desk: Scd2Desk | None = None
        self._source = JournalSource(services.open_scd2)
        self._loader = Loader(self, "journal")
        self._verifier = Loader(self, "chain")
        self._detailed: str | None = None

    def on_mount(self) -> None:
        self.draw()
        self.entries.focus()
        self.set_interval(_TICK_S, self.draw)

    def first_painted(self) -> None:
        self.load()

    def on_screen_resume(self) -> None:
        if self._painted:
            self.load()

    def looked_at(self) -> None:
        self.load()

    # -- reading ----------------------------------------------------------------------------------------------------

    def load(self, *, by_hand: bool = False) -> None:
        """Read it off the loop; where it is being read, once more after that."""
        known = len(self.state.entries)
        if self._loader.ask(lambda: self._source.load(known), by_hand=by_hand):
            self._told_anew()

    def on_journal_read(self, message: JournalRead) -> None:
        self.desk = message.desk
        self.state = JournalState(message.doubts, message.entries, message.more, self.services.now())
        self.console_app.doubts_are(message.doubts)
        self._ended()

    def on_older_read(self, message: OlderRead) -> None:
        self.state = self.state.with_older(message.entries, message.more)
        self._ended()

    def on_load_failed(self, message: LoadFailed) -> None:
        message.stop()
        self.state = replace(self.state, error=message.error)
        self._ended()
        if message.by_hand:
            self.action_error()

    def _ended(self) -> None:
        self._told_anew()
        if self._loader.asked_again:
            self.load()

    def on_chain_read(self, message: ChainRead) -> None:
        from gcms_tui.console.journal.chain import ChainDialog

        self._told_anew()
        self.app.push_screen(ChainDialog(self.look, message.report, message.unreached))

    # -- drawing ----------------------------------------------------------------------------------------------------

    def _told_anew(self) -> None:
        self.draw()
        self.refresh_bindings()

    def draw(self) -> None:
        now, state, palette = self.services.now(), self.state, self.look.palette
        rows = journal_state.rows(state, now, self.wanted)
        self.headline.parts = self._headline(sum(not row.heading for row in rows))
        self.banner.said = self.failure_lines()
        self.entries.empty = Text(f" {self._nothing()}", palette.muted)
        self.entries.show(rows)
        self._draw_detail()
        self.say(
            Status(
                title=f"6 {self.TITLE}",
                data="" if state.read_at is None else f"read {ago(now - state.read_at)}",
                stale=state.error is not None,
                refresh=("refresh on demand", "on demand"),
            )
        )

    def _headline(self, shown: int) -> tuple[Part, ...]:
        palette, state = self.look.palette, self.state
        open_ones = [doubt for doubt in state.doubts if not doubt.under_way]
        parts = []
        if open_ones:
            parts.append(Part((Text(f"? {len(open_ones)} IN DOUBT", f"bold {palette.fail}"),), 0))
        elif state.read_at is not None:
            parts.append(Part((Text("nothing in doubt", palette.ok),), 0))
        if state.read_at is not None:
            number = f"{counted(len(state.entries), 'entry', 'entries')}{', older ones with m' if state.more else ''}"
            parts.append(Part((Text(number, palette.muted),), 2))
        if self._verifier.busy:
            parts.append(Part((Text("reading the whole chain", palette.accent),), 1))
        elif self._loader.busy:
            parts.append(Part((Text("reading", palette.accent),), 1))
        if self.wanted:
            said = f"/{self.look.glyphs.text(self.wanted, 30)}  {shown} of those read"
            parts.append(Part((Text(said, palette.accent),), 1))
        return tuple(parts)

    def _nothing(self) -> str:
        if self.wanted:
            return "Nothing that was read matches the filter. Esc clears it; m reads older entries."
        if self._loader.busy:
            return "Reading the journal."
        return "It has not been read." if self.state.read_at is None else "Nothing was written yet."

    def _draw_detail(self) -> None:
        row, look = self.focused_row, self.look
        if row is None:
            nothing = Text(f" {self._nothing()}", look.palette.muted)
            self.detail.show(lambda width: [nothing], keep_place=False)
            self.brief.said, self._detailed = (), None
            return
        doubt = row.doubt
        one = row.told if row.told is not None or doubt is None else told(doubt.entry)
        assert one is not None
        said = doubt.words if doubt is not None else one.words
        self.brief.said = (
            Text(look.glyphs.text(f"{one.entry.kind}  {one.entry.subject}", 300), look.palette.strong),
            Text(look.glyphs.text(said, 400), look.palette.text),
        )
        if doubt is not None:
            self.detail.show(lambda width: doubt_page(doubt, one, look, width), keep_place=self._detailed == row.key)
        else:
            self.detail.show(lambda width: entry_page(one, look, width), keep_place=self._detailed == row.key)
        self._detailed = row.key

    # -- the focused row --------------------------------------------------------------------------------------------

    @property
    def failure(self) -> GcmsError | None:
        return self.state.error

    @property
    def focused_row(self) -> JournalRow | None:
        return next((row for row in self.entries.rows if row.key == self.entries.cursor), None)

    @property
    def focused_doubt(self) -> Doubt | None:
        row = self.focused_row
        return None if row is None else row.doubt

    def on_row_list_moved(self, message: RowList.Moved) -> None:
        self._draw_detail()
        self.refresh_bindings()
        rows = self.entries.rows
        if message.key is not None and rows and rows[-1].key == message.key and not self.wanted:
            self.action_older()

    def on_row_list_chosen(self, message: RowList.Chosen) -> None:
        self.action_open()

    # -- actions ----------------------------------------------------------------------------------------------------

    def refusal(self, action: str) -> str | None:
        row = self.focused_row
        match action:
            case "refresh" if self._loader.busy:
                return "it is being read"
            case "older" if not self.state.more:
                return "there are no older entries"
            case "older" if self._loader.busy or self.desk is None:
                return "it is being read"
            case "verify" if self.desk is None or self._verifier.busy:
                return "it is being read"
            case "open" if self.detail.has_focus:
                return "it is open"
            case _ if action in _OF_A_ROW and row is None:
                return "no entry is focused"
            case _ if action in _WRITING and self.services.read_only:
                return f"read-only: {self.services.read_only_reason}"
            case "settle" if row is None or row.doubt is None:
                return "it is for a write in doubt"
            case "undo":
                return self._no_undo(row)
        return super().refusal(action)

    def _no_undo(self, row: JournalRow | None) -> str | None:
        one = row.told if row is not None else None
        if one is None:
            return "it is in doubt: settle it first" if row is not None and row.doubt else "no entry is focused"
        kind, subject = one.entry.kind, one.entry.subject
        if kind not in (INTENT, OUTCOME, SETTLED) or subject.startswith(BACKUP_OF):
            return "it is for an applied repair"
        intent = next((each for each in self.state.entries if _is_intent_of(each, subject)), one)
        if intent.entry.kind == INTENT and intent.payload.get("kind") not in ("repair", "collapse"):
            return "this kind of write is not taken back"
        if kind != INTENT and not is_applied(one):
            return "it was not applied"
        return None

    def pointless(self, action: str) -> bool:
        if action in _WRITING:
            return True
        return action in ("refresh", "older", "open") or super().pointless(action)

    def something_is_open(self) -> bool:
        return bool(self.detail.has_focus or self.has_class("-detail") or self.wanted)

    def action_back(self) -> None:
        """Leave the detail; then clear the filter."""
        if self.has_class("-detail") or self.detail.has_focus:
            self.remove_class("-detail")
        else:
            self.wanted = ""
        self.entries.focus()
        self._told_anew()

    def action_refresh(self) -> None:
        self.load(by_hand=True)

    def action_older(self) -> None:
        desk, entries = self.desk, self.state.entries
        if desk is not None and entries and self.state.more:
            before = entries[-1].entry.sequence
            if self._loader.start(lambda: self._source.older(desk, before)):
                self._told_anew()

    def action_verify(self) -> None:
        desk = self.desk
        if desk is not None and self._verifier.start(lambda: self._source.verify(desk), by_hand=True):
            self._told_anew()

    def action_open(self) -> None:
        if self.focused_doubt is not None:
            self._look(self.focused_doubt)
        else:
            self.add_class("-detail")
            self.detail.focus()
            self.refresh_bindings()

    def action_settle(self) -> None:
        if self.focused_doubt is not None:
            self._look(self.focused_doubt)

    def _look(self, doubt: Doubt) -> None:
        from gcms_tui.console.journal.doubt_dialog import DoubtDialog

        if self.desk is not None:
            self.app.push_screen(DoubtDialog(self.services, self.look, self.desk, doubt), self._settled)

    def _settled(self, found: Settlement | None) -> None:
        if found is not None:
            self.console_app.tell(f"Settled: {found.verdict.value}.")

    def action_undo(self) -> None:
        from gcms_tui.console.writing.plan_dialog import PlanDialog

        row, desk = self.focused_row, self.desk
        if row is not None and row.told is not None and desk is not None:
            write_id = row.told.entry.subject
            dialog = PlanDialog(
                self.services, self.look, desk, lambda: desk.required_bench().repairs.propose_undo(write_id)
            )
            self.app.push_screen(dialog)

    def action_copy(self) -> None:
        row = self.focused_row
        if row is not None:
            entry = row.doubt.entry if row.doubt is not None else row.told.entry if row.told is not None else None
            if entry is not None:
                self.app.post_message(CopyAsked(entry_text(entry), f"journal entry {entry.sequence}"))


def _is_intent_of(one: Told, write_id: str) -> bool:
    return one.entry.kind == INTENT and one.entry.subject == write_id
