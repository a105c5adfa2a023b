"""What is done about an incident, one dialog each: opened, noted, taken, handed over, closed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from rich.text import Text
from textual.widget import Widget
from textual.widgets import Input

from gcms_tui.console.runbook.doing import Allowed
from gcms_tui.console.services import ConsoleServices
from gcms_tui.console.theme import Look
from gcms_tui.console.ways import by_key
from gcms_tui.console.widgets.document import flow
from gcms_tui.console.widgets.prose_line import ProseLine
from gcms_tui.console.writing.act_dialog import ActDialog, done_line
from gcms_tui.console.writing.plan_page import labelled, warning_lines
from gcms_tui.core.conclusion import counted
from gcms_tui.core.errors import Unavailable
from gcms_tui.core.incidents.incident import Incident
from gcms_tui.core.payroll.typed import NOTE_LIMIT, typed

if TYPE_CHECKING:  # names only: whoever presses the key does not wait for them
    from gcms_tui.operations.incidents.desk import IncidentDesk
    from gcms_tui.operations.incidents.incidents import Done
    from gcms_tui.operations.notices import Told


@dataclass(frozen=True, slots=True)
class Before:
    """The incident as it is; None where one is opened."""

    incident: Incident | None
    table: str = ""


class IncidentDialog(ActDialog[Before]):
    """Lines are asked for, all but the optional ones; what is in them is told to the journal, and to the team."""

    TITLE_OF: ClassVar[str] = ""
    ACT: ClassVar[str] = ""
    DONE: ClassVar[str] = ""
    LINES: ClassVar[tuple[tuple[str, str, bool], ...]] = ()
    """Each line's id, what stands in it while it is empty, and whether it has to be filled in."""
    TELLS: ClassVar[str] = ""

    def __init__(self, services: ConsoleServices, look: Look, desk: IncidentDesk, incident_id: str = "") -> None:
        self.incidents = desk
        self.incident_id = incident_id
        self.lines_of = tuple(_line(name, said) for name, said, _ in self.LINES)
        allowed = Allowed(desk.acts, desk.read_only_reason)
        super().__init__(services, look, allowed, self.look_up, self.TITLE_OF, act=self.ACT)

    def look_up(self) -> Before:
        return Before(self.incidents.book.get(self.incident_id) if self.incident_id else None)

    def between(self) -> Iterable[Widget]:
        return (*super().between(), *self.lines_of)

    def read_anew(self) -> None:
        super().read_anew()
        wanted = self.made is not None and not self.over and not self.writing and self.desk.bench is not None
        for line in self.lines_of:
            line.display = wanted

    def words_of(self, made: Before) -> str:
        return ""

    def asked(self, made: Before) -> tuple[Input, ...]:
        return self.lines_of

    def _not_typed(self, words: str, asked: tuple[Input, ...]) -> str | None:
        for line, (_, said, needed) in zip(self.lines_of, self.LINES, strict=True):
            if needed and not typed(line.value):
                return f"fill in: {said}"
        return None

    def on_input_submitted(self, message: Input.Submitted) -> None:
        """Enter leads from line to line, and from the last one to the answer."""
        message.stop()
        message.prevent_default()
        at = self.lines_of.index(message.input) if message.input in self.lines_of else -1
        if 0 <= at < len(self.lines_of) - 1:
            self.lines_of[at + 1].focus()
        elif not self.act.disabled:
            self.act.focus()
            self.hold()

    def value(self, name: str) -> str:
        return next(line.value for line in self.lines_of if line.id == name)

    def shown(self, made: Before, width: int) -> list[Text]:
        if self.over:
            return []
        look, incident = self.look, made.incident
        lines: list[Text] = []
        if incident is not None:
            lines += labelled("incident", f"{incident.incident_id}  {incident.title}", look, width)
            lines += labelled("with", incident.owner or "nobody has taken it", look, width)
            lines.append(Text())
        return [*lines, *flow(Text(self.TELLS, look.palette.muted), width - 1, " ")]

    def told(self, outcome: Done, width: int) -> list[Text]:
        self.incident_id = outcome.incident.incident_id
        said = f"{self.DONE}: {outcome.incident.incident_id}"
        return [*done_line(said, self.look, width), *warning_lines(map(by_key, outcome.notes), self.look, width)]


