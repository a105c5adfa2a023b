"""A pane with a list, the focused row in full beside it, and a filter that survives navigation."""

from __future__ import annotations

from typing import Any, ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Container
from textual.widget import Widget

from gcms_tui.console.headline import Banner, Headline, failure_lines
from gcms_tui.console.pane import Pane
from gcms_tui.console.services import ConsoleServices
from gcms_tui.console.theme import Look
from gcms_tui.console.widgets.document import Document
from gcms_tui.console.widgets.filter_line import FilterLine
from gcms_tui.console.widgets.row_list import RowList
from gcms_tui.core.errors import GcmsError

FILTER = Binding("slash", "filter", "Filter", id="filter", tooltip="Keep the rows that hold these words", priority=True)
"""With priority, so that what is typed on at once, or comes in one packet over a bad line, lands in the filter."""
ERROR = Binding("e", "error", "Error", id="error", tooltip="The last failure in full")


class ListPane(Pane):
    """The frame. A subclass gives the list and what stands below it, has `FILTER` and `ERROR` as keys, and draws."""

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-short"), (14, "-medium"), (34, "-tall")]
    DETAIL: ClassVar[type[Document]] = Document

    def __init__(self, services: ConsoleServices, look: Look, listing: RowList[Any], below: Widget) -> None:
        super().__init__(services, look)
        self.wanted = ""
        """The filter; it stays until it is cleared."""
        self.listing = listing
        self.detail = self.DETAIL(id="detail")
        self.headline = Headline(look, id="headline")
        self.banner = Banner(look, id="banner")
        self._below = below

    def compose(self) -> ComposeResult:
        yield self.status_bar
        yield self.banner
        yield self.headline
        with Container(id="body"):
            yield self.listing
            yield self.detail
        yield self._below
        yield self.key_bar

    def draw(self) -> None:
        """Tell everything anew."""
        raise NotImplementedError

    @property
    def failure(self) -> GcmsError | None:
        """What failed last as a whole."""
        return None

    def failure_lines(self) -> tuple[Text, ...]:
        """What failed last, in two lines. The dialog tells the whole of it."""
        return () if self.failure is None else failure_lines(self.failure, self.look, self.look.palette.unknown)

    # -- actions ----------------------------------------------------------------------------------------------------

    def refusal(self, action: str) -> str | None:
        match action:
            case "error" if self.failure is None:
                return "nothing has failed"
            case "filter" if self.query(FilterLine):
                return "it is being typed"
        return super().refusal(action)

    def pointless(self, action: str) -> bool:
        return action in ("error", "filter") or super().pointless(action)

    def action_error(self) -> None:
        from gcms_tui.console.dialogs import ErrorDialog
        from gcms_tui.console.ways import here

        if self.failure is not None:
            self.app.push_screen(ErrorDialog(self.look, here(self.failure)))

    # -- the filter -------------------------------------------------------------------------------------------------

    async def action_filter(self) -> None:
        if not self.query(FilterLine):
            self.remove_class("-detail")
            line = FilterLine(self.wanted)
            await self.mount(line, before=self.key_bar)
            self.set_focus(line)

    def on_input_changed(self, message: FilterLine.Changed) -> None:
        self.wanted = message.value
        self.draw()

    def on_filter_line_ended(self, message: FilterLine.Ended) -> None:
        self.query(FilterLine).remove()
        if not message.keep:
            self.wanted = ""
        self.listing.focus()
        self.draw()
        self.refresh_bindings()
