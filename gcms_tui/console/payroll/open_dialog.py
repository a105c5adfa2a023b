"""Before a payroll run is opened: for which concert, how many musicians, and what they come to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from rich.text import Text

from gcms_tui.console.dialogs import error_page
from gcms_tui.console.guarded import GuardedDialog
from gcms_tui.console.pane import Loader, LoadFailed
from gcms_tui.console.payroll.source import Opened
from gcms_tui.console.payroll.words import money
from gcms_tui.console.preview_page import target_text
from gcms_tui.console.services import ConsoleServices
from gcms_tui.console.theme import Look
from gcms_tui.console.ways import here
from gcms_tui.console.widgets.document import flow
from gcms_tui.console.writing.plan_page import labelled
from gcms_tui.core.errors import GcmsError
from gcms_tui.core.payroll.hold import Hold
from gcms_tui.core.payroll.run import PayrollRun
from gcms_tui.core.target import is_production
from gcms_tui.operations.payroll.concerts import Concert

if TYPE_CHECKING:  # names only: whoever presses the key does not wait for them
    from gcms_tui.console.app import ConsoleApp
    from gcms_tui.operations.payroll.desk import PayrollDesk

_WHAT_HAPPENS = (
    "It is written into the journal, and until it is closed or abandoned nobody opens another one for this concert. "
    "No payment is touched: nine steps lead to that, each of them a gate."
)


class OpenDialog(GuardedDialog[PayrollRun | None]):
    """Answers with the run once it is open; None where it was left alone."""

    def __init__(
        self, services: ConsoleServices, look: Look, desk: PayrollDesk, concert: Concert, holds: tuple[Hold, ...]
    ) -> None:
        self._services = services
        self._desk = desk
        self._concert = concert
        self._holds = holds
        self._error: GcmsError | None = None
        self.tried = False
        """It was tried to open one."""
        real = is_production(services.target)
        super().__init__(look, "Open a payroll run", way_out="Cancel", act="Open it", danger=real)
        self._loader = Loader(self, "payroll open")

    @property
    def console_app(self) -> ConsoleApp:
        return cast("ConsoleApp", self.app)

    def page(self, width: int) -> Sequence[Text]:
        palette, look, concert = self.look.palette, self.look, self._concert
        date = concert.concert_date.isoformat() if concert.concert_date else "no date"
        name = look.glyphs.text(f"{concert.concert_id}  {concert.title}", 300)
        lines = flow(Text(name, f"bold {palette.strong}"), width - 1, " ")
        lines += labelled("concert of", date, look, width)
        lines += labelled("musicians", f"{concert.musicians:,}", look, width)
        lines += labelled("net total", money(concert.net), look, width, palette.warn if concert.net is None else "")
        lines += labelled("opened by", str(self._desk.person), look, width)
        lines += [Text.assemble(" on ", target_text(self._services.target, look)), Text()]
        lines += flow(Text(_WHAT_HAPPENS, palette.text), width - 1, " ")
        for hold in self._holds:
            said = f"Payroll is held, and the run will stop at its fourth step: {look.glyphs.text(hold.words, 400)}"
            lines += [Text(), *flow(Text(said, palette.warn), width - 1, " ")]
        return [*error_page(self._error, look, width), Text(), *lines] if self._error is not None else lines

    def done(self) -> None:
        desk, concert_id = self._desk, self._concert.concert_id
        if self.console_app.writer.start(self._loader, lambda: Opened(desk.concerts.open(concert_id))):
            self.tried = self.act.disabled = True
        else:
            self.console_app.tell("Another write is under way: try again once it has ended.", warning=True)

    def on_opened(self, message: Opened) -> None:
        self.dismiss(message.run)

    def on_load_failed(self, message: LoadFailed) -> None:
        message.stop()
        self._error = here(message.error)
        self.act.disabled = False
        self.way_out.focus()
        self.hold()
        self.tell()

    def action_leave(self) -> None:
        if self._loader.busy:
            self.console_app.tell("It is being opened; a moment.", warning=True)
        else:
            self.dismiss(None)
