"""A write or a sync in doubt: looked at, and settled by what was seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.text import Text
from textual._time import get_time
from textual.message import Message

from gcms_tui.console.dialogs import error_page
from gcms_tui.console.guarded import GuardedDialog
from gcms_tui.console.journal.state import at_text
from gcms_tui.console.pane import Loader, LoadFailed
from gcms_tui.console.services import ConsoleServices
from gcms_tui.console.theme import Look
from gcms_tui.console.ways import by_key
from gcms_tui.console.widgets.document import flow
from gcms_tui.console.writing.plan_page import heading, labelled
from gcms_tui.core.errors import GcmsError
from gcms_tui.core.verdict import Verdict
from gcms_tui.core.writing.doubt import Settlement
from gcms_tui.core.writing.doubt import Verdict as Became

if TYPE_CHECKING:  # names only: whoever presses the key does not wait for them
    from gcms_tui.operations.scd2.desk import Scd2Desk
    from gcms_tui.operations.writing.doubts import Doubt

_TICK_S = 1.0
_WHAT_NOW = {
    Became.APPLIED: "It was written. Settled, it is no longer in doubt, and u takes it back like any other write.",
    Became.NOT_APPLIED: "Nothing of it was written. Settled, it is no longer in doubt: plan it again.",
    Became.LOOK: "The rows tell neither. Look at the key's timeline yourself before you settle it: settled so, the "
    "journal says that a person had to look.",
    Became.RUNNING: "There is nothing to settle yet: look again when it has ended.",
}
_VERDICTS = {
    Became.APPLIED: Verdict.OK,
    Became.NOT_APPLIED: Verdict.OK,
    Became.LOOK: Verdict.WARN,
    Became.RUNNING: Verdict.UNKNOWN,
}


@dataclass
class Looked(Message):
    """What the rows, or Airbyte's jobs, say."""

    found: Settlement


@dataclass
class Recorded(Message):
    """It was looked at once more, and what was seen is in the journal."""

    found: Settlement


class DoubtDialog(GuardedDialog[Settlement | None]):
    """Answers with what it was settled to; None where it was only looked at."""

    def __init__(self, services: ConsoleServices, look: Look, desk: Scd2Desk, doubt: Doubt) -> None:
        self.doubt = doubt
        self.found: Settlement | None = None
        self.error: GcmsError | None = None
        self._services = services
        self._desk = desk
        self._since = get_time()
        super().__init__(look, "What became of it", way_out="Close", act="Settle: write it into the journal")
        self._loader = Loader(self, "doubt")
        self.act.disabled = True

    def on_mount(self) -> None:
        self.set_interval(_TICK_S, self._tick)
        self._loader.start(lambda: Looked(self._desk.doubts.look(self.doubt.write_id)))

    def _tick(self) -> None:
        if self._loader.busy:
            self.tell()

    def on_looked(self, message: Looked) -> None:
        self.found = message.found
        self.act.disabled = bool(self._services.read_only) or message.found.verdict is Became.RUNNING
        self._read_anew()

    def on_load_failed(self, message: LoadFailed) -> None:
        message.stop()
        self.error = message.error
        self.act.disabled = self.found is None or self._services.read_only
        self._read_anew()

    def _read_anew(self) -> None:
        self.way_out.focus()
        self.hold()
        self.tell()

    def page(self, width: int) -> Sequence[Text]:
        palette, text, doubt = self.look.palette, self.look.glyphs.text, self.doubt
        lines = flow(Text(text(doubt.words, 400), f"bold {palette.strong}"), width - 1, " ")
        lines += labelled("write", doubt.write_id, self.look, width)
        lines += labelled(
            "begun", f"{at_text(doubt.entry.at)} by {doubt.entry.user}@{doubt.entry.host}", self.look, width
        )
        lines += labelled("because", str(doubt.intent.get("reason", "")), self.look, width)
        lines += [Text(), *error_page(self.error, self.look, width)] if self.error is not None else []
        if self.found is not None:
            return [*lines, Text(), *self._found(self.found, width)]
        if self.error is None:
            said = f"Looking at {doubt.told_by}, {int(get_time() - self._since)} s so far."
            lines += [Text(), *flow(Text(said, palette.muted), width - 1, " ")]
        return lines

    def _found(self, found: Settlement, width: int) -> list[Text]:
        palette, text = self.look.palette, self.look.glyphs.text
        verdict = _VERDICTS[found.verdict]
        symbol = verdict.ascii_symbol if self.look.glyphs.ascii else verdict.symbol
        lines = [Text(f" {symbol} {found.verdict.value.upper()}", f"bold {self.look.colour(verdict)}")]
        for said in found.evidence:
            lines += flow(Text(f"{self.look.glyphs.dot} {text(said, 1_000)}", palette.text), width - 1, " ")
        lines += [Text(), heading("What to do", self.look)]
        step = text(by_key(found.next_step), 400) or _WHAT_NOW[found.verdict]
        lines += flow(Text(step, palette.text), width - 1, " ")
        if self._services.read_only:
            why = f"It cannot be settled from here: {text(self._services.read_only_reason, 200)}."
            lines += flow(Text(why, palette.warn), width - 1, " ")
        return lines

    def done(self) -> None:
        if self.found is not None and not self._services.read_only:
            started = self._loader.start(lambda: Recorded(self._desk.doubts.settle(self.doubt.write_id)))
            self.act.disabled = self.act.disabled or started

    def on_recorded(self, message: Recorded) -> None:
        if message.found.verdict is Became.RUNNING:
            self.on_looked(Looked(message.found))
        else:
            self.dismiss(message.found)
