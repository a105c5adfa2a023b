"""A desk of payrolls over a real store: the book, the gates and the holds are the real ones, what they ask is not."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

from textual.pilot import Pilot
from textual.screen import Screen

from gcms_tui.adapters.store.opening import Store
from gcms_tui.console.app import ConsoleApp
from gcms_tui.console.payroll import doing
from gcms_tui.console.payroll.pane import PayrollPane
from gcms_tui.console.payroll.wizard import WizardScreen
from gcms_tui.console.services import ConsoleServices
from gcms_tui.core.errors import GcmsError, Refused
from gcms_tui.core.payroll import events
from gcms_tui.core.payroll.run import PayrollRun, PayrollState
from gcms_tui.core.payroll.steps import Step
from gcms_tui.core.run import Person, Run
from gcms_tui.core.run_preview import Preview
from gcms_tui.core.verdict import Verdict
from gcms_tui.operations.payroll.book import Payrolls
from gcms_tui.operations.payroll.checklist import Checklist
from gcms_tui.operations.payroll.concerts import Concert, ConcertList, Concerts, ConcertState
from gcms_tui.operations.payroll.desk import PayrollBench, PayrollDesk
from gcms_tui.operations.payroll.verifying import Proof, ProofReport, Verifying
from gcms_tui.operations.runs import DbtRuns
from tests.console.driving import comes_to_rest, until
from tests.console.scripted_run import GREEN, command
from tests.console.small_platform import Clock, services
from tests.console.small_runs import SmallDesk, small_desk
from tests.operations import memory
from tests.operations.memory import NOW
from tests.operations.payroll.scene import TARGET, Scene

FACT = "gold.fct_musician_payment"
CONCERTS = (
    ("33", "Mahler 5", date(2026, 2, 27), 24, "6120.00"),
    ("7", "Sibelius 2", date(2026, 2, 20), 20, "2000.00"),
    ("31", "Open air", None, 3, None),
    ("30", "New Year's concert", date(2026, 1, 1), 62, "18410.50"),
)
"""As the fact has them: two that were never paid, one that lacks its date and an amount, one that is paid."""


@dataclass
class SameClock(memory.Clock):
    """The store's clock goes with the console's."""

    small: Clock = field(default_factory=lambda: Clock(NOW))

    def __call__(self) -> datetime:
        return self.small()


class SmallConcerts(Concerts):
    """Lists as the book and the holds say; opens by the book alone."""

    def __init__(self, book: Payrolls, small: SmallPayroll) -> None:
        self._book = book
        self._small = small

    def list(self) -> ConcertList:
        if self._small.error is not None:
            raise self._small.error
        self._small.listed += 1
        held = "; ".join(hold.words for hold in self._book.holds.open())
        return ConcertList(
            tuple(self._concert(one, held) for one in CONCERTS), self._small.clock(), tuple(self._small.notes)
        )

    def _concert(self, one: tuple[str, str, date | None, int, str | None], held: str) -> Concert:
        concert_id, title, day, musicians, net = one
        runs = [run for run in self._book.all() if run.concert_id == concert_id]
        run = next((run for run in runs if run.state is PayrollState.ACTIVE), runs[0] if runs else None)
        state, paid_on, words = self._small.states.get(concert_id, (None, None, ""))
        if state is None:
            active = run is not None and run.state is PayrollState.ACTIVE
            state = ConcertState.HELD if held else ConcertState.OPEN_RUN if active else ConcertState.NEVER_PAID
            words = held
        amount = None if net is None else Decimal(net)
        return Concert(concert_id, title, day, musicians, amount, state, run, paid_on, words)

    def open(self, concert_id: str) -> PayrollRun:
        if self._small.refusal is not None:
            raise self._small.refusal
        _, title, day, *_ = next(one for one in CONCERTS if one[0] == concert_id)
        return self._book.open(concert_id, title, day, FACT)


class SmallChecklist(Checklist):
    """Finds what a test wants; `gate` holds freshness up until a test lets it go on."""

    def __init__(self, book: Payrolls, small: SmallPayroll) -> None:
        self._book = book
        self._small = small

    @property
    def runs(self) -> DbtRuns:
        return self._small.dbt.runs

    def freshness(self, run_id: str) -> PayrollRun:
        if self._small.gate is not None:
            assert self._small.gate.wait(30), "the test never let the look go on"
        with self._book.at(run_id, Step.FRESHNESS) as at:
            return at.note(events.CHECKED, self._small.found(Step.FRESHNESS))

    def preview_models(self, run_id: str) -> Preview:
        return self.runs.preview(command("build", "--select", "+fct_musician_payment", "dim_musician", "dim_concert"))

    def preview_tests(self, run_id: str) -> Preview:
        return self.runs.preview(command("test", "--select", "fct_musician_payment", "dim_musician", "dim_concert"))

    def start_models(self, run_id: str, preview: Preview) -> Run:
        return self._begin(run_id, Step.MODELS, preview)

    def start_tests(self, run_id: str, preview: Preview) -> Run:
        return self._begin(run_id, Step.TESTS, preview)

    def _begin(self, run_id: str, step: Step, preview: Preview) -> Run:
        with self._book.at(run_id, step) as at:
            at.note(events.STARTED, {"step": step.value, "run": preview.run_id, "argv": list(preview.argv)})
            return self.runs.start(preview, preview.confirmation)

    def settle_models(self, run_id: str, dbt_run: str) -> PayrollRun:
        return self._settle(run_id, Step.MODELS, dbt_run)

    def settle_tests(self, run_id: str, dbt_run: str) -> PayrollRun:
        return self._settle(run_id, Step.TESTS, dbt_run)

    def _settle(self, run_id: str, step: Step, dbt_run: str) -> PayrollRun:
        if self._small.refusal is not None:
            raise self._small.refusal
        with self._book.at(run_id, step) as at:
            return at.note(events.CHECKED, {**self._small.found(step), "run": dbt_run})

    def pending(self, run_id: str, step: Step | None = None) -> Run | None:
        started = ""
        for entry in self._book.get(run_id).entries:
            if entry.kind == events.STARTED:
                started = entry.said["run"]
            elif entry.kind == events.CHECKED and entry.said.get("run") == started:
                started = ""
        return self._small.dbt.shelf.run(started) if started else None


class SmallVerifying(Verifying):
    """All is well but what could not be looked at."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def verify(self, reference: str) -> ProofReport:
        self.asked.append(reference)
        return ProofReport(
            reference,
            (
                Proof("journal", Verdict.OK, "31 entries, whole, and as the anchor knew them"),
                Proof("Supabase", Verdict.UNKNOWN, "it cannot be asked: the connection was refused"),
            ),
        )


