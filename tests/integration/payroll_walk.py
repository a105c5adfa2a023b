"""A payroll in a real store and real files, over a warehouse in memory, walked on from wherever it stands."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from gcms_tui.adapters.payroll_files import PayrollFiles
from gcms_tui.core.errors import GcmsError, Refused
from gcms_tui.core.payroll import events
from gcms_tui.core.payroll.roles import Role
from gcms_tui.core.payroll.run import PayrollRun, PayrollState
from gcms_tui.core.payroll.steps import CHECKS, Step
from gcms_tui.core.query import Statement
from gcms_tui.core.run import Person
from gcms_tui.core.settings import Settings, StoreSettings, SupabaseSettings
from gcms_tui.core.writing.written import Written
from gcms_tui.operations.payroll.archiving import Archiving
from gcms_tui.operations.payroll.book import Payrolls
from gcms_tui.operations.payroll.closing import Closing
from gcms_tui.operations.payroll.exporting import Exporting
from gcms_tui.operations.payroll.holding import Holds
from gcms_tui.operations.payroll.payments import PaymentReader
from gcms_tui.operations.payroll.sign_off import SignOff
from gcms_tui.operations.payroll.spot_checks import SpotChecks
from gcms_tui.operations.payroll.verifying import ProofReport, Verifying
from gcms_tui.operations.writing.doubts import Doubts
from gcms_tui.operations.writing.guarded_write import GuardedWrites
from tests.operations.memory import NOW, ShippedQueries
from tests.operations.payroll.office import MemoryKeys
from tests.operations.payroll.paid_run import FACT, PAID_ON, SIGNERS, TRIO, CloneHouse, CloneSession
from tests.operations.payroll.scene import CONCERT, LIMITS, TARGET, MemoryWarehouse, Row, Scene, payment

MUSICIANS = ("1", "2", "3")
ERIN, FRANK, MARIA = ("erin", "ops-1"), ("frank", "ops-1"), ("maria", "ops-1")
ELSEWHERE = ("frank", "laptop")
WHY = "a trial"

Watch = Callable[[str, Any], Any]
"""Told of a port, by its name; answers what stands for it."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a payroll's store and its files are."""

    directory: Path
    url_file: Path | None = None
    """Of a Postgres; None for SQLite in the directory."""

    def copied(self, to: Path) -> Place:
        """The same payroll once more."""
        shutil.copytree(self.directory, to, ignore=shutil.ignore_patterns("*-shm"))
        return Place(to)

    @property
    def settings(self) -> Settings:
        # Its own: a copy of a store has the name of the store that it was copied from.
        return Settings(store=StoreSettings(url_file=self.url_file, anchor_file=self.directory / "data" / "anchor"))


@dataclass
class LastingHouse(CloneHouse):
    """Its clones outlive whoever made them."""

    kept: Path = Path()
    """A file with their names."""

    def __post_init__(self) -> None:
        self.tables = {FACT: [payment(int(number)) for number in MUSICIANS]}
        super().__post_init__()
        before: list[Row] = [
            {"musician_id": number, "same_kind": True, "concert_id": "6", "concert_date": date(2026, 1, 30),
             "net_amount": payment(1)["net_amount"]}
            for number in MUSICIANS
        ]  # fmt: skip
        self.answers |= {"payroll_previous_concert": [], "payroll_previous_payments": before}
        for name in self.kept.read_text().splitlines() if self.kept.exists() else ():
            self.tables[name] = [dict(row) for row in self.tables[FACT]]

    def open(self, write_id: str) -> CloneSession:
        return LastingSession(self, f"tag {write_id}")


class LastingSession(CloneSession):
    def run(self, statement: Statement, request_id: str) -> Written:
        before, house = set(self.house.tables), self.house
        assert isinstance(house, LastingHouse)
        written = super().run(statement, request_id)
        with house.kept.open("a") as stream:
            stream.writelines(f"{name}\n" for name in house.tables.keys() - before)
        return written


