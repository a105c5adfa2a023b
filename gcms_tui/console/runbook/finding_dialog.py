"""An incident opened from a finding: what is kept of it, whether payroll is held with it, and its clock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.widgets import Input

from gcms_tui.console.runbook.doing import Allowed
from gcms_tui.console.runbook.incident_page import clock_lines
from gcms_tui.console.services import ConsoleServices
from gcms_tui.console.theme import Look
from gcms_tui.console.ways import by_key
from gcms_tui.console.widgets.document import flow
from gcms_tui.console.writing.act_dialog import ActDialog, done_line
from gcms_tui.console.writing.plan_page import heading, labelled, warning_lines
from gcms_tui.console.writing.write_dialog import Made
from gcms_tui.core.conclusion import counted
from gcms_tui.core.errors import GcmsError
from gcms_tui.core.finding import Finding
from gcms_tui.core.incidents.escalation import minutes_of
from gcms_tui.core.incidents.incident import Incident
from gcms_tui.core.incidents.told import is_critical
from gcms_tui.core.procedures.cadence import Calendar, local_text

if TYPE_CHECKING:  # names only: whoever presses the key does not wait for them
    from gcms_tui.core.payroll.hold import Hold
    from gcms_tui.operations.incidents.desk import IncidentDesk
    from gcms_tui.operations.incidents.incidents import Done


@dataclass(frozen=True, slots=True)
class OfFinding:
    """What is known before it is opened."""

    desk: IncidentDesk
    kept: Mapping[str, Any]
    """What the incident holds of the finding."""
    there: Incident | None
    """One of this finding that is open."""
    held: tuple[Hold, ...]
    """What holds payroll already."""
    unseen: str = ""
    """Why that is not known."""
    table: str = ""


class FindingDialog(ActDialog[OfFinding]):
    """Nothing is typed: what is told to the journal is what was found."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("h", "with_hold", "Hold or not", id="finding.hold", tooltip="Whether a payroll hold is set with it"),
        Binding("g", "go_there", "Go there", id="finding.go", tooltip="To the incident, in pane 5"),
    ]

    def __init__(self, services: ConsoleServices, look: Look, finding: Finding) -> None:
        self.finding = finding
        self.with_hold = False
        """Whether a hold is set with it."""
        self._asked_of_hold = False
        self._going = False
        allowed = Allowed(None if services.read_only else services, services.read_only_reason)
        super().__init__(services, look, allowed, self.look_up, "Open an incident", act="Open it")

    def look_up(self) -> OfFinding:
        """Blocks. Raises `GcmsError`."""
        desk = self.services.open_incidents()
        kept, there = desk.required_acts().kept(self.finding), desk.book.open_of(self.finding.name)
        try:
            return OfFinding(desk, kept, there, self.services.holds())
        except GcmsError as error:
            return OfFinding(desk, kept, there, (), error.message)

    def on_made(self, message: Made) -> None:
        """A failing critical test holds payroll; a hold that somebody has to lift comes with it, unless one is set."""
        if not self._asked_of_hold:
            self._asked_of_hold = True
            self.with_hold = is_critical(self.finding) and not any(hold.hold_id for hold in message.made.held)
        super().on_made(message)

    def words_of(self, made: OfFinding) -> str:
        return ""

    def asked(self, made: OfFinding) -> tuple[Input, ...]:
        return ()

    @property
    def incident(self) -> Incident | None:
        """The one that was opened, or that is open already."""
        if self.outcome is not None:
            opened: Incident = self.outcome.incident
            return opened
        return self.made.there if self.made is not None else None

    @property
    def refusal_to_act(self) -> str | None:
        if self.incident is not None and not self.over:
            return "one of this finding is open: g goes there"
        return super().refusal_to_act

    def refusal(self, action: str) -> str | None:
        if action == "go_there":
            return None if self.incident is not None and not self.writing else "there is no incident of it"
        if action == "with_hold":
            return "there is nothing to open" if self.made is None or self.writing or self.incident else None
        return super().refusal(action)

    def pointless(self, action: str) -> bool:
        return action in ("go_there", "with_hold") or super().pointless(action)

    def action_with_hold(self) -> None:
        self.with_hold = not self.with_hold
        self.retell()

    def action_go_there(self) -> None:
        self._going = True
        self.action_leave()

    async def lead(self) -> None:
        """To the incident, once the dialog has gone, where that was wanted."""
        from gcms_tui.console.runbook.incidents import IncidentsScreen

        made, incident = self.made, self.incident
        if self._going and made is not None and incident is not None:
            app = self.console_app
            await app.switch_mode("runbook")
            calendar = self._calendar(made.desk)
            app.push_screen(IncidentsScreen(self.services, self.look, made.desk, calendar, incident.incident_id))

    def do(self, made: OfFinding, typed: str, reason: str) -> Done:
        return made.desk.required_acts().open_from(self.finding, hold=self.with_hold)

    # -- drawing ----------------------------------------------------------------------------------------------------

    def shown(self, made: OfFinding, width: int) -> list[Text]:
        if self.over:
            return []
        look, kept = self.look, made.kept
        lines = self._there(made, made.there, width) if made.there is not None else []
        lines += labelled("finding", f"{kept['name']}, {kept['verdict']}", look, width)
        lines += labelled("runbook", self.finding.section, look, width)
        lines += [Text(), heading("What is kept of it", look)]
        lines += flow(Text(look.glyphs.text(kept["summary"], 600), look.palette.text), width - 1, " ")
        found = local_text(self.finding.taken_at, self._calendar(made.desk))
        lines += flow(Text(look.glyphs.text(f"found {found}", 200), look.palette.muted), width - 1, " ")
        if kept["total"]:
            rows = f"{counted(kept['total'], 'row')}: {', '.join(kept['rows']) or 'their names are not kept'}"
            lines += flow(Text(look.glyphs.text(rows, 1_000), look.palette.muted), width - 1, " ")
        return lines if made.there is not None else [*lines, *self._payroll(made, width), *self._path(made, width)]

    def _there(self, made: OfFinding, there: Incident, width: int) -> list[Text]:
        look, owner = self.look, there.owner or "nobody has taken it"
        said = f"? OPEN ALREADY: {look.glyphs.text(there.incident_id, 80)}"
        lines = [Text(f" {said}", f"bold {look.palette.warn}"), *labelled("with", owner, look, width)]
        opened = f"{local_text(there.opened.at, self._calendar(made.desk))} by {there.opened.person.user}"
        return [*lines, *labelled("opened", opened, look, width), Text()]

    def _payroll(self, made: OfFinding, width: int) -> list[Text]:
        look, palette = self.look, self.look.palette
        said = [(f"held already, {hold.words}", palette.warn) for hold in made.held]
        if made.unseen:
            said.append((f"whether it is held is not known: {made.unseen}", palette.unknown))
        if self.with_hold:
            said.append(("A HOLD IS SET with it, until a second person lifts it; h leaves it out.", palette.warn))
        else:
            said.append(("No hold is set with it; h sets one, until a second person lifts it.", palette.text))
        lines = [Text(), heading("Payroll", look)]
        for words, tint in said:
            lines += flow(Text(look.glyphs.text(words, 600), tint), width - 1, " ")
        return lines

    def _path(self, made: OfFinding, width: int) -> list[Text]:
        look, palette = self.look, self.look.palette
        lines = [Text(), heading("Escalation", look)]
        said = "Its clock starts when it is opened, and the team is told. Until somebody takes it these are, too:"
        lines += flow(Text(said, palette.text), width - 1, " ")
        for step in made.desk.path:
            told = Text(look.glyphs.text(f"{step.who}, after {minutes_of(step.after)} min", 200), palette.text)
            lines += flow(told, width - 1, "   ")
        return lines if made.desk.path else [*lines, Text("   nobody is configured", palette.warn)]

    def told(self, outcome: Done, width: int) -> list[Text]:
        made, look, incident = self.made, self.look, outcome.incident
        lines = done_line(f"OPEN: {incident.incident_id}", look, width)
        lines += warning_lines(map(by_key, outcome.notes), look, width)
        for hold in incident.holds:
            lines += labelled("payroll", f"held, by {hold}", look, width, look.palette.warn)
        if made is not None:
            calendar = self._calendar(made.desk)
            lines += [Text(), *clock_lines(made.desk.clock(incident), made.desk.path, calendar, look, width)]
        return [*lines, Text(), Text(" g goes there: take it there, and the escalation stops.", look.palette.muted)]

    def _calendar(self, desk: IncidentDesk) -> Calendar:
        return Calendar(desk.zone, self.services.settings.runbook.timezone)