@dataclass
class SmallPayroll:
    """A store, its clock and dbt, and what a test wants to go wrong."""

    directory: Path
    read_only: bool = False
    may_act: tuple[tuple[str, str], ...] = ()
    states: dict[str, tuple[ConcertState, date | None, str]] = field(
        default_factory=lambda: {"30": (ConcertState.PAID, date(2026, 1, 9), "")}
    )
    """What Supabase says of a concert."""
    notes: list[str] = field(default_factory=list)
    error: GcmsError | None = None
    """What listing the concerts ends with."""
    refusal: Refused | None = None
    """What opening and judging end with."""
    gate: threading.Event | None = None
    sound: bool = True
    """What the checks find passes."""
    listed: int = 0

    def __post_init__(self) -> None:
        clock = SameClock()
        self.clock = clock.small
        self.scene = Scene(self.directory, clock=clock)
        self.dbt: SmallDesk = small_desk(self.directory, clock=self.clock)
        self.dbt.runs.nodes = GREEN
        self.verifying = SmallVerifying()
        self._stores: dict[str, Store] = {}
        self._books: dict[str, Payrolls] = {}

    def store(self, user: str = "erin", host: str = "ops-1") -> Store:
        return self._stores.setdefault(f"{user}@{host}", self.scene.store(user, host))

    def book(self, user: str = "erin", host: str = "ops-1") -> Payrolls:
        return self._books.setdefault(f"{user}@{host}", self.scene.book(user, host))

    def desk(self, whom: str = "") -> PayrollDesk:
        user = whom or "erin"
        book = self.book(user)
        none = cast("Any", None)
        bench = PayrollBench(SmallChecklist(book, self), none, none, none, none, none, none)
        return PayrollDesk(
            book,
            SmallConcerts(book, self),
            book.holds,
            self.verifying,
            Person(user, "ops-1"),
            None if self.read_only else bench,
            "gcms.toml does not allow writing" if self.read_only else "",
            self.may_act,
        )

    def services(self, **given: Any) -> ConsoleServices:
        made = services(self.directory, clock=self.clock, runs=self.dbt.desk, **{"read_only": self.read_only, **given})
        return replace(made, open_payroll=self.desk, holds=lambda: self.book().holds.open())

    def app(self, **given: Any) -> ConsoleApp:
        return ConsoleApp(self.services(**given))

    # -- what was done before ---------------------------------------------------------------------------------------

    def found(self, step: Step) -> dict[str, Any]:
        """What a check writes into the journal."""
        said: dict[str, Any] = {"step": step.value, "passed": self.sound}
        match step:
            case Step.FRESHNESS:
                words = "all 2 sources loaded within 24 h" if self.sound else "1 of 2 sources is 61 h old"
                old = NOW - timedelta(hours=3 if self.sound else 61)
                sources = (("RAW.SUPABASE.ATTENDANCE", NOW - timedelta(hours=2)), ("RAW.SUPABASE.CONCERT", old))
                told = [
                    {
                        "table": table,
                        "verdict": "OK" if at > NOW - timedelta(hours=24) else "FAIL",
                        "words": f"{table} was last loaded on {at:%Y-%m-%d}",
                        "loaded_at": at.isoformat(),
                    }
                    for table, at in sources
                ]
                return {**said, "words": words, "sources": told}
            case Step.MODELS:
                return {**said, "words": "11 nodes built, none skipped" if self.sound else "1 error (fct)"}
        if not self.sound:
            words = "1 test did not pass (1 fail): attended_not_above_required"
            return {**said, "words": words, "tests": 11, "baseline": 3, "problems": [words], "query_ids": []}
        frozen = self.scene.reader().read("7").frozen.document()
        return {
            **said,
            "words": "12 tests passed, none skipped",
            "tests": 12,
            "baseline": 3,
            "problems": [],
            "query_ids": ["01b2c3d4-0000-0042"],
            "argv": ["dbt", "test", "--select", "fct_musician_payment"],
            "frozen": frozen,
        }

    def opened(self, concert_id: str = "7", user: str = "erin") -> str:
        """A run with an id that does not change from one picture to the next."""
        run_id = f"pay-20260301-09000{concert_id[-1]}-0a1b2c"
        _, title, day, *_ = next(one for one in CONCERTS if one[0] == concert_id)
        store = self.store(user)
        store.payroll.open(run_id, TARGET, concert_id, self.clock())
        said = {"concert": concert_id, "title": title, "target": TARGET, "fact": FACT}
        store.journal.append(events.OPENED, run_id, {**said, "date": day.isoformat() if day else None})
        return run_id

    def note(self, run_id: str, kind: str, said: dict[str, Any], user: str = "erin") -> None:
        with self.book(user).alone(run_id, "a test") as at:
            at.note(kind, said)

    def passed(self, *steps: Step, concert_id: str = "7") -> str:
        """A run on which these steps have passed, an hour ago."""
        run_id = self.opened(concert_id)
        for step in steps:
            self.note(run_id, events.CHECKED, self.found(step))
        self.clock.pass_by(hours=1)
        return run_id

    def run(self, run_id: str) -> PayrollRun:
        return self.book().get(run_id)