class Console:
    """One person's, on one host. `watch` may put something before each port that a step asks of the outside."""

    def __init__(
        self,
        place: Place,
        who: tuple[str, str] = ERIN,
        *,
        later: timedelta = timedelta(0),
        watch: Watch = lambda _, port: port,
    ) -> None:
        self.place = place
        self.person = Person(*who)
        self.house = LastingHouse(kept=place.directory / "clones")
        self.scene = Scene(place.directory, self.house, settings=place.settings)
        self.scene.clock.now = NOW + later
        self.store = self.scene.store(*who)
        self.store.journal._anchors = watch("anchors", self.store.journal._anchors)
        self.journal = self.store.leases._journal = watch("journal", self.store.journal)
        self.leases = watch("leases", self.store.leases)
        self.plans = watch("plans", self.store.plans)
        self.index = watch("index", self.store.payroll)
        self.access = watch("access", self.house)
        self.keys = watch("signing", MemoryKeys())
        outbox, prepared = place.directory / "outbox", place.directory / "prepared"
        self.files = watch("files", PayrollFiles(prepared, outbox, self.person.host))
        self.reader = PaymentReader(self.scene.settings.payroll, self.house, ShippedQueries())
        self.holds = Holds(TARGET, journal=self.journal, person=self.person, critical=lambda: "")
        self.book = Payrolls(
            TARGET, index=self.index, journal=self.journal, leases=self.leases, holds=self.holds, limits=LIMITS,
            clock=self.scene.clock,
        )  # fmt: skip

    @property
    def run(self) -> PayrollRun:
        return self.book.get("last")

    @property
    def id(self) -> str:
        return self.store.payroll.get(TARGET, "last").run_id

    def kinds(self) -> list[str]:
        """Of every entry, oldest first."""
        return [entry.kind for entry in reversed(self.store.journal.entries(1_000))]

    # -- the steps ---------------------------------------------------------------------------------------------------

    def open(self) -> PayrollRun:
        return self.book.open(CONCERT, "Sibelius 2", date(2026, 2, 20), "gold.fct_musician_payment")

    def check(self, step: Step) -> None:
        said: dict[str, Any] = {"step": step.value, "passed": True, "words": "all well"}
        if step is Step.TESTS:
            said["frozen"] = self.reader.read(CONCERT).frozen.document()
        with self.book.at(self.id, step) as at:
            at.note(events.CHECKED, said)

    @property
    def spot_checks(self) -> SpotChecks:
        return SpotChecks(
            self.scene.settings.payroll, book=self.book, reader=self.reader, warehouse=self.house,
            queries=ShippedQueries(), journal=self.journal,
        )  # fmt: skip

    def look_at_rows(self) -> None:
        checks = self.spot_checks
        checks.draw(self.id)
        for row in self.run.open_queries:
            checks.answer(self.id, row, "asked the office")
        for row in self.run.unticked:
            checks.tick(self.id, row)

    def export(self) -> PayrollRun:
        exporting = Exporting(
            self.scene.settings.payroll, book=self.book, reader=self.reader, files=self.files, version="1.2.3",
            clock=self.scene.clock, person=self.person, formats={}, unpaid=lambda _: None,
        )  # fmt: skip
        return exporting.export(self.id)

    @property
    def sign_off(self) -> SignOff:
        return SignOff(
            book=self.book, reader=self.reader, files=self.files, signing=self.keys, signers=SIGNERS,
            person=self.person, unpaid=lambda _: None,
        )  # fmt: skip

    def sign(self) -> PayrollRun:
        """In the role that is theirs. Raises what went wrong with the release."""
        role = next(role for role, login in TRIO.items() if login == self.person.user)
        signed = self.sign_off.sign(self.id, role)
        if signed.release_error is not None:
            raise signed.release_error
        return signed.run

    def reject(self) -> PayrollRun:
        return self.sign_off.reject(self.id, Role.MANAGER, WHY)

    def release(self) -> PayrollRun:
        return self.sign_off.release(self.id)

    def void(self) -> None:
        """The data has changed; it is tested and looked at anew. What was released is left in the outbox."""
        with self.book.alone(self.id, "a test") as at:
            at.note(events.VOIDED, {"why": "the data has changed", "found": {}})
        self.check(Step.TESTS)
        self.look_at_rows()

    def record(self) -> None:
        frozen = self.run.frozen
        assert frozen is not None
        said = {"write": "w-paid", "plan": "p", "date": str(PAID_ON), "entries": frozen.totals.entries}
        with self.book.at(self.id, Step.RECORD) as at:
            at.note(events.RECORDED, {**said, "net": str(frozen.totals.net), "already": False})

    @property
    def archiving(self) -> Archiving:
        writes = GuardedWrites(
            TARGET, access=self.access, plans=self.plans, leases=self.leases, journal=self.journal,
            clock=self.scene.clock,
        )  # fmt: skip
        return Archiving(
            self.scene.settings.payroll, book=self.book, reader=self.reader, warehouse=self.house,
            queries=ShippedQueries(), writes=writes, plans=self.plans, journal=self.journal, person=self.person,
            clock=self.scene.clock,
        )  # fmt: skip

    def archive(self) -> None:
        plan = self.archiving.plan(self.id)
        self.archiving.archive(self.id, plan.plan_id, CONCERT, WHY)

    def close(self) -> PayrollRun:
        return self.closing.close(self.id, "none")

    @property
    def closing(self) -> Closing:
        return Closing(book=self.book, files=self.files)

    def abandon(self) -> PayrollRun:
        return self.closing.abandon(self.id, WHY)

    def hold(self) -> None:
        self.holds.set("by hand", WHY)

    def lift(self) -> None:
        self.holds.lift(next((hold.hold_id for hold in self.holds.open()), "none"), WHY)

    # -- and after all -----------------------------------------------------------------------------------------------

    @property
    def doubts(self) -> Doubts:
        return Doubts(
            TARGET, journal=self.journal, plans=self.plans, leases=self.leases, warehouse=self.house,
            queries=ShippedQueries(),
        )  # fmt: skip

    def verify(self) -> ProofReport:
        paid: list[Row] = [
            {"payment_id": f"p{row['musician_id']}", "musician_id": str(row["musician_id"]),
             "net_amount": row["net_amount"], "paid": True, "payment_date": PAID_ON}
            for row in self.house.tables[FACT]
        ]  # fmt: skip
        verifying = Verifying(
            book=self.book, reader=self.reader, files=self.files, signing=self.keys, signers=SIGNERS,
            supabase=MemoryWarehouse({"supabase_payments": paid}), supabase_settings=SupabaseSettings(),
            queries=ShippedQueries(), journal=self.journal, anchors=lambda: (),
        )  # fmt: skip
        return verifying.verify(self.id)


