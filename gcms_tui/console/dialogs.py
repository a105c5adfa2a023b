"""Dialogs over a pane: a page of text in a frame, with its own keys at the bottom."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import ClassVar

from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.geometry import Size
from textual.screen import ModalScreen
from textual.widget import Widget

from gcms_tui.console.key_bar import KeyBar
from gcms_tui.console.pane import CopyAsked
from gcms_tui.console.present import bind_text, moment_text, provenance_text
from gcms_tui.console.theme import Look
from gcms_tui.console.widgets.document import Document, flow, pair
from gcms_tui.core.errors import GcmsError
from gcms_tui.core.finding import Finding, Provenance

DIALOG_CSS = str(Path(__file__).with_name("dialogs.tcss"))
"""Whole: a path is taken from the directory of the class that inherits it."""
_WIDEST = 110
_AROUND_X, _AROUND_Y = 2, 5
"""Cells that frame, air and keys take."""


def fit_frame(frame: Widget, size: Size, lines_at: Callable[[int], int]) -> None:
    """Make a dialog's frame as high as what is in it asks for, and on a small terminal the whole of it.

    `lines_at` says how many lines that is at so many cells of width, keys and air left out.
    """
    width, height = size
    small = width < 60 or height < 16
    frame.set_class(small, "-small")
    outer = width if small else min(width * 9 // 10, _WIDEST)
    frame.styles.width = outer
    frame.styles.height = height if small else min(lines_at(max(outer - _AROUND_X, 1)) + _AROUND_Y, height - 2)


class PageDialog(ModalScreen[None]):
    """A scrolling page. Esc closes it, and so does Enter."""

    CSS_PATH = DIALOG_CSS
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("c", "copy", "Copy", id="dialog.copy", tooltip="Copy the whole text"),
        Binding("escape,enter,q", "close", "Close", id="dialog.close", tooltip="Back to the pane", key_display="Esc"),
    ]

    def __init__(self, look: Look, title: str) -> None:
        super().__init__()
        self.look = look
        self._heading = title

    def compose(self) -> ComposeResult:
        frame = Vertical(id="dialog")
        frame.border_title = Text(f" {self.look.glyphs.text(self._heading, 60)} ")
        with frame:
            yield Document(self.page, id="page")
            yield KeyBar(self.look)

    def on_mount(self) -> None:
        self._fit(self.app.size)
        self.query_one(Document).focus()

    def on_resize(self, event: events.Resize) -> None:
        self._fit(event.size)

    def _fit(self, size: Size) -> None:
        fit_frame(self.query_one("#dialog"), size, lambda width: len(self.page(width)))

    def page(self, width: int) -> Sequence[Text]:
        """The lines at that width."""
        raise NotImplementedError

    def as_text(self) -> str:
        """What is copied."""
        raise NotImplementedError

    def action_copy(self) -> None:
        self.app.post_message(CopyAsked(self.as_text(), self._heading))

    def action_close(self) -> None:
        self.dismiss(None)


class ErrorDialog(PageDialog):
    """An error in full: what, why, and what next."""

    def __init__(self, look: Look, error: GcmsError) -> None:
        super().__init__(look, error.title)
        self.error = error

    def page(self, width: int) -> Sequence[Text]:
        return error_page(self.error, self.look, width, title=False)

    def as_text(self) -> str:
        error = self.error
        return "\n\n".join(part for part in (error.title, error.message, error.next_step) if part)


def error_page(error: GcmsError, look: Look, width: int, *, title: bool = True) -> list[Text]:
    """Title, message and next step, wrapped."""
    palette, glyphs = look.palette, look.glyphs
    lines = flow(Text(glyphs.text(error.title, 200), f"bold {palette.fail}"), width, " ") if title else []
    for heading, body in (("", error.message), ("What to do", error.next_step)):
        if body:
            lines += [Text()] if lines else []
            lines += [Text(f" {heading}", f"bold {palette.accent}")] if heading else []
            for line in glyphs.lines(body):
                lines += flow(Text(line, palette.text), width - 1, " ")
    return lines


class ProvenanceDialog(PageDialog):
    """Where a finding's figures come from: the statements as they were run, and when."""

    def __init__(self, look: Look, finding: Finding) -> None:
        super().__init__(look, f"Provenance of {finding.name}")
        self.finding = finding

    def page(self, width: int) -> Sequence[Text]:
        palette, finding = self.look.palette, self.finding
        lines = [
            self._pair("taken", moment_text(finding.taken_at), width),
            self._pair("elapsed", f"{finding.elapsed_ms} ms", width),
        ]
        if not finding.provenance:
            lines.append([Text(" Nothing was read for this finding.", palette.muted)])
        for origin in finding.provenance:
            lines.append([Text(), Text(f" {self.look.glyphs.rule * (width - 2)}", palette.line), Text()])
            lines.append(self._origin(origin, width))
        return [line for block in lines for line in block]

    def _origin(self, origin: Provenance, width: int) -> list[Text]:
        lines = self._pair("source", origin.source, width)
        lines += self._pair("query id", origin.query_id or "none", width)
        for place, bind in enumerate(origin.binds, 1):
            lines += self._pair(f"bind {place}", bind_text(bind), width)
        if origin.statement:
            lines.append(Text())
            for line in self.look.glyphs.lines(origin.statement):
                comment = line.lstrip().startswith("--")
                lines.append(Text(f" {line}", self.look.palette.faint if comment else self.look.palette.text))
        return lines

    def _pair(self, label: str, value: str, width: int) -> list[Text]:
        said = Text(self.look.glyphs.text(value, 2_000), self.look.palette.text)
        return pair(Text(f" {label:<10}", self.look.palette.faint), said, width)

    def as_text(self) -> str:
        head = f"-- {self.finding.name}, taken {moment_text(self.finding.taken_at)}, {self.finding.elapsed_ms} ms"
        return f"{head}\n\n{provenance_text(self.finding)}"
