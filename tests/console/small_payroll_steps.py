"""A payroll at any of its steps, by its real operations over a store of its own: the warehouse, Supabase and the files
are in memory, and a test holds the journal in its hands."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from threading import Event
from typing import Any, cast

import pytest
from textual.pilot import Pilot
from textual.screen import Screen

from gcms_tui.adapters.store.opening import Store
from gcms_tui.console.app import ConsoleApp
from gcms_tui.console.payroll.doing import dialog_for
from gcms_tui.console.services import ConsoleServices
from gcms_tui.core.errors import GcmsError
from gcms_tui.core.payroll.events import ARCHIVED
from gcms_tui.core.payroll.run import PayrollRun
from gcms_tui.core.payroll.steps import Step
from gcms_tui.core.query import Statement
from gcms_tui.core.run import Person
from gcms_tui.core.settings import SupabaseSettings
from gcms_tui.core.writing.journal import Entry
from gcms_tui.core.writing.plan import PlanKind
from gcms_tui.operations.payroll.archiving import Archiving
from gcms_tui.operations.payroll.book import Payrolls
from gcms_tui.operations.payroll.closing import Closing
from gcms_tui.operations.payroll.desk import PayrollBench, PayrollDesk
from gcms_tui.operations.payroll.exporting import Exporting
from gcms_tui.operations.payroll.holding import Holds
from gcms_tui.operations.payroll.recording import Recording
from gcms_tui.operations.payroll.sign_off import SignOff
from gcms_tui.operations.payroll.spot_checks import SpotChecks
from gcms_tui.operations.writing.doubts import Doubts
from gcms_tui.operations.writing.guarded_write import GuardedWrites
from gcms_tui.operations.writing.ports import WriteAccess
from tests.console.driving import typed, until
from tests.console.small_platform import services
from tests.operations.memory import ShippedQueries
from tests.operations.payroll.disk import DiskFiles
from tests.operations.payroll.memory_supabase import MemorySupabase
from tests.operations.payroll.paid_run import FACT, SIGNERS, CloneHouse, exported, noted, recorded, released, signed
from tests.operations.payroll.scene import CONCERT, LIMITS, TARGET, Row, Scene, payment

BEFORE = "6"
READ_ONLY = "gcms.toml does not allow writing"
ADA = "Ada [@click=app.quit]Lovelace[/]"
"""The first musician."""


def same_token(size: int = 3) -> str:
    """In the place of what makes ids differ."""
    return "a1b2c3d4"[: 2 * size]


class HeldJournal:
    """The store's own, and what a test wants of it: to wait, or to fail."""

    def __init__(self, inner: Any, small: SmallSteps) -> None:
        self._inner = inner
        self._small = small

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def append(self, kind: str, subject: str, payload: Mapping[str, Any]) -> Entry:
        if self._small.gate is not None:
            assert self._small.gate.wait(30), "the test never let the journal go on"
        if self._small.error is not None:
            raise self._small.error
        return cast("Entry", self._inner.append(kind, subject, payload))


