"""The preview of a dbt command: what it would do, asked of dbt itself; and starting exactly that."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Protocol

from rich.text import Text
from textual._time import get_time
from textual.binding import Binding, BindingType
from textual.message import Message

from gcms_tui.console.confirmed import ConfirmedDialog
from gcms_tui.console.dialogs import error_page
from gcms_tui.console.pane import Loader, LoadFailed
from gcms_tui.console.preview_page import preview_page, preview_text
from gcms_tui.console.services import ConsoleServices
from gcms_tui.console.theme import Look
from gcms_tui.core.errors import GcmsError
from gcms_tui.core.run import Run
from gcms_tui.core.run_preview import Preview
from gcms_tui.core.target import is_production

if TYPE_CHECKING:  # names only: whoever presses the key does not wait for them
    from gcms_tui.operations.runs import DbtRuns

_TICK_S = 1.0


class WithRuns(Protocol):
    """Whatever dbt commands are started and cancelled by."""

    @property
    def runs(self) -> DbtRuns: ...


@dataclass
class Previewed(Message):
    """dbt has said what it would do."""

    preview: Preview


@dataclass
class Started(Message):
    """dbt runs."""

    run: Run


class PreviewDialog(ConfirmedDialog[Run | None]):
    """Answers with the run that was started, or None. Starting waits for a deliberate move away from Cancel."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "ask", "Ask again", id="preview.ask", tooltip="Ask dbt again what it would do"),
    ]

    def __init__(
        self, services: ConsoleServices, look: Look, desk: WithRuns, make_preview: Callable[[], Preview]
    ) -> None:
        self.preview: Preview | None = None
        self.error: GcmsError | None = None
        self._flowed: tuple[int, list[Text]] | None = None
        real = is_production(services.target)
        act = f"Start on {look.glyphs.text(services.target, 24).upper()}" if real else "Start"
        super().__init__(look, "Before it starts", way_out="Cancel", act=act, danger=real)
        self._desk = desk
        self._make = make_preview
        self._loader = Loader(self, "preview")
        self._asked_at = get_time()
        self._starting = False

    def on_mount(self) -> None:
        self.set_interval(_TICK_S, self._tick)
        self.action_ask()

    # -- asking -----------------------------------------------------------------------------------------------------

    def action_ask(self) -> None:
        if self._loader.start(lambda: Previewed(self._make())):
            self._asked_at = get_time()
            self._show(None, None)

    def _tick(self) -> None:
        if self._loader.busy and self.preview is None:
            self._flowed = None
            self.tell()

    def on_previewed(self, message: Previewed) -> None:
        self._show(message.preview, None)

    def on_load_failed(self, message: LoadFailed) -> None:
        message.stop()
        self._starting = False
        self._show(self.preview, message.error)

    def _show(self, preview: Preview | None, error: GcmsError | None) -> None:
        """Something else than before is to be read: the way out has the focus again."""
        if preview is not self.preview:
            self._confirmation.value = ""
        self.preview, self.error, self._flowed = preview, error, None
        self._confirmation.display = bool(preview and preview.confirmation and not preview.refusal)
        self.way_out.focus()
        self.hold()
        self.settle()
        self.tell()
        self.refresh_bindings()

    def page(self, width: int) -> Sequence[Text]:
        if self._flowed is None or self._flowed[0] != width:
            self._flowed = (width, self._lines(width))
        return self._flowed[1]

    def _lines(self, width: int) -> list[Text]:
        failed = error_page(self.error, self.look, width) if self.error is not None else []
        if self.preview is not None:
            return [*failed, *([Text()] if failed else []), *preview_page(self.preview, self.look, width)]
        if failed:
            return failed
        palette, waited = self.look.palette, int(get_time() - self._asked_at)
        lines = [Text(" Asking dbt which nodes this selects.", palette.text)]
        lines.append(Text(f" {waited} s so far; Esc leaves it. Nothing starts by itself.", palette.muted))
        return lines

    @property
    def unanswered(self) -> str:
        waiting = self.preview is None and self.error is None
        return "dbt has not answered yet: Enter does nothing, Esc leaves." if waiting else ""

    # -- confirming and starting ------------------------------------------------------------------------------------

    @property
    def refusal_to_act(self) -> str | None:
        if self._starting:
            return "starting"
        if self.preview is None:
            return "dbt has not answered yet" if self.error is None else "there is nothing to start"
        if self.preview.refusal:
            return "refused, see above"
        if self._confirmation.value != self.preview.confirmation:
            return f"type  {self.preview.confirmation}  to start it"
        return None

    @property
    def invitation(self) -> str:
        return "Tab, then Enter, starts exactly this."

    def refusal(self, action: str) -> str | None:
        return "dbt is being asked" if action == "ask" and self._loader.busy else None

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return None if self.refusal(action) else True

    def done(self) -> None:
        preview, typed = self.preview, self._confirmation.value
        if preview is None or self.refusal_to_act is not None:
            return
        if self._loader.start(lambda: Started(self.begin(preview, typed))):
            self._starting, self.error = True, None
            self.settle()
            self.refresh_bindings()

    def begin(self, preview: Preview, typed: str) -> Run:
        """Start exactly that; off the loop."""
        return self._desk.runs.start(preview, typed)

    def on_started(self, message: Started) -> None:
        self.dismiss(message.run)

    def action_leave(self) -> None:
        if self._starting:
            self.warn("It is being started; a moment.")
        else:
            self.dismiss(None)

    def as_text(self) -> str:
        return preview_text(self.preview) if self.preview is not None else super().as_text()