class OpenDialog(IncidentDialog):
    """By hand; from a finding it is opened by i in pane 1, or by its command."""

    TITLE_OF, ACT, DONE = "Open an incident", "Open it", "OPEN"
    LINES = (
        ("title", "what has happened: no names, no amounts", True),
        ("section", "the runbook's section, for instance E3 (may stay empty)", False),
    )
    TELLS = "Its escalation clock starts now, and runs until somebody takes it. Whom [notify] names is told."

    def do(self, made: Before, typed: str, reason: str) -> Done:
        return self.incidents.required_acts().open_by_hand(self.value("title"), section=self.value("section"))


class NoteDialog(IncidentDialog):
    TITLE_OF, ACT, DONE = "Note", "Write it down", "NOTED"
    LINES = (("note", "what is known, or was done: no names, no amounts", True),)
    TELLS = "It goes into the incident's log."

    def do(self, made: Before, typed: str, reason: str) -> Done:
        return self.incidents.required_acts().note(self.incident_id, self.value("note"))


class TakeDialog(IncidentDialog):
    TITLE_OF, ACT, DONE = "Take an incident", "Take it", "TAKEN"
    TELLS = "It is with you, and the escalation stops: nobody else is told from now on."

    def do(self, made: Before, typed: str, reason: str) -> Done:
        return self.incidents.required_acts().acknowledge(self.incident_id)


class DelayDialog(IncidentDialog):
    """What the payroll team is to know: read before it leaves."""

    TITLE_OF, ACT, DONE = "Tell the payroll team of the delay", "Send it", "SENT"
    TELLS = "It goes over the channels of [notify], whatever events are named there. D copies it instead."

    def shown(self, made: Before, width: int) -> list[Text]:
        if self.over or made.incident is None:
            return []
        notice = self.incidents.delay_notice(made.incident)
        look, said = self.look, f"{notice.title}\n\n{notice.body}"
        lines = [line for part in look.glyphs.lines(said, 4_000) for line in flow(Text(part), width - 1, " ")]
        return [*lines, Text(), *flow(Text(self.TELLS, look.palette.muted), width - 1, " ")]

    def do(self, made: Before, typed: str, reason: str) -> Told:
        assert made.incident is not None
        (told,) = self.incidents.notices.tell(self.incidents.delay_notice(made.incident))
        if not told.is_known:
            raise Unavailable("Nobody was told", told.words or told.outcome.value, "D copies it: paste it to them.")
        return told

    def told(self, outcome: Any, width: int) -> list[Text]:
        to = f"to {counted(outcome.channels, 'channel')}" if outcome.channels else "they have it already"
        return done_line("; ".join(filter(None, (f"{self.DONE} {to}", outcome.words))), self.look, width)


class HandOverDialog(IncidentDialog):
    TITLE_OF, ACT, DONE = "Hand over", "Hand it over", "HANDED OVER"
    LINES = (
        ("login", "the login of whoever has it from now on", True),
        ("note", "what they should know (may stay empty)", False),
    )
    TELLS = "An escalation that runs goes on until somebody takes the incident."

    def do(self, made: Before, typed: str, reason: str) -> Done:
        acts = self.incidents.required_acts()
        return acts.hand_over(self.incident_id, self.value("login"), self.value("note"))


class CloseDialog(IncidentDialog):
    TITLE_OF, ACT, DONE = "Close an incident", "Close it", "CLOSED"
    LINES = (
        ("cause", "why it happened", True),
        ("done", "what was done about it", True),
        ("run", "dbt's run whose tests failed (of a critical test it is wanted)", False),
    )
    TELLS = "A payroll hold that it has set remains, until somebody else lifts it in pane 4."

    def do(self, made: Before, typed: str, reason: str) -> Done:
        acts = self.incidents.required_acts()
        return acts.close(self.incident_id, cause=self.value("cause"), done=self.value("done"), run=self.value("run"))


def _line(name: str, said: str) -> Input:
    line = ProseLine(
        placeholder=said, id=name, classes="asked", compact=True, select_on_focus=False, max_length=NOTE_LIMIT
    )
    line.display = False
    return line
