"""A few lines above or below a list, which send to the terminal only the cells that read otherwise than before."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rich.text import Text
from textual import events
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from gcms_tui.console.widgets.bars import changed
from gcms_tui.console.widgets.strips import strip

Page = Callable[[int], Sequence[Text]]
"""The lines at a width of so many cells, none of them wider."""


class Lines(Widget):
    """As high as what it has to say."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._page: Page = lambda width: ()
        self._lines: Sequence[Text] = ()

    def show(self, page: Page) -> None:
        self._page = page
        self._flow()

    def on_resize(self, event: events.Resize) -> None:
        self._flow()

    def _flow(self) -> None:
        width = self.size.width or self.app.size.width
        before, self._lines = self._lines, self._page(width)
        if len(before) != len(self._lines):
            self.styles.height = len(self._lines)
            self.refresh(layout=True)
            return
        for y, (old, new) in enumerate(zip(before, self._lines, strict=True)):
            start, end = changed(old, new)
            if start < end:
                self.refresh(Region(start, y, end - start, 1))

    def render_line(self, y: int) -> Strip:
        line = self._lines[y] if y < len(self._lines) else Text()
        return strip(line, self.app.console, self.rich_style, self.size.width)
