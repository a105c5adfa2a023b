"""The archive: made under a name of its own, proven to be what was signed, and taken over where it was cut off."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest

from gcms_tui.core.errors import GcmsError, Refused, StatementFailed, Unavailable
from gcms_tui.core.payroll.gates import StepState
from gcms_tui.core.payroll.run import PayrollRun
from gcms_tui.core.payroll.steps import Step
from gcms_tui.core.run import Person
from gcms_tui.core.writing.doubt import Verdict
from gcms_tui.core.writing.plan import Plan, PlanKind
from gcms_tui.operations.payroll.archiving import Archiving
from gcms_tui.operations.writing.doubts import Doubts
from gcms_tui.operations.writing.guarded_write import GuardedWrites, Outcome
from tests.operations.memory import ShippedQueries
from tests.operations.payroll.disk import DiskFiles
from tests.operations.payroll.paid_run import CLONE, FACT, CloneHouse, copied, failing, recorded, released
from tests.operations.payroll.scene import CONCERT, TARGET, Scene

NAME = "gold.fct_musician_payment_20260301"
WHY = "it was paid"
LOST = Unavailable("Snowflake cannot be reached", "The line is gone.")


@dataclass
class Vault:
    scene: Scene
    house: CloneHouse
    told: list[str] = field(default_factory=list)

    @property
    def archiving(self) -> Archiving:
        store, queries = self.scene.store(), ShippedQueries()
        writes = GuardedWrites(
            TARGET, access=self.house, plans=store.plans, leases=store.leases, journal=store.journal,
            clock=self.scene.clock,
        )  # fmt: skip
        return Archiving(
            self.scene.settings.payroll, book=self.scene.book(), reader=self.scene.reader(), warehouse=self.house,
            queries=queries, writes=writes, plans=store.plans, journal=store.journal, person=Person("erin", "ops-1"),
            clock=self.scene.clock,
        )  # fmt: skip

    @property
    def doubts(self) -> Doubts:
        store = self.scene.store()
        return Doubts(
            TARGET, journal=store.journal, plans=store.plans, leases=store.leases, warehouse=self.house,
            queries=ShippedQueries(),
        )  # fmt: skip

    def recorded(self) -> PayrollRun:
        return self.scene.book().get("last")

    def archive(self, run: PayrollRun, suffix: str = "") -> PayrollRun:
        self.scene.clock.now += timedelta(seconds=1)  # a plan of its own
        plan = self.archiving.plan(run.run_id, suffix=suffix)
        after, ended = self.archiving.archive(run.run_id, plan.plan_id, CONCERT, WHY, self.told.append)
        assert (ended.outcome, ended.note) == (Outcome.APPLIED, "")
        return after

    def refused(self, run: PayrollRun, suffix: str = "") -> Refused:
        with pytest.raises(Refused) as caught:
            self.archiving.plan(run.run_id, suffix=suffix)
        return caught.value

    def state(self, run: PayrollRun) -> StepState:
        return self.scene.book().looks(run)[Step.ARCHIVE.number - 1].state


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("recorded")
    recorded(Scene(directory, CloneHouse()), DiskFiles(directory / "files"))
    return directory


@pytest.fixture
def vault(template: Path, tmp_path: Path) -> Vault:
    """A payroll that has been recorded as paid."""
    house = CloneHouse()
    return Vault(Scene(copied(template, tmp_path / "own"), house), house)


@pytest.mark.covers("Post-payroll 2")
@pytest.mark.parametrize(("transient", "kind"), [("YES", "transient"), ("NO", "permanent")])
def test_the_clone_is_of_the_tables_own_kind_and_proven(vault: Vault, transient: str, kind: str) -> None:
    vault.house.kind = ("BASE TABLE", transient)
    run = vault.recorded()
    plan = vault.archiving.plan(run.run_id)
    assert (plan.kind, plan.table, plan.subject, plan.confirmation) == (
        PlanKind.ARCHIVE, "gold.fct_musician_payment", NAME, CONCERT,
    )  # fmt: skip
    assert ("TRANSIENT" in plan.steps[0].statement.sql) is (kind == "transient") is bool(plan.warnings)
    assert kind in plan.reason
    after = vault.archive(run)
    assert after.archived is not None and after.frozen is not None
    assert (after.archived.table, after.archived.kind, after.archived.alike) == (NAME, kind, True)
    assert after.archived.fingerprint == after.frozen.fingerprint
    assert vault.scene.book().next_step(after) is Step.LOG and not vault.scene.holds().open()
    assert vault.house.tables[CLONE] == vault.house.tables[FACT]
    assert vault.refused(after).guard == "archived"
    del vault.house.tables[CLONE]
    assert vault.state(vault.archive(after)) is StepState.PASSED, "one that was dropped is made again"


def test_the_gate_is_closed_until_the_payments_are_recorded(tmp_path: Path) -> None:
    house = CloneHouse()
    vault = Vault(Scene(tmp_path, house), house)
    assert vault.refused(released(vault.scene, DiskFiles(tmp_path / "files"))).guard == "record"


def test_a_view_is_no_archive(vault: Vault) -> None:
    vault.house.kind = ("VIEW", "NO")
    assert vault.refused(vault.recorded()).guard == "not_a_table"


def test_a_name_that_is_taken_is_refused_with_a_suffix_that_is_free(vault: Vault) -> None:
    run = vault.recorded()
    for taken, offered in (("", "7"), ("_7", "2"), ("_2", "3")):
        vault.house.tables[f'{CLONE[:-1]}{taken}"'] = []
        refused = vault.refused(run)
        assert refused.guard == "name_taken" and refused.next_step.endswith(f"--suffix {offered}")
    after = vault.archive(run, "3")
    assert after.archived is not None and after.archived.table == f"{NAME}_3"
    assert vault.house.tables[CLONE] == [], "and nothing is written over"


@pytest.mark.parametrize("suffix", ["a b", '"; DROP', "é", "_x", "x" * 41])
def test_a_suffix_that_would_want_quoting_is_refused(vault: Vault, suffix: str) -> None:
    assert vault.refused(vault.recorded(), suffix).guard == "suffix"


@pytest.mark.parametrize("granted", [True, False], ids=["between plan and clone", "unseen by the role that reads"])
def test_a_name_that_proves_taken_in_the_write_is_told_as_such(vault: Vault, granted: bool) -> None:
    run = vault.recorded()
    if not granted:
        vault.house.tables[CLONE] = []
        vault.house.hidden.add(CLONE)
    plan = vault.archiving.plan(run.run_id)
    vault.house.tables[CLONE] = []
    with pytest.raises(Refused) as caught:
        vault.archiving.archive(run.run_id, plan.plan_id, CONCERT, WHY)
    assert caught.value.guard == "name_taken" and "--suffix 7" in caught.value.next_step
    assert not vault.doubts.open()


def test_a_clone_that_is_refused_leaves_the_step_open(vault: Vault) -> None:
    run = vault.recorded()
    plan = vault.archiving.plan(run.run_id)
    denied = StatementFailed("Snowflake refused the query", "Insufficient privileges on schema 'GOLD'", code=3001)
    vault.house.hooks["clone_transient_table"] = failing(denied)
    with pytest.raises(StatementFailed, match="privileges"):
        vault.archiving.archive(run.run_id, plan.plan_id, CONCERT, WHY)
    assert not vault.doubts.open() and vault.state(vault.scene.book().get(run.run_id)) is StepState.OPEN
    assert vault.state(vault.archive(run)) is StepState.PASSED


def test_only_a_plan_of_this_run_is_carried_out(vault: Vault) -> None:
    run = vault.recorded()
    foreign = vault.archiving.plan(run.run_id)
    vault.scene.store().plans.keep(other := _renamed(foreign))
    for typed, plan_id, guard in ((CONCERT, other, "plan"), ("8", foreign, "confirmation")):
        with pytest.raises(Refused) as caught:
            vault.archiving.archive(run.run_id, plan_id.plan_id, typed, WHY)
        assert caught.value.guard == guard
    assert CLONE not in vault.house.tables


def test_an_archive_that_differs_by_a_cent_fails_holds_and_can_be_made_again(vault: Vault) -> None:
    """The fact was built anew between the release and the archive."""
    run = vault.recorded()
    before = vault.archiving.plan(run.run_id)
    vault.house.change(7, "100.01")
    with pytest.raises(Refused) as refused:
        vault.archiving.archive(run.run_id, before.plan_id, CONCERT, WHY)
    assert refused.value.guard == "rows_moved" and CLONE not in vault.house.tables, "it was shown without that"
    [_, warning] = vault.archiving.plan(run.run_id).warnings
    assert "no longer what was signed" in warning and "2,000.01" in warning
    failed = vault.archive(run)
    assert failed.archived is not None and not failed.archived.alike
    assert vault.state(failed) is StepState.FAILED
    [hold] = vault.scene.holds().open()
    assert (hold.cause, NAME in hold.reason) == ("incident", True)
    [alarm] = [words for words in vault.told if "ALARM" in words]
    assert "holds the same" in alarm
    with pytest.raises(Refused) as caught, vault.scene.book().at(run.run_id, Step.LOG):
        pass
    assert caught.value.guard == "archive"
    vault.house.change(7, "100.00")
    assert vault.refused(failed).next_step.endswith("--suffix 7")
    again = vault.archive(failed, "7")
    assert vault.state(again) is StepState.PASSED, "the later one counts"
    assert vault.scene.holds().open() == (hold,), "a person lifts it"


def test_amounts_that_moved_between_two_musicians_are_found(vault: Vault) -> None:
    run = vault.recorded()
    vault.house.change(7, "99.00")
    vault.house.change(8, "101.00")
    assert vault.state(vault.archive(run)) is StepState.FAILED


def test_a_name_that_changed_is_told_and_no_more(vault: Vault) -> None:
    run = vault.recorded()
    for row in vault.house.tables[FACT]:
        row["email"] = "moved@example.org"
    assert vault.state(vault.archive(run)) is StepState.PASSED
    assert any("an address" in words for words in vault.told)


def test_an_archive_that_reads_otherwise_than_its_table_is_told_apart(vault: Vault) -> None:
    """Somebody wrote between the clone and the proof; the whole-table count of the write did not see it."""
    run = vault.recorded()
    vault.house.hooks["after clone_transient_table"] = lambda: vault.house.change(1, "1.00", CLONE)
    assert vault.state(vault.archive(run)) is StepState.FAILED
    assert any("reads otherwise" in words for words in vault.told)


# -- cut off ---------------------------------------------------------------------------------------------------------


def _cut(vault: Vault, run: PayrollRun, event: str) -> None:
    plan = vault.archiving.plan(run.run_id)
    vault.house.hooks[event] = failing(LOST)
    with pytest.raises(Unavailable):
        vault.archiving.archive(run.run_id, plan.plan_id, CONCERT, WHY)


@pytest.mark.parametrize("changed", [False, True], ids=["as signed", "changed"])
def test_a_clone_in_doubt_is_settled_and_then_taken_over(vault: Vault, changed: bool) -> None:
    run = vault.recorded()
    _cut(vault, run, "after clone_transient_table")
    refused = vault.refused(run)
    assert refused.guard == "in_doubt" and "doubts --settle" in refused.next_step
    with pytest.raises(Refused) as caught:
        vault.archiving.adopt(run.run_id)
    assert caught.value.guard == "in_doubt"
    [doubt] = vault.doubts.open()
    assert doubt.words == f"archive of {NAME} in gold.fct_musician_payment"
    assert vault.doubts.settle(doubt.write_id).verdict is Verdict.APPLIED
    taken = vault.refused(run)
    assert taken.guard == "name_taken" and taken.next_step.endswith("--adopt")
    if changed:
        vault.house.change(3, "0.00", CLONE)
    after = vault.archiving.adopt(run.run_id)
    assert after.archived is not None
    assert (after.archived.write_id, after.archived.alike) == (doubt.write_id, not changed)
    assert bool(vault.scene.holds().open()) is changed
    with pytest.raises(Refused) as caught:
        vault.archiving.adopt(run.run_id)
    assert caught.value.guard == ("nothing_to_adopt" if changed else "archived")


def test_a_clone_that_was_never_made_is_settled_and_made(vault: Vault) -> None:
    run = vault.recorded()
    _cut(vault, run, "clone_transient_table")
    [doubt] = vault.doubts.open()
    assert vault.doubts.settle(doubt.write_id).verdict is Verdict.NOT_APPLIED
    with pytest.raises(Refused) as caught:
        vault.archiving.adopt(run.run_id)
    assert caught.value.guard == "nothing_to_adopt"
    assert vault.state(vault.archive(run)) is StepState.PASSED


def test_a_clone_that_cannot_be_read_is_taken_over_once_it_can(vault: Vault) -> None:
    run = vault.recorded()
    plan = vault.archiving.plan(run.run_id)
    vault.house.hooks["after clone_transient_table"] = lambda: vault.house.hidden.add(CLONE)
    with pytest.raises(Unavailable, match="no grants|cannot be read") as caught:
        vault.archiving.archive(run.run_id, plan.plan_id, CONCERT, WHY)
    assert "grant SELECT" in caught.value.next_step and "--adopt" in caught.value.next_step
    vault.house.hidden.clear()
    assert vault.state(vault.archiving.adopt(run.run_id)) is StepState.PASSED


def test_whoever_is_cut_off_between_hold_and_note_holds_once(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    run = vault.recorded()
    vault.house.change(7, "100.01")
    plan = vault.archiving.plan(run.run_id)
    with monkeypatch.context() as patch:
        patch.setattr("gcms_tui.operations.payroll.book.AtStep.note", failing_note)
        with pytest.raises(GcmsError, match="no store"):
            vault.archiving.archive(run.run_id, plan.plan_id, CONCERT, WHY)
    assert len(vault.scene.holds().open()) == 1
    assert vault.state(vault.archiving.adopt(run.run_id)) is StepState.FAILED
    assert len(vault.scene.holds().open()) == 1


def failing_note(*_: object) -> PayrollRun:
    raise GcmsError("Not kept", "no store")


def _renamed(plan: Plan) -> Plan:
    return replace(plan, reason="another")
