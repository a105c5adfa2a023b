"""One natural key: its versions on one axis of time, what a repair would make of them, and the way to that repair."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical
from textual.message import Message

from gcms_tui.console.headline import Banner, Headline, failure_lines
from gcms_tui.console.pane import CopyAsked, Loader, LoadFailed, Pane
from gcms_tui.console.present import ago
from gcms_tui.console.scd2 import key_head
from gcms_tui.console.scd2.decision import Decision, decision
from gcms_tui.console.scd2.key_page import KeyPage, key_text
from gcms_tui.console.scd2.key_source import KeyRead, KeySource
from gcms_tui.console.scd2.timeline import VersionLine, VersionList, head, lay_out, lines_of
from gcms_tui.console.services import ConsoleServices
from gcms_tui.console.status_bar import Status
from gcms_tui.console.theme import Look
from gcms_tui.console.widgets.document import Document
from gcms_tui.console.widgets.lines import Lines
from gcms_tui.console.widgets.row_list import RowList
from gcms_tui.core.errors import GcmsError
from gcms_tui.core.scd2.version import Version

if TYPE_CHECKING:  # names only: whoever presses the key does not wait for them
    from gcms_tui.core.scd2.scan import KeyVersions, TableScan
    from gcms_tui.core.writing.plan import Plan
    from gcms_tui.operations.scd2.desk import Scd2Desk
    from gcms_tui.operations.scd2.tables import Listed
    from gcms_tui.operations.writing.guarded_write import Ended

_WRITING = ("plan", "collapse", "undo")
_OF_A_VERSION = ("keep", "collapse")
_TICK_S = 60.0
"""How often ages are told anew."""
_AROUND = 8
"""Lines that the bars, the headline, the axis and the least of the page take beside the list of versions."""


class KeyScreen(Pane):
    """Over the keys; Esc leads back to them. Nothing is written from here but by way of a plan that was seen."""

    TITLE = "Key"
    CSS_PATH: ClassVar[list[str]] = ["key.tcss"]  # type: ignore[assignment]
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-short"), (14, "-medium"), (34, "-tall")]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "plan", "Plan", id="key.plan", tooltip="Plan the repair, see all of it, and then decide"),
        Binding("enter", "keep", "Keep", id="key.keep", tooltip="This version is the one to keep; again: the default"),
        Binding("S", "supersede", "Supersede", id="key.supersede", tooltip="Close as never valid what begins later"),
        Binding(
            "C", "collapse", "Collapse", id="key.collapse", tooltip="Plan to keep one of the rows that share an id"
        ),
        Binding("u", "undo", "Undo", id="key.undo", tooltip="Plan to take back the newest write of this key"),
        Binding("w", "cause", "Why", id="key.cause", tooltip="Which runs collided when the duplicates came"),
        Binding("v", "reveal", "Reveal", id="key.reveal", tooltip="Unmask personal columns; that is journalled"),
        Binding("r", "refresh", "Refresh", id="key.refresh", tooltip="Read the versions again"),
        Binding("p", "provenance", "Source", id="key.provenance", tooltip="The statement as it was run, and when"),
        Binding("c", "copy", "Copy", id="key.copy", tooltip="Copy every version as a table, masked as shown"),
        Binding("e", "error", "Error", id="key.error", tooltip="The last failure in full"),
    ]

    def __init__(
        self,
        services: ConsoleServices,
        look: Look,
        desk: Scd2Desk,
        table: Listed,
        natural_key: str,
        scan: TableScan | None = None,
    ) -> None:
        super().__init__(services, look)
        self.desk = desk
        self.table = table
        self.natural_key = natural_key
        self.read: KeyRead | None = None
        self.decision: Decision | None = None
        self.keep: str | None = None
        """The scd_id that was chosen by hand; None: as the rules say."""
        self.supersede = False
        self.error: GcmsError | None = None
        self._loader = Loader(self, "scd2 key")
        self._source = KeySource(desk, table, natural_key, scan)
        self._detailed: str | None = None
        self.headline = Headline(look, id="headline")
        self.banner = Banner(look, id="banner")
        self.axis = Lines(id="axis")
        self.versions = VersionList(look, id="versions")
        self.detail = Document(id="detail")

    def compose(self) -> ComposeResult:
        yield self.status_bar
        yield self.banner
        yield self.headline
        with Container(id="body"):
            with Vertical(id="timeline"):
                yield self.axis
                yield self.versions
            yield self.detail
        yield self.key_bar

    def on_mount(self) -> None:
        self.versions.focus()
        self._start(self._source.read)
        self.set_interval(_TICK_S, self.draw)

    def on_resize(self) -> None:
        self.call_after_refresh(self.draw)

    # -- reading ----------------------------------------------------------------------------------------------------

    def _start(self, work: Callable[[], Message], *, by_hand: bool = False) -> None:
        if self._loader.start(work, by_hand=by_hand):
            self._loader.asked_again = False
            self.draw()
            self.refresh_bindings()

    def on_key_read(self, message: KeyRead) -> None:
        self.read, self.error = message, None
        if self.keep not in {version.scd_id for version in self._versions if version.is_current}:
            self.keep = None
        self._decide()
        self._ended()

    def on_load_failed(self, message: LoadFailed) -> None:
        message.stop()
        self.error = message.error
        self._ended()
        if message.by_hand and self.is_current:
            self.action_error()

    def _ended(self) -> None:
        self.draw()
        self.refresh_bindings()
        if self._loader.asked_again:
            self._start(self._source.read)

    def has_been_written(self, table: str) -> None:
        """Somebody wrote to a table from this console: read again when this screen is back."""
        self._loader.asked_again = self._loader.asked_again or table == self.table.table

    def on_screen_resume(self) -> None:
        if self._loader.asked_again:
            self._start(self._source.read)

    def _decide(self) -> None:
        """By the rules alone: nothing is asked, and nothing planned."""
        if self.read is not None:
            convention = self.read.in_force.convention
            self.decision = decision(self._versions, convention, self.keep, self.supersede)

    @property
    def found(self) -> KeyVersions | None:
        return None if self.read is None else self.read.versions

    @property
    def _versions(self) -> tuple[Version, ...]:
        return () if self.found is None else tuple(row.version for row in self.found.versions)

    # -- drawing ----------------------------------------------------------------------------------------------------

    def draw(self) -> None:
        now, reading = self.services.now(), self._loader.busy
        self.headline.parts = key_head.headline(
            self.natural_key, self.found, self.look, reading=reading, keep=self.keep, supersede=self.supersede
        )
        tint = self.look.palette.unknown
        self.banner.said = () if self.error is None else failure_lines(self.error, self.look, tint)
        self.versions.empty = Text(f" {self._nothing}", self.look.palette.muted)
        self._draw_timeline()
        self._draw_detail()
        found, stale = self.found, self.error is not None
        data = "" if found is None else f"read {ago(now - found.taken_at)}"
        title = f"3 {self.look.glyphs.text(self.table.name, 40)}"
        self.say(Status(title=title, data=data, stale=stale, refresh=("reading",) if reading else ("",)))

    @property
    def _nothing(self) -> str:
        if self.found is not None:
            return "The key has no versions any more."
        return "Reading its versions." if self._loader.busy else "They could not be read: e says why, r tries again."

    def _draw_timeline(self) -> None:
        read, decided = self.read, self.decision
        if read is None or decided is None:
            return
        timeline = lay_out(self._versions, decided, read.in_force.convention, self.versions.outer_size.width, self.look)
        lines = head(timeline, self.look) if self._versions else []
        self.axis.show(lambda width: lines)
        self.versions.scd_id = timeline.scd_id
        self.versions.show(lines_of(self._versions, decided, timeline.laid))
        if self.has_class("-wide"):
            self.versions.styles.clear_rule("height")
        else:
            self.versions.styles.height = max(min(len(self._versions), (self.app.size.height - _AROUND) // 2), 2)

    def _draw_detail(self) -> None:
        read, decided = self.read, self.decision
        if read is None or decided is None:
            said = [self.versions.empty or Text()]
            self.detail.show(lambda width: said, keep_place=False)
            return
        page = KeyPage(read.versions, decided, read.in_force, self._place, self.supersede, self.look)
        self.detail.show(page.page, keep_place=self._detailed == self.versions.cursor)
        self._detailed = self.versions.cursor

    # -- the focused version ----------------------------------------------------------------------------------------

    @property
    def _place(self) -> int | None:
        rows: tuple[VersionLine, ...] = self.versions.rows
        return next((place for place, row in enumerate(rows) if row.key == self.versions.cursor), None)

    @property
    def focused_version(self) -> Version | None:
        place, versions = self._place, self._versions
        return versions[place] if place is not None and place < len(versions) else None

    def on_row_list_moved(self, message: RowList.Moved) -> None:
        self._draw_detail()
        self.refresh_bindings()

    def on_row_list_chosen(self, message: RowList.Chosen) -> None:
        if self.refusal("keep") is None:
            self.action_keep()

    # -- what can be done -------------------------------------------------------------------------------------------

    def refusal(self, action: str) -> str | None:
        read, version, decided = self.read, self.focused_version, self.decision
        if action == "back":
            return None
        if action == "refresh":
            return "it is being read" if self._loader.busy else None
        if action == "error":
            return "nothing has failed" if self.error is None else None
        if read is None or decided is None:
            return "the key has not been read"
        if action in _WRITING and self.desk.bench is None:
            return f"read-only: {self.services.read_only_reason}"
        if action in _OF_A_VERSION and version is None:
            return "no version is focused"
        match action:
            case "plan" if decided.refused is not None:
                return f"{decided.refused.title[:1].lower()}{decided.refused.title[1:]}"
            case "keep" if version is not None and not version.is_current:
                return "it is not current"
            case "keep" if sum(bool(one.is_current) for one in self._versions) < 2:
                return "there is nothing to choose from"
            case "collapse" if version is None or not self._shared(version):
                return "no other row of the key has its id"
            case "undo" if not read.last_write.write_id:
                return read.last_write.why_not
            case "reveal" if read.versions.revealed or not read.versions.personal:
                return "it is revealed" if read.versions.revealed else "nothing is masked"
        return super().refusal(action)

    def pointless(self, action: str) -> bool:
        if action in _WRITING and self.desk.bench is None:
            return True
        return action in ("error", "collapse", "undo", "reveal", "keep")

    def _shared(self, version: Version) -> bool:
        return version.scd_id is not None and sum(one.scd_id == version.scd_id for one in self._versions) > 1

    # -- actions ----------------------------------------------------------------------------------------------------

    def action_back(self) -> None:
        """Leave the page; then back to the keys."""
        if self.detail.has_focus:
            self.versions.focus()
        else:
            self.dismiss(None)

    def action_refresh(self) -> None:
        self._start(self._source.read, by_hand=True)

    def action_keep(self) -> None:
        version = self.focused_version
        if version is not None:
            self.keep = None if self.keep == version.scd_id else version.scd_id
            self._decide()
            self.draw()
            self.refresh_bindings()

    def action_supersede(self) -> None:
        self.supersede = not self.supersede
        self._decide()
        self.draw()
        self.refresh_bindings()

    def action_plan(self) -> None:
        bench, name, key, keep, supersede = (
            self.desk.bench,
            self.table.name,
            self.natural_key,
            self.keep,
            self.supersede,
        )
        if bench is not None:
            self._plan(lambda: bench.repairs.propose(name, key, keep=keep, supersede=supersede))

    def action_collapse(self) -> None:
        bench, version = self.desk.bench, self.focused_version
        if bench is not None and version is not None and version.scd_id is not None:
            name, key, scd_id = self.table.name, self.natural_key, version.scd_id
            self._plan(lambda: bench.repairs.propose_collapse(name, key, scd_id))

    def action_undo(self) -> None:
        bench, read = self.desk.bench, self.read
        if bench is not None and read is not None and read.last_write.write_id:
            write_id = read.last_write.write_id
            self._plan(lambda: bench.repairs.propose_undo(write_id))

    def _plan(self, make: Callable[[], Plan]) -> None:
        from gcms_tui.console.writing.plan_dialog import PlanDialog

        self.app.push_screen(PlanDialog(self.services, self.look, self.desk, make), self._written)

    def _written(self, ended: Ended | None) -> None:
        """Whatever came of it: the versions are read again."""
        if ended is not None:
            self.keep, self.supersede = None, False
        self._start(self._source.read)

    def action_cause(self) -> None:
        from gcms_tui.console.scd2.cause import CauseScreen

        self.app.push_screen(CauseScreen(self.services, self.look, self.desk, self.table.name, self.natural_key))

    def action_reveal(self) -> None:
        from gcms_tui.console.scd2.reveal_key import RevealKeyDialog

        if self.found is not None:
            self.app.push_screen(RevealKeyDialog(self.look, self.natural_key, self.found.personal), self._reveal)

    def _reveal(self, wanted: bool | None) -> None:
        if wanted:
            self._start(lambda: self._source.read(reveal=True), by_hand=True)

    def action_provenance(self) -> None:
        from gcms_tui.console.scd2.provenance import Origin

        if self.found is not None:
            self.app.push_screen(Origin(self.look, self.natural_key, self.found.taken_at, self.found.provenance))

    def action_copy(self) -> None:
        if self.found is not None and self.decision is not None:
            text = key_text(self.table.table, self.found, self.decision)
            self.app.post_message(CopyAsked(text, f"versions of {self.natural_key[:60]}"))

    def action_error(self) -> None:
        from gcms_tui.console.dialogs import ErrorDialog

        if self.error is not None:
            self.app.push_screen(ErrorDialog(self.look, self.error))