def word(do: Callable[[], object]) -> str:
    """How it ended: `done`, `refused GUARD`, or the error's name."""
    try:
        do()
    except Refused as refused:
        return f"refused {refused.guard}"
    except GcmsError as error:
        return type(error).__name__
    return "done"


# -- the way ---------------------------------------------------------------------------------------------------------


def walk_on(place: Place, later: timedelta) -> Console:
    """From wherever it stands to its end, as the refusals say; by people who have never seen it."""
    erin, frank, maria = (Console(place, who, later=later) for who in (ERIN, FRANK, MARIA))
    for hold in erin.holds.open():
        (frank if hold.by and hold.by.person.user == "erin" else erin).holds.lift(hold.hold_id, WHY)
    if word(lambda: erin.run) != "done" or erin.run.state is PayrollState.ABANDONED:
        erin.open()
    steps: Mapping[Step, Callable[[], object]] = {
        **{step: partial(erin.check, step) for step in CHECKS},
        Step.SPOT_CHECK: erin.look_at_rows,
        Step.EXPORT: erin.export,
        Step.SIGN_OFF: lambda: _signed(erin, frank, maria),
        Step.RECORD: erin.record,
        Step.ARCHIVE: lambda: _archived(erin),
        Step.LOG: erin.close,
    }
    while (step := erin.book.next_step(erin.run)) is not None:
        steps[step]()
    return erin


def _signed(erin: Console, frank: Console, maria: Console) -> None:
    signed = {item.by.person.user for item in erin.run.signatures.values()}
    missing = [console.sign for console in (maria, erin, frank) if console.person.user not in signed]
    try:
        for do in missing or [erin.release]:
            do()
    except Refused as refused:
        if refused.guard != "tampered":
            raise
        maria.reject()


def _archived(console: Console) -> None:
    for doubt in console.doubts.open():
        console.doubts.settle(doubt.write_id)
    if word(lambda: console.archiving.adopt(console.id)) == "refused nothing_to_adopt":
        console.archive()
