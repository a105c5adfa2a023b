"""The failing tests of a run, and the rows that failed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical
from textual.message import Message

from gcms_tui.console.dialogs import ErrorDialog, error_page
from gcms_tui.console.failing_page import about, rows_line, rows_text, sql_lines
from gcms_tui.console.failing_source import FailingSource, RowsRead, TestsRead
from gcms_tui.console.headline import Headline
from gcms_tui.console.pane import CopyAsked, Loader, LoadFailed, Pane
from gcms_tui.console.services import ConsoleServices
from gcms_tui.console.status_bar import Status
from gcms_tui.console.theme import Look
from gcms_tui.console.troubleshooting import CARD, NO_CARD, open_card
from gcms_tui.console.widgets.bars import Part
from gcms_tui.console.widgets.brief import Brief
from gcms_tui.console.widgets.document import Document
from gcms_tui.console.widgets.lines import Lines
from gcms_tui.console.widgets.row_list import RowList
from gcms_tui.console.widgets.row_table import RowTable
from gcms_tui.console.widgets.test_list import TestList, test_rows
from gcms_tui.core.errors import GcmsError
from gcms_tui.core.procedures.matching import Match, Seen, match_node

if TYPE_CHECKING:  # names only: whoever presses the key does not wait for them
    from gcms_tui.operations.failing_tests import FailingRows, FailingTest
    from gcms_tui.operations.run_desk import RunDesk

_OF_ROWS = ("copy", "provenance")


class FailingTestsScreen(Pane):
    """Over a pane; Esc leads back to it. `unique_id`: the test that is opened at once."""

    TITLE = "Failing tests"
    CSS_PATH: ClassVar[list[str]] = ["failing.tcss"]  # type: ignore[assignment]
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-short"), (14, "-medium"), (34, "-tall")]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "Rows", id="failing.open", tooltip="The rows that failed this test"),
        Binding("s", "sql", "Rows or SQL", id="failing.sql", tooltip="Switch between the rows and the test's SQL"),
        CARD,
        Binding("u", "unmask", "Reveal", id="failing.unmask", tooltip="Unmask personal columns; that is journalled"),
        Binding("c", "copy", "Copy", id="failing.copy", tooltip="Copy the rows as they are shown, or the SQL"),
        Binding("p", "provenance", "Source", id="failing.provenance", tooltip="Where the rows come from"),
        Binding("r", "refresh", "Refresh", id="failing.refresh", tooltip="Read the failing tests again"),
        Binding("e", "error", "Error", id="failing.error", tooltip="The last failure in full"),
    ]

    def __init__(
        self, services: ConsoleServices, look: Look, desk: RunDesk, run_id: str, unique_id: str | None = None
    ) -> None:
        super().__init__(services, look)
        self.run_id = run_id
        self.tests: tuple[FailingTest, ...] | None = None
        self.ran = 0
        """How many tests ran; of a run with failing ones at least these."""
        self.target = ""
        """The run's, once it has been read."""
        self.read: RowsRead | None = None
        """Of the test that was opened last."""
        self.error: GcmsError | None = None
        self._opened = unique_id
        self._loader = Loader(self, "failing tests")
        self._source = FailingSource(desk, run_id, look.glyphs)
        self.listing = TestList(look, id="tests")
        self.about = Lines(id="about")
        self.counted = Brief(look, id="counted")
        self.rows = RowTable(look, id="rows")
        self.sql = Document(id="sql")
        self.headline = Headline(look, id="headline")

    def compose(self) -> ComposeResult:
        yield self.status_bar
        yield self.headline
        with Container(id="body"):
            yield self.listing
            with Vertical(id="test"):
                yield self.about
                yield self.counted
                yield self.rows
                yield self.sql
        yield self.key_bar

    def on_mount(self) -> None:
        self.listing.focus()
        self.draw()
        self._start(self._source.tests)

    # -- reading ----------------------------------------------------------------------------------------------------

    def _start(self, work: Callable[[], Message], *, by_hand: bool = False) -> None:
        if self._loader.start(work, by_hand=by_hand):
            self.draw()
            self.refresh_bindings()

    def on_tests_read(self, message: TestsRead) -> None:
        self.tests, self.ran, self.target, self.error = message.tests, message.ran, message.target, None
        self.listing.show(test_rows(message.tests))
        if self._opened is not None and any(test.unique_id == self._opened for test in message.tests):
            self.listing.cursor = self._opened
            self._opened = None
            self.action_open()
        else:
            self._read_rows()
        self.draw()
        self.refresh_bindings()

    def _read_rows(self) -> None:
        """Those of the focused test. Whichever is focused when they come asks for its own."""
        test = self.focused_test
        if test is not None and (self.read is None or self.read.unique_id != test.unique_id):
            self._start(lambda: self._source.rows(test.unique_id))

    def on_rows_read(self, message: RowsRead) -> None:
        test = self.focused_test
        if test is not None and message.unique_id == test.unique_id:
            self.read = message
            self.rows.show(message.table)
            self.rows.scroll_to(0, 0, animate=False, force=True)
        self.draw()
        self._read_rows()
        self.refresh_bindings()

    def on_load_failed(self, message: LoadFailed) -> None:
        message.stop()
        self.error = message.error
        self.draw()
        self.refresh_bindings()
        if message.by_hand:
            self.action_error()

    # -- drawing ----------------------------------------------------------------------------------------------------

    def draw(self) -> None:
        self.headline.parts = self._headline()
        self.listing.empty = self._nothing()
        test, read = self.focused_test, self._focused_read
        if test is None:
            error = self.error
            self.about.show(lambda width: error_page(error, self.look, width) if error else ())
        else:
            self.about.show(lambda width: [Text(), *about(test, self.card, self.look, width), Text()])
        self.counted.said = self._counted(read)
        self._draw_sql(read)
        self.set_class(test is None or (read is not None and isinstance(read.rows, GcmsError)), "-no-rows")
        self.say(Status(title=f"Failing tests of {self.run_id}", refresh=("reading",) if self._loader.busy else ("",)))

    def _headline(self) -> tuple[Part, ...]:
        palette, tests = self.look.palette, self.tests
        if tests is None:
            said = "reading what failed" if self._loader.busy else "what failed is not known"
            return (Part((Text(said, palette.accent),), 0),)
        failing = sum(test.status != "warn" for test in tests)
        critical = sum(test.critical and test.status != "warn" for test in tests)
        said, tint = (f"{failing} failing", f"bold {palette.fail}") if failing else ("no test failed", palette.ok)
        if not self.ran:
            said, tint = "no test was run", palette.unknown
        parts = [Part((Text(said, tint),), 0)]
        if critical:
            parts.append(Part((Text(f"{critical} critical: hold the payroll", f"bold {palette.fail}"),), 1))
        if len(tests) > failing:
            parts.append(Part((Text(f"{len(tests) - failing} warn", palette.warn),), 2))
        return (*parts, Part((Text(f"run {self.run_id}", palette.muted),), 3))

    def _nothing(self) -> Text:
        palette = self.look.palette
        if self.tests is None:
            said = "Reading." if self._loader.busy else "It could not be read: e says why, r tries again."
            return Text(f" {said}", palette.muted)
        if not self.ran:
            return Text(" This run has run no test: it proves nothing.", palette.muted)
        return Text(f" No test failed or warned, of {self.ran:,} that this run has run.", palette.muted)

    def _counted(self, read: RowsRead | None) -> tuple[Text, ...]:
        if read is None:
            return (Text("Reading its rows.", self.look.palette.muted),) if self.focused_test is not None else ()
        if self.has_class("-sql"):
            return (Text("Compiled SQL, as this run had it", f"bold {self.look.palette.accent}"),)
        if isinstance(read.rows, GcmsError):
            palette, text = self.look.palette, self.look.glyphs.text
            said = Text(text(f"No rows: {read.rows.message}", 400), palette.warn)
            return said, Text(text(f"{self.look.glyphs.arrow} {read.rows.next_step}", 400), palette.muted)
        return (rows_line(read.rows, self.look),)

    def _draw_sql(self, read: RowsRead | None) -> None:
        sql = None if read is None else read.sql
        if isinstance(sql, str):
            lines = sql_lines(sql, self.look)
        elif isinstance(sql, GcmsError):
            lines = [Text(f" {self.look.glyphs.text(sql.message, 400)}", self.look.palette.warn)]
        else:
            lines = [Text(" This run has kept no compiled SQL of it.", self.look.palette.muted)]
        self.sql.show(lambda width: lines)

    # -- the focused test -------------------------------------------------------------------------------------------

    @property
    def focused_test(self) -> FailingTest | None:
        return next((row.test for row in self.listing.rows if row.key == self.listing.cursor), None)

    @property
    def card(self) -> Match | None:
        """The runbook's, for the test; what it knows of a critical one is the test's own."""
        test = self.focused_test
        return match_node(Seen(test.unique_id, test.status, test.message, self.target)) if test is not None else None

    @property
    def _focused_read(self) -> RowsRead | None:
        test = self.focused_test
        return (
            self.read if self.read is not None and test is not None and self.read.unique_id == test.unique_id else None
        )

    @property
    def shown_rows(self) -> FailingRows | None:
        read = self._focused_read
        return None if read is None or isinstance(read.rows, GcmsError) else read.rows

    def on_row_list_moved(self, message: RowList.Moved) -> None:
        self.draw()
        self._read_rows()
        self.refresh_bindings()

    def on_row_list_chosen(self, message: RowList.Chosen) -> None:
        self.action_open()

    # -- actions ----------------------------------------------------------------------------------------------------

    def refusal(self, action: str) -> str | None:
        rows = self.shown_rows
        match action:
            case "open" | "sql" if self.focused_test is None:
                return "no test is focused"
            case "open" if self._body.has_focus:
                return "it is open"
            case "card" if self.card is None:
                return "no test is focused" if self.focused_test is None else NO_CARD
            case "unmask" if rows is None:
                return "there are no rows"
            case "unmask" if rows is not None and (rows.revealed or not rows.personal):
                return "it is revealed" if rows.revealed else "nothing is masked"
            case "copy" if rows is None and not self._sql_text:
                return "there is nothing to copy"
            case "provenance" if rows is None:
                return "there are no rows"
            case "refresh" if self._loader.busy:
                return "it is being read"
            case "error" if self.error is None:
                return "nothing has failed"
        return None if action == "back" else super().refusal(action)

    def pointless(self, action: str) -> bool:
        return action in ("open", "error", "unmask", "card")

    @property
    def _sql_text(self) -> str:
        read = self._focused_read
        return read.sql if self.has_class("-sql") and read is not None and isinstance(read.sql, str) else ""

    @property
    def _body(self) -> RowTable | Document:
        return self.sql if self.has_class("-sql") else self.rows

    def action_open(self) -> None:
        self.add_class("-open")
        self._body.focus()
        self.refresh_bindings()

    def action_sql(self) -> None:
        inside = self._body.has_focus or self.has_class("-narrow")
        self.toggle_class("-sql")
        if inside:
            self.action_open()
        self.draw()
        self.refresh_bindings()

    def action_back(self) -> None:
        """Back to the list of tests; then to where this screen was opened."""
        if self._body.has_focus or self.has_class("-open"):
            self.remove_class("-open")
            self.listing.focus()
            self.refresh_bindings()
        else:
            self.dismiss(None)

    async def action_card(self) -> None:
        await open_card(self, self.card)

    def action_refresh(self) -> None:
        self.read = None
        self._start(self._source.tests, by_hand=True)

    def action_error(self) -> None:
        if self.error is not None:
            self.app.push_screen(ErrorDialog(self.look, self.error))

    def action_unmask(self) -> None:
        from gcms_tui.console.reveal import RevealDialog

        test, rows = self.focused_test, self.shown_rows
        if test is not None and rows is not None:
            self.app.push_screen(RevealDialog(self.look, test.name, rows.personal), self._unmask)

    def _unmask(self, wanted: bool | None) -> None:
        test = self.focused_test
        if wanted and test is not None:
            self._start(lambda: self._source.revealed(test.unique_id), by_hand=True)

    def action_copy(self) -> None:
        test, rows = self.focused_test, self.shown_rows
        if test is None:
            return
        if self._sql_text:
            self.app.post_message(CopyAsked(self._sql_text, f"SQL of {test.name}"))
        elif rows is not None:
            self.app.post_message(CopyAsked(rows_text(test, rows), f"rows of {test.name}"))

    def action_provenance(self) -> None:
        from gcms_tui.console.run_provenance import PairsDialog

        test, rows = self.focused_test, self.shown_rows
        if test is not None and rows is not None:
            pairs = [
                ("test", test.unique_id),
                ("run", self.run_id),
                ("relation", test.relation_name or "none"),
                ("kept at", rows.kept_at),
                ("query id", rows.query_id or "none"),
                ("rows", f"{len(rows.rows.rows)} of {rows.total}"),
                ("personal", ", ".join(rows.personal) or "none"),
                ("note", rows.note),
            ]
            self.app.push_screen(PairsDialog(self.look, f"Provenance of {test.name}", pairs))