CHECKS = (Step.FRESHNESS, Step.MODELS, Step.TESTS)


@dataclass
class Pushed:
    """In the place of what the wizard pushes for the later steps: what was asked for, and the answer."""

    asked: list[str] = field(default_factory=list)
    answer: Any = True

    def install(self, monkeypatch: Any) -> Pushed:
        for name in ("dialog_for", "hold_dialog", "abandon_dialog", "acting_dialog"):
            monkeypatch.setattr(doing, name, self._of(name))
        return self

    def _of(self, name: str) -> Any:
        def make(*given: Any) -> Screen[Any]:
            self.asked.append(f"{name} {given[0].value}" if name == "dialog_for" else name)
            return Answering(self.answer)

        return make


class Answering(Screen[Any]):
    """Answers at once."""

    def __init__(self, answer: Any) -> None:
        super().__init__()
        self._answer = answer

    def on_mount(self) -> None:
        self.call_after_refresh(self._give)

    def _give(self) -> None:
        self.dismiss(self._answer)


async def payroll_pane(pilot: Pilot[Any]) -> PayrollPane:
    """The pane, with what it has read."""
    await pilot.press("4")
    await until(pilot, lambda: isinstance(pilot.app.screen, PayrollPane), "the payroll pane")
    pane = pilot.app.screen
    assert isinstance(pane, PayrollPane)
    await read(pilot, pane)
    return pane


async def read(pilot: Pilot[Any], pane: PayrollPane) -> None:

    def known() -> bool:
        idle = not pane._loader.busy and not pane.console_app._doubts.busy
        return (pane.state.listed or pane.state.error) is not None and idle

    await comes_to_rest(pilot, known, "the concerts")


async def opened_wizard(pilot: Pilot[Any], concert_id: str = "7") -> WizardScreen:
    """From the list to the run of a concert."""
    pane = await payroll_pane(pilot)
    pane.concerts.cursor = f"concert {concert_id}"
    await pilot.press("enter")
    return await wizard(pilot)


async def wizard(pilot: Pilot[Any]) -> WizardScreen:
    """The wizard in front, with what it has read."""
    await until(pilot, lambda: isinstance(pilot.app.screen, WizardScreen), "the wizard")
    screen = pilot.app.screen
    assert isinstance(screen, WizardScreen)
    await at_rest(pilot, screen)
    return screen


async def at_rest(pilot: Pilot[Any], screen: WizardScreen) -> None:
    """It reads nothing, and looks for nothing."""

    def quiet() -> bool:
        known = screen.standing is not None or screen.failure is not None
        return known and not screen._loader.busy and not screen._worker.busy and not screen._seeker.busy

    await comes_to_rest(pilot, quiet, "the end of the reading")
