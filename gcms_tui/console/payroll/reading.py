"""A payroll run on the screen: when it is read anew, and what somebody else has done to it meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gcms_tui.console.payroll.entries import entry_words
from gcms_tui.console.payroll.source import Acting, NotRead
from gcms_tui.console.payroll.wizard_source import RunRead, Standing, WizardSource
from gcms_tui.console.services import ConsoleServices
from gcms_tui.console.steps.screen import StepsScreen
from gcms_tui.console.theme import Look
from gcms_tui.console.ways import here
from gcms_tui.core.payroll.run import PayrollRun

if TYPE_CHECKING:  # names only: whoever presses the key does not wait for them
    from gcms_tui.core.writing.journal import Entry
    from gcms_tui.operations.payroll.desk import PayrollDesk

_EVERY_S = 15.0
"""From the end of one reading to the next, while somebody looks: it asks the store alone."""


class ReadRun(StepsScreen):
    """Reads while it is in front, and not otherwise."""

    def __init__(self, services: ConsoleServices, look: Look, acting: Acting, desk: PayrollDesk, run_id: str) -> None:
        super().__init__(services, look, "payroll")
        self.acting = acting
        self.desk = desk
        self.run_id = run_id
        self.standing: Standing | None = None
        self.news = ""
        """What somebody else has done to it since it was last looked at."""
        self.source = WizardSource(acting, run_id)
        self._doing_own = False
        """What comes into the journal by this person until the next reading was done from here."""

    # -- what a subclass does ---------------------------------------------------------------------------------------

    def has_been_read(self, before: Standing | None) -> None:
        """`before`: how it stood when it was last read; None where nothing was known of it."""

    @property
    def at_work(self) -> bool:
        """Something is being done from here that writes when it has ended."""
        return False

    # -- reading ----------------------------------------------------------------------------------------------------

    @property
    def run(self) -> PayrollRun | None:
        return None if self.standing is None else self.standing.run

    def acts(self) -> None:
        """Something is about to be done from here."""
        self._doing_own = True

    def read(self, *, by_hand: bool = False, own: bool = False) -> None:
        """Read it off the loop; where it is being read, once more after that. `own`: something was done from here."""
        self._doing_own = self._doing_own or own
        whom = self.acting.whom
        self._loader.ask(lambda: self.source.read(whom), by_hand=by_hand)
        self._stop_waiting()
        if by_hand:
            self.news = ""
        self.draw()
        self.refresh_bindings()

    def on_run_read(self, message: RunRead) -> None:
        before, self.standing = self.standing, message.standing
        if self.acting.opened(message.whom, message.desk):
            self.desk = message.desk
        self.failure, self._read_at = None, self.services.now()
        if not message.standing.unheard:
            self.console_app.holds_are(message.standing.holds)
        self._tell_news(before)
        self.has_been_read(before)
        self._read_ended()

    def on_not_read(self, message: NotRead) -> None:
        message.stop()
        self.acting.failed(message.whom)
        self.failure = here(message.error)
        self._read_ended()
        if message.by_hand and self.in_front:
            self.action_error()

    def _read_ended(self) -> None:
        self.draw()
        self.refresh_bindings()
        if self._loader.asked_again:
            self.read()
        else:
            self._doing_own = False
            self._wait()

    def _tell_news(self, before: Standing | None) -> None:
        """Of entries that came while nothing was done from here, or that are of somebody else."""
        run = self.run
        if before is None or run is None:
            return
        new = run.entries[len(before.run.entries) :]
        others = [entry for entry in new if not self._is_own(entry)]
        if others:
            last = others[-1]
            more = f", and {len(others) - 1} before that" if len(others) > 1 else ""
            self.news = f"{last.user}@{last.host} has gone on: {entry_words(last)}{more}"

    def _is_own(self, entry: Entry) -> bool:
        person = self.desk.person
        return (self._doing_own or self.at_work) and (entry.user, entry.host) == (person.user, person.host)

    # -- when to look again -----------------------------------------------------------------------------------------

    def _wait(self) -> None:
        self._stop_waiting()
        run = self.run
        if self.is_current and (run is None or run.ended is None):
            self._next = self.set_timer(_EVERY_S, self._look_again)

    def _look_again(self) -> None:
        if self.app.app_focus:
            self.read()
        else:
            self._wait()

    def on_screen_resume(self) -> None:
        if self.standing is not None or self.failure is not None:
            self.read()

    # -- what failed ------------------------------------------------------------------------------------------------

    def action_error(self) -> None:
        from gcms_tui.console.dialogs import ErrorDialog

        if self.error is not None:
            self.app.push_screen(ErrorDialog(self.look, self.error))