@dataclass
class SmallSteps:
    """`desk(user)` is the same payroll to another person."""

    directory: Path
    rows: list[Row] = field(default_factory=lambda: musicians())
    error: GcmsError | None = None
    """What the journal ends with."""
    gate: Event | None = None
    """What each entry waits for."""
    read_only: bool = False

    def __post_init__(self) -> None:
        self.house = CloneHouse(tables={FACT: self.rows})
        export = cast("Callable[[Statement], list[Row]]", self.house.answers["payroll_export"])
        self.house.answers |= {
            "payroll_export": lambda asked: _before() if asked.binds == (BEFORE,) else export(asked),
            "payroll_previous_concert": [
                {"concert_id": BEFORE, "title": "Mahler 5", "concert_date": date(2026, 1, 30)}
            ],
            "payroll_previous_payments": [_last(number) for number in range(1, 20)],
        }
        self.scene = Scene(self.directory, self.house)
        self.files = DiskFiles(self.directory / "files")
        self.supabase = MemorySupabase()

    def at(self, step: Step) -> PayrollRun:
        """A run whose next step it is. With the usual musicians it is walked there but once in all these tests."""
        if self.rows != musicians():
            return self._walked(step)
        template = self.directory.parent / f"payroll-at-{step.value}"
        if not template.exists():
            template.mkdir()
            with pytest.MonkeyPatch.context() as patch:  # pictures hold its ids, whichever test is the first to come
                patch.setattr(secrets, "token_hex", same_token)
                SmallSteps(template)._walked(step)
        shutil.copytree(template, self.directory, ignore=shutil.ignore_patterns("*-shm"), dirs_exist_ok=True)
        return self.scene.book().get("last")

    def _walked(self, step: Step) -> PayrollRun:
        scene, files = self.scene, self.files
        match step:
            case Step.SPOT_CHECK:
                return scene.passed()
            case Step.EXPORT:
                return scene.ticked()
            case Step.SIGN_OFF:
                return exported(scene, files)
            case Step.RECORD:
                return released(scene, files)
            case Step.ARCHIVE:
                return recorded(scene, files)
        run = recorded(scene, files)
        assert run.frozen is not None
        said = {"write": "w-archived", "table": "gold.fct_musician_payment_20260301", "kind": "transient"}
        return noted(scene, run, Step.ARCHIVE, ARCHIVED, **said, fingerprint=run.frozen.fingerprint, alike=True)

    def signed(self, *roles: Any) -> PayrollRun:
        run = self.at(Step.SIGN_OFF)
        for role in roles:
            run = signed(self.scene, run, role)
        return run

    def get(self, run: PayrollRun) -> PayrollRun:
        return self.scene.book().get(run.run_id)

    def kinds(self, run: PayrollRun) -> list[str]:
        """What the journal says of it."""
        return [entry.kind for entry in self.get(run).entries]

    # -- the desk ---------------------------------------------------------------------------------------------------

    def desk(self, user: str = "erin", host: str = "ops-1") -> PayrollDesk:
        person, scene, reader = Person(user, host), self.scene, self.scene.reader()
        store, queries, payroll = scene.store(user, host), ShippedQueries(), scene.settings.payroll
        journal = cast("Any", HeldJournal(store.journal, self))
        holds = Holds(
            TARGET, journal=journal, person=person, critical=lambda: scene.critical,
            read_only_reason=READ_ONLY if self.read_only else "",
        )  # fmt: skip
        book = Payrolls(
            TARGET, index=store.payroll, journal=journal, leases=store.leases, holds=holds, limits=LIMITS,
            clock=scene.clock,
        )  # fmt: skip
        spot_checks = SpotChecks(
            payroll, book=book, reader=reader, warehouse=self.house, queries=queries, journal=journal
        )
        bench = PayrollBench(
            checklist=cast("Any", None),
            spot_checks=spot_checks,
            exporting=Exporting(
                payroll,
                book=book,
                reader=reader,
                files=self.files,
                version="0.1.0",
                clock=scene.clock,
                person=person,
                formats={"xlsx": lambda lines: b"xlsx", "parquet": lambda lines: b"parquet"},
                unpaid=lambda _: None,
            ),  # fmt: skip
            sign_off=SignOff(
                book=book,
                reader=reader,
                files=self.files,
                signing=None,
                signers=SIGNERS,
                person=person,
                unpaid=lambda _: None,
                variance=spot_checks.variance,
            ),  # fmt: skip
            recording=Recording(
                SupabaseSettings(),
                book=book,
                reader=reader,
                files=self.files,
                supabase=self.supabase,
                queries=queries,
                writes=self._writes(store, self.supabase),
                plans=store.plans,
                journal=journal,
                person=person,
                clock=scene.clock,
            ),  # fmt: skip
            archiving=Archiving(
                payroll,
                book=book,
                reader=reader,
                warehouse=self.house,
                queries=queries,
                writes=self._writes(store, self.house),
                plans=store.plans,
                journal=journal,
                person=person,
                clock=scene.clock,
            ),  # fmt: skip
            closing=Closing(book=book, files=self.files),
        )
        return PayrollDesk(
            book=book,
            concerts=cast("Any", None),
            holds=holds,
            verifying=cast("Any", None),
            person=person,
            bench=None if self.read_only else bench,
            read_only_reason=READ_ONLY if self.read_only else "",
            may_act=(("paula", "engineer"), ("frank", "finance")),
            acting_as=user if user != "erin" else "",
        )

    def _writes(self, store: Store, access: WriteAccess) -> GuardedWrites:
        return GuardedWrites(
            TARGET, access=access, plans=store.plans, leases=store.leases, journal=store.journal,
            clock=self.scene.clock,
        )  # fmt: skip

    def doubts(self) -> Doubts:
        store = self.scene.store()
        return Doubts(
            TARGET, journal=store.journal, plans=store.plans, leases=store.leases, warehouse=self.house,
            queries=ShippedQueries(), readers={PlanKind.MARK_PAID: self.supabase},
        )  # fmt: skip

    # -- the console ------------------------------------------------------------------------------------------------

    def services(self, state: Path, **changes: Any) -> ConsoleServices:
        given = {"read_only": self.read_only, "clock": self.scene.clock, **changes}
        made = services(state, **given)
        return replace(made, doubts=lambda: self.doubts().open())


