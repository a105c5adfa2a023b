"""The manual spot check: each drawn payment is looked at, and ticked or queried; what is shown as said is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from rich.text import Text
from textual._time import get_time
from textual.binding import Binding, BindingType

from gcms_tui.console.list_pane import ERROR, FILTER, ListPane
from gcms_tui.console.pane import Loader, LoadFailed
from gcms_tui.console.payroll.spot_check_page import brief, headline, row_page
from gcms_tui.console.payroll.spot_check_row import Line, SheetList, matching
from gcms_tui.console.payroll.spot_check_source import Kept, NotKept, Saying, SheetRead, SpotCheckSource, Verb
from gcms_tui.console.present import ago
from gcms_tui.console.services import ConsoleServices
from gcms_tui.console.status_bar import Status
from gcms_tui.console.theme import Look
from gcms_tui.console.ways import here
from gcms_tui.console.widgets.brief import Brief
from gcms_tui.console.widgets.document import PlainDocument
from gcms_tui.console.widgets.row_list import RowList
from gcms_tui.core.errors import GcmsError, Refused
from gcms_tui.core.payroll.run import PayrollRun, TickVerdict
from gcms_tui.core.payroll.steps import CHECKS, Step

if TYPE_CHECKING:  # names only: whoever presses the key does not wait for them
    from gcms_tui.operations.payroll.desk import PayrollDesk
    from gcms_tui.operations.payroll.spot_checks import Sheet

_LOOK_S = 0.3
"""From the cursor's coming to a row by itself to the first tick that counts: a key held down ticks nothing unseen."""
_TICK_S = 60.0
"""How often ages are told anew."""
_AGAIN_S = 0.2
"""Until it is tried again to write, where another write is under way."""
_GONE = ("data_changed", "ended", "released", Step.SPOT_CHECK.value, *(step.value for step in CHECKS))
"""Guards that say: there is nothing here to look at any more."""