class Opened:
    """A screen over a console, and what came of it."""

    def __init__(self, small: SmallSteps, state: Path, make: Callable[[ConsoleApp], Screen[Any]], **changes: Any):
        self.small = small
        self.app = ConsoleApp(small.services(state, **changes))
        self.answers: list[Any] = []
        self.screen: Any = None
        self._make = make

    @classmethod
    def of(
        cls, small: SmallSteps, state: Path, step: Step, run: PayrollRun, user: str = "erin", **changes: Any
    ) -> Opened:
        desk = small.desk(user)
        return cls(small, state, lambda app: dialog_for(step, desk, run, app.services, app.look), **changes)

    async def open(self, pilot: Pilot[Any]) -> Any:
        await pilot.pause()
        self.screen = self._make(self.app)
        self.app.push_screen(self.screen, self.answers.append)
        await self.shown(pilot)
        return self.screen

    async def shown(self, pilot: Pilot[Any]) -> None:
        """Until the screen in front has looked up what it shows, and keys count."""
        await until(pilot, lambda: _is_there(self.app.screen), "what is shown")

    async def confirm(self, pilot: Pilot[Any], words: str = CONCERT, reason: str = "") -> Any:
        """Type what is to be typed, come to the answer, and give it."""
        dialog: Any = self.app.screen
        await pilot.press("tab")
        for line in filter(None, (words, reason)):
            await typed(pilot, line)
            await pilot.press("enter")
        await until(pilot, lambda: dialog.act.has_focus and dialog.armed, "the answer")
        await pilot.press("enter")
        await until(pilot, lambda: not dialog.writing, "the end")
        return dialog


def _is_there(screen: Any) -> bool:
    if hasattr(screen, "sheet_list"):
        return screen.sheet is not None or screen.error is not None
    made = getattr(screen, "made", screen)  # a dialog that looks nothing up is there as it is
    return bool(getattr(screen, "armed", True) and (made is not None or screen.error is not None))


def musicians() -> list[Row]:
    """Twenty: the first has a name that would be markup, the second one that would be a formula, the third one that
    runs the other way; the fourth is paid twice as much as before, and the last was never paid."""
    names = {1: ADA, 2: '=HYPERLINK("http://x","y")', 3: "\u202eolleC\u202c"}
    rows = [payment(number, full_name=f"Somebody {number}") for number in range(1, 21)]
    for number, name in names.items():
        rows[number - 1]["full_name"] = name
    return rows


def _before() -> list[Row]:
    return [payment(number, "50.00", concert_id=6) for number in (1, 2, 99)]


def _last(musician: int) -> Row:
    return {
        "musician_id": str(musician),
        "same_kind": True,
        "concert_id": BEFORE,
        "concert_date": date(2026, 1, 30),
        "net_amount": Decimal("50.00" if musician == 4 else "100.00"),
    }