class SpotCheckScreen(ListPane):
    """Over the wizard; Esc leads back to it. It answers whether the run may have changed.

    Amounts stand beside the musicians' ids, as they are what finance looks at; names and e-mails are masked until they
    are revealed, which is journalled first. Gone from, whichever way, they are masked again.
    """

    TITLE = "Spot check"
    DETAIL = PlainDocument
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space,enter", "tick", "Tick", id="spot.tick", tooltip="It was looked at, and makes sense"),
        Binding("q", "query", "Query", id="spot.query", tooltip="Ask about it: the payroll waits for the answer"),
        Binding("a", "answer", "Answer", id="spot.answer", tooltip="Answer what was asked"),
        Binding("o", "other", "Query another", id="spot.other", tooltip="Ask about a payment that was not drawn"),
        Binding("n", "next", "Next", id="spot.next", tooltip="To the next row that nobody has looked at"),
        Binding("b", "variance", "Beside last", id="spot.variance", tooltip="This payroll beside the last one"),
        Binding("v", "reveal", "Reveal", id="spot.reveal", tooltip="Unmask names and e-mails; that is journalled"),
        Binding("d", "detail", "Detail", id="spot.detail", tooltip="The row in full"),
        FILTER,
        Binding("r", "refresh", "Refresh", id="spot.refresh", tooltip="Read the rows again"),
        ERROR,
    ]

    def __init__(self, services: ConsoleServices, look: Look, desk: PayrollDesk, run: PayrollRun) -> None:
        self.sheet_list = SheetList(look, id="list")
        self.brief = Brief(look, id="preview")
        super().__init__(services, look, self.sheet_list, self.brief)
        self.desk = desk
        self.run_of = run
        self.sheet: Sheet | None = None
        self.revealed = False
        self.changed = False
        self.error: GcmsError | None = None
        self.gone = False
        """There is nothing to look at any more."""
        self.unsaid: dict[tuple[Verb, str], str] = {}
        """Notes that could not be written down: they are offered again."""
        self._loader = Loader(self, "spot check")
        self._source = SpotCheckSource(desk, run.run_id)
        self._sayings: list[Saying] = []
        """To be written down, the first of them just now."""
        self._under_way = False
        self._read_at = services.now()
        self._unseen = "", 0.0
        """The row that the cursor came to by itself, and until when it does not count as seen."""
        self._detailed: str | None = None

    def on_mount(self) -> None:
        self.sheet_list.focus()
        self.action_refresh()
        self.set_interval(_TICK_S, self.draw)

    # -- reading ----------------------------------------------------------------------------------------------------

    def action_refresh(self) -> None:
        if self.refusal("refresh") is not None:
            return
        if self.run_of.sample is not None:
            self._loader.start(self._source.read)
        elif self.console_app.writer.start(self._loader, self._source.draw):
            self.changed = True
        else:
            self.error = Refused(
                "Another write is under way", "The rows are drawn once it has ended.", "r tries again."
            )
        self.draw()

    def on_sheet_read(self, message: SheetRead) -> None:
        first = self.sheet is None
        self.run_of, self.sheet, self.error = message.run, message.sheet, None
        self._read_at = self.services.now()
        self.draw()
        if first and self.sheet_list.cursor is not None:  # Enter may still be held that led here
            keys = (line.key for line in self.sheet_list.rows if line.key in self._open_rows)
            self.sheet_list.cursor = next(keys, self.sheet_list.cursor)
            self._unseen = self.sheet_list.cursor, get_time() + _LOOK_S

    def on_load_failed(self, message: LoadFailed) -> None:
        message.stop()
        self._failed(message.error)

    def _failed(self, error: GcmsError) -> None:
        """Told in full; where the ground has gone this is left with it."""
        self.error = error = here(error)
        self.gone = isinstance(error, Refused) and error.guard in _GONE
        if self.gone:
            self.changed, self.sheet, self.revealed = True, None, False
        self.draw()
        from gcms_tui.console.dialogs import ErrorDialog

        self.app.push_screen(ErrorDialog(self.look, error), lambda _: self.leave() if self.gone else None)

    # -- writing ----------------------------------------------------------------------------------------------------

    def record(self, saying: Saying) -> None:
        """In its turn: what is typed ahead waits."""
        self._sayings.append(saying)
        self._write()
        self.draw()

    def _write(self) -> None:
        if self._under_way or not self._sayings:
            return
        saying = self._sayings[0]
        self._under_way = self.console_app.writer.start(self._loader, lambda: self._source.say(saying))
        if not self._under_way:
            self.set_timer(_AGAIN_S, self._write)

    def on_kept(self, message: Kept) -> None:
        self._written(message.saying)
        self.changed = True
        if message.run is not None:
            self.run_of, self.error = message.run, None
        elif self in self.app.screen_stack:
            self.revealed = True
        if self.run_of.sample is None:
            self._failed(Refused("The spot check has fallen", "The data is not what was tested.", guard="data_changed"))
            return
        self._write()
        self._read_what_is_new(message.saying)
        self.draw()
        self._go_on(message.saying)

    def _go_on(self, saying: Saying) -> None:
        """To the next row, where the cursor is still on the one that was ticked, and only the list is looked at."""
        still = self.sheet_list.has_focus and self.sheet_list.cursor == saying.row
        if saying.verb is Verb.TICK and still and (row := self._next_open()) is not None:
            self.sheet_list.cursor = row
            self._unseen = row, get_time() + _LOOK_S

    def _read_what_is_new(self, saying: Saying) -> None:
        """A row that was not drawn, and is asked about, is shown as well."""
        known = {row.row for row in self.sheet.rows} if self.sheet is not None else set()
        if saying.verb is Verb.QUERY and saying.row not in known and not self._sayings:
            self._loader.start(self._source.read)

    def on_not_kept(self, message: NotKept) -> None:
        """What was to follow is not written either: it may rest on this."""
        said, self._sayings = [message.saying, *self._sayings[1:]], []
        self._under_way, self.changed = False, True
        self.unsaid.update({(one.verb, one.row): one.note for one in said if one.note})
        self._failed(message.error)

    def _written(self, saying: Saying) -> None:
        self._under_way = False
        self._sayings = self._sayings[1:]
        self.unsaid.pop((saying.verb, saying.row), None)

    # -- drawing ----------------------------------------------------------------------------------------------------

    @property
    def lines(self) -> tuple[Line, ...]:
        if self.sheet is None:
            return ()
        asked = {saying.row for saying in self._sayings}
        return tuple(
            Line(row, self.run_of.ticks.get(row.row), row.row in asked, self.revealed) for row in self.sheet.rows
        )

    def draw(self) -> None:
        lines, reading = self.lines, self._loader.busy
        shown = matching(lines, self.wanted)
        self.sheet_list.empty = Text(f" {self._nothing}", self.look.palette.muted)
        self.sheet_list.show((Line(None, revealed=self.revealed), *shown) if shown else ())
        wanted = (self.wanted, len(shown), len(lines)) if self.wanted else None
        self.headline.parts = headline(self.run_of, self.revealed, wanted, self.look) if self.sheet is not None else ()
        self.banner.said = self.failure_lines()
        self._draw_detail()
        self.status_bar.acting = self.desk.acting_as
        title = f"4 Spot check, concert {self.look.glyphs.text(self.run_of.concert_id, 20)}"
        busy = "writing" if self._sayings else "reading" if reading else ""
        data = "" if self.sheet is None else f"read {ago(self.services.now() - self._read_at)}"
        self.say(Status(title=title, data=data, stale=self.error is not None, refresh=(busy,)))
        self.refresh_bindings()

    @property
    def _nothing(self) -> str:
        if self.sheet is not None:
            return "No row holds these words."
        if self.error is not None:
            return "The rows cannot be shown: e says why, r tries again."
        return "Reading the rows." if self.run_of.sample is not None else "Drawing the rows."

    def _draw_detail(self) -> None:
        line, nothing = self.focused_row, self.sheet_list.empty or Text()
        if line is None:
            self.detail.show(lambda width: [nothing], keep_place=False)
            self.brief.said, self._detailed = (), None
            return
        run, look = self.run_of, self.look
        self.detail.show(lambda width: row_page(line, run, look, width), keep_place=self._detailed == line.key)
        self._detailed = line.key
        self.brief.said = brief(line, run, look)

    @property
    def focused_row(self) -> Line | None:
        rows: tuple[Line, ...] = self.sheet_list.rows
        return next((row for row in rows if row.key == self.sheet_list.cursor and not row.heading), None)

    @property
    def failure(self) -> GcmsError | None:
        return self.error

    def on_row_list_moved(self, message: RowList.Moved) -> None:
        self._draw_detail()
        self.refresh_bindings()

    def on_screen_suspend(self) -> None:
        # A dialog over it leaves it in sight; another pane does not.
        if self not in self.app.screen_stack and self.revealed:
            self.revealed = False
            self.draw()

    # -- what can be done -------------------------------------------------------------------------------------------

    def refusal(self, action: str) -> str | None:
        line = self.focused_row
        match action:
            case "back":
                return None
            case "error" | "filter":
                return super().refusal(action)
            case "refresh":
                return "it is being read" if self._loader.busy or self._sayings else None
            case _ if self.sheet is None:
                return "the rows have not been read"
            case "reveal":
                return "it is revealed" if self.revealed else self._busy("", Verb.REVEAL)
            case "next":
                return None if self.run_of.unticked else "every row was looked at"
            case "tick" | "query" | "answer" if line is None:
                return "no row is focused"
            case "tick" | "query" | "answer" if line is not None:
                return self._busy(line.key) or self._not_to_be_said(action, line)
        return super().refusal(action)

    def _busy(self, row: str, verb: Verb | None = None) -> str | None:
        asked = any(one.row == row and (verb is None or one.verb is verb) for one in self._sayings)
        return "it is being written" if asked else None

    def _not_to_be_said(self, action: str, line: Line) -> str | None:
        asked = line.tick is not None and line.tick.verdict is TickVerdict.QUERY
        if action == "tick" and not asked and all(one.row != line.key for one in self.run_of.sample or ()):
            return "it was not drawn"
        if action == "answer":
            return None if asked else "nothing was asked about it"
        if action == "tick" and line.tick is not None:
            return "an open query is answered, not ticked: a" if asked else "it was looked at"
        return "it waits for an answer: a" if asked else None

    def pointless(self, action: str) -> bool:
        return action in ("error", "filter", "answer")

    # -- actions ----------------------------------------------------------------------------------------------------

    def action_back(self) -> None:
        """Close the detail; then clear the filter; then back to the steps."""
        if self.has_class("-detail") or self.detail.has_focus:
            self.remove_class("-detail")
            self.sheet_list.focus()
        elif self.wanted:
            self.wanted = ""
            self.draw()
        elif self._sayings:
            self.console_app.tell("What was said is being written down: in a moment.", warning=True)
        else:
            self.leave()

    def leave(self) -> None:
        self.revealed = False
        answer: Any = self.changed  # a pane is a screen without an answer; this one has one
        self.dismiss(answer)

    def action_tick(self) -> None:
        line = self.focused_row
        if line is None or self.refusal("tick") is not None:
            return
        row, until = self._unseen
        if line.key == row and get_time() < until:
            self._unseen = row, get_time() + _LOOK_S
        else:
            self.record(Saying(Verb.TICK, line.key, seen=self.sheet.seen if self.sheet is not None else ""))

    def action_query(self) -> None:
        self._ask(Verb.QUERY, "What is to be cleared up about the payment of musician", "what is to be cleared up")

    def action_answer(self) -> None:
        self._ask(Verb.ANSWER, "What is the answer about the payment of musician", "what was found out")

    def _ask(self, verb: Verb, said: str, placeholder: str) -> None:
        from gcms_tui.console.payroll.sheet_dialogs import note_dialog

        line = self.focused_row
        if line is None or self.refusal(verb.value) is not None:
            return
        row, tick = line.key, line.tick
        asked = (f"{said} {row}?", *((f"Asked: {tick.note}",) if tick is not None and verb is Verb.ANSWER else ()))
        dialog = note_dialog(self.look, verb.value.capitalize(), asked, placeholder, self.unsaid.get((verb, row), ""))
        self.app.push_screen(dialog, lambda text: self.record(Saying(verb, row, text)) if text else None)

    def action_other(self) -> None:
        from gcms_tui.console.payroll.sheet_dialogs import OtherDialog

        known = {line.key for line in self.lines}
        unsaid = next(((row, note) for (_, row), note in self.unsaid.items() if row not in known), ("", ""))
        dialog = OtherDialog(self.look, self.run_of, *unsaid)
        self.app.push_screen(dialog, lambda said: self.record(Saying(Verb.QUERY, *said)) if said else None)

    def action_next(self) -> None:
        found = self._next_open()
        if found is not None:
            self.sheet_list.cursor, self._unseen = found, ("", 0.0)
        elif self._open_rows:
            self.console_app.tell("The filter hides what is left to look at: / then Esc clears it.")

    @property
    def _open_rows(self) -> set[str]:
        """Those that nobody has looked at, and that nothing is being written of."""
        return set(self.run_of.unticked) - {saying.row for saying in self._sayings}

    def _next_open(self) -> str | None:
        """In the order of the list, from the focused row on, and round."""
        keys = [line.key for line in self.sheet_list.rows if not line.heading]
        at = keys.index(self.sheet_list.cursor) + 1 if self.sheet_list.cursor in keys else 0
        return next((key for key in (*keys[at:], *keys[:at]) if key in self._open_rows), None)

    def action_variance(self) -> None:
        from gcms_tui.console.payroll.variance import VarianceDialog

        if self.sheet is not None:
            self.app.push_screen(VarianceDialog(self.look, self.run_of, self.sheet.variance))

    def action_reveal(self) -> None:
        from gcms_tui.console.payroll.sheet_dialogs import RevealSheetDialog

        if self.sheet is not None and self.refusal("reveal") is None:
            dialog = RevealSheetDialog(self.look, self.run_of, len(self.sheet.rows))
            self.app.push_screen(dialog, lambda wanted: self.record(Saying(Verb.REVEAL)) if wanted else None)

    def action_detail(self) -> None:
        """In a small terminal in the list's place."""
        if self.has_class("-detail"):
            self.action_back()
        else:
            self.add_class("-detail")
            self.detail.focus()
