"""What steps have other desks see and do: backups, the pipeline, and the other target of the profile."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from gcms_tui.core.backups.backup_set import COUNTED
from gcms_tui.core.errors import GcmsError, MissingRelation, Unavailable
from gcms_tui.core.identifier import Relation
from gcms_tui.core.payroll.run import By
from gcms_tui.core.pipeline.airbyte import AnswerUnknown
from gcms_tui.core.procedures.gates import StepState
from gcms_tui.core.procedures.run import Did, ProcedureRun, Skipped
from gcms_tui.core.run import Person
from gcms_tui.core.target_comparison import TargetProfile
from gcms_tui.core.verdict import Verdict
from gcms_tui.operations.pipeline.status import PipelineReport
from gcms_tui.operations.pipeline.syncing import SyncLooks, Syncs
from gcms_tui.operations.ports import Warehouse
from gcms_tui.operations.procedures.comparing import CompareTargets
from gcms_tui.operations.procedures.desk_looks import AirbyteLook, CountsAfter, CountsBefore, SupabaseLook, WhereStopped
from gcms_tui.operations.procedures.desk_works import BackupWork, SyncWork
from gcms_tui.operations.procedures.ports import Outcome
from tests.operations.backups.scene import FACT, WHY, Console, Vault
from tests.operations.memory import NOW, Clock, MemoryWarehouse, ShippedQueries
from tests.operations.memory_book import MemoryBook
from tests.operations.pipeline import test_status as pipelines
from tests.operations.pipeline.memory_airbyte import PAYROLL, REFERENCE, MemoryAirbyte, a_job
from tests.operations.procedures.scene import Scene, refused
from tests.operations.write_scene import MemoryLeases

ANA = By(Person("ana", "ops-1"), NOW)
RUN = ProcedureRun("proc-1", "weekly", "sandbox", ANA)
LOST = Unavailable("Airbyte cannot be reached", "the line was cut")


def with_set(outcome: Outcome) -> ProcedureRun:
    return replace(RUN, did={"backup": Did(ANA, 2, 2, outcome.verdict, outcome.words, outcome.evidence, outcome.ids)})


# -- backups ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def here() -> Console:
    return Console()


@pytest.fixture
def backed_up(here: Console) -> ProcedureRun:
    work = BackupWork(here.sets)
    offer = work.offer(RUN)
    assert not here.clones() and offer.wants_reason
    return with_set(work.carry_out(RUN, offer, f" {offer.confirmation} ", WHY))


@pytest.mark.covers("Weekly 1")
def test_the_step_makes_a_complete_set_and_tells_which(here: Console, backed_up: ProcedureRun) -> None:
    did = backed_up.did["backup"]
    newest = here.book.newest_complete()
    assert newest is not None and did.ids == {"backup": newest.run_id}
    assert [line.partition(":")[0] for line in did.evidence] == sorted(here.tables)
    work = BackupWork(here.sets)
    assert refused(lambda: work.carry_out(RUN, work.offer(RUN), "yes", WHY)) == "confirmation"


@pytest.mark.covers("Weekly 4")
@pytest.mark.parametrize(
    ("happens", "before", "after"),
    [
        (lambda vault: None, Verdict.OK, Verdict.OK),
        (lambda vault: vault[FACT].rows.extend([(4, 4)] * 30), Verdict.WARN, Verdict.WARN),
        (lambda vault: vault[FACT].rows.pop(), Verdict.FAIL, Verdict.FAIL),
        (lambda vault: vault.drop(FACT), Verdict.FAIL, Verdict.FAIL),
    ],
    ids=["the same", "grown", "lost", "vanished"],
)
def test_rows_are_compared_with_those_of_the_procedures_own_set(
    here: Console,
    backed_up: ProcedureRun,
    happens: Callable[[Vault], object],
    before: Verdict,
    after: Verdict,
) -> None:
    happens(here.base)
    if before is not Verdict.FAIL:
        here.create(new=True)  # a newer set, of what the table is by now: it is not the procedure's

    counted, again = CountsBefore(here.counts).look(backed_up), CountsAfter(here.counts).look(backed_up)

    assert (counted.verdict, again.verdict) == (before, after)
    assert counted.ids == again.ids == backed_up.did["backup"].ids
    assert any(line.startswith(f"{FACT}: 3 -> ") for line in again.evidence)
    assert here.journal.said(COUNTED, again.ids["backup"])["verdict"] == after.name


def test_a_row_more_than_was_cloned_is_told_before_the_refresh_and_not_after_it(here: Console) -> None:
    here.base[FACT].rows.extend([(9, 9)] * 30)
    work = BackupWork(here.sets)
    offer = work.offer(RUN)
    run = with_set(work.carry_out(RUN, offer, offer.confirmation, WHY))
    here.base[FACT].rows.append((4, 4))
    assert CountsBefore(here.counts).look(run).verdict is Verdict.WARN
    assert CountsAfter(here.counts).look(run).verdict is Verdict.OK


def test_without_a_set_of_its_own_nothing_is_compared_and_nothing_recorded(
    here: Console, backed_up: ProcedureRun
) -> None:
    passed_over = replace(backed_up, skipped={"backup": Skipped(ANA, 3, "cloned by hand", override=True)})
    for run in (RUN, passed_over):
        assert {look(here.counts).look(run).verdict for look in (CountsBefore, CountsAfter)} == {Verdict.UNKNOWN}
    assert CountsAfter(here.counts).look(None).ids == backed_up.did["backup"].ids  # only looked at: the newest
    assert COUNTED not in here.journal.kinds()


@pytest.mark.covers("Weekly 2")
def test_the_refresh_comes_after_the_set_and_its_counts_also_where_the_set_is_made_anew(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    run = scene.book().open("weekly").run_id
    scene.carried_out(run, "backup")
    assert refused(lambda: scene.steps().preview(run, "full-refresh")) == "gate"
    scene.steps().check(run, "counts-before")
    scene.ran(run, "full-refresh")
    scene.steps().check(run, "counts-after")
    scene.carried_out(run, "backup")
    assert {scene.look(run, step).state for step in ("counts-before", "full-refresh", "counts-after")} == {
        StepState.FALLEN
    }
    assert refused(lambda: scene.steps().preview(run, "full-refresh")) == "gate"


# -- the pipeline ----------------------------------------------------------------------------------------------------


@dataclass
class Piped:
    """The pipeline's desk over an Airbyte in memory, whose jobs end as `ends` says when they are waited for."""

    scene: pipelines.Scene = field(default_factory=pipelines.Scene)
    ends: str = "succeeded"

    @property
    def airbyte(self) -> MemoryAirbyte:
        return self.scene.airbyte

    def status(self) -> PipelineReport:
        return self.scene.status()

    def work(self) -> SyncWork:
        syncs = Syncs(
            "prod",
            airbyte=self.airbyte,
            journal=MemoryBook(),
            leases=MemoryLeases([]),
            clock=Clock(),
            pause=lambda _: None,
        )
        return SyncWork(self, SyncLooks(self.airbyte, pause=self._wait), syncs)

    def synced(self) -> Outcome:
        work = self.work()
        offer = work.offer(RUN)
        return work.carry_out(RUN, offer, offer.confirmation, "instruments are stale")

    def _wait(self, _: float) -> None:
        self.airbyte.turn(max(job.job_id for job in self.airbyte.held), self.ends)


@pytest.fixture
def piped() -> Piped:
    return Piped()


@pytest.mark.covers("E3 1", "E3 2", "E3 3")
def test_each_step_tells_its_own_part_of_the_pipeline(piped: Piped) -> None:
    connections, supabase, tables = (look(piped).look(RUN) for look in (AirbyteLook, SupabaseLook, WhereStopped))
    assert connections.verdict is Verdict.FAIL
    assert connections.words.startswith(f"{REFERENCE.name}: job 11 failed") and len(connections.evidence) == 3
    assert (supabase.verdict, "TLS (verify-full)" in supabase.words) == (Verdict.OK, True)
    assert tables.verdict >= Verdict.WARN and "INSTRUMENT" in tables.words.upper() and "airbyte" in tables.words

    piped.airbyte.fails("connections", LOST)
    piped.scene.visited = LOST
    assert {look(piped).look(RUN).verdict for look in (AirbyteLook, SupabaseLook)} == {Verdict.UNKNOWN}


@pytest.mark.covers("E3 4")
@pytest.mark.parametrize(
    ("ends", "verdict"), [("succeeded", Verdict.OK), ("failed", Verdict.FAIL), ("cancelled", Verdict.FAIL)]
)
def test_the_connection_that_failed_is_synced_once_and_watched_to_its_end(
    piped: Piped, ends: str, verdict: Verdict
) -> None:
    piped.ends = ends
    offer = piped.work().offer(RUN)
    assert (offer.confirmation, piped.airbyte.calls.count("start_sync")) == (REFERENCE.name, 0)
    assert refused(lambda: piped.work().carry_out(RUN, offer, "yes", "stale")) == "confirmation"
    done = piped.synced()
    assert (done.verdict, done.ids["job"]) == (verdict, "12")
    assert piped.airbyte.calls.count("start_sync") == 1


def test_one_that_runs_is_watched_and_none_is_started(piped: Piped) -> None:
    job = piped.airbyte.begin()
    offer = piped.work().offer(RUN)
    assert not offer.confirmation and f"job {job.job_id} is pending" in " ".join(offer.lines)
    assert piped.synced().ids == {"job": str(job.job_id)}
    assert "start_sync" not in piped.airbyte.calls


def test_of_several_that_want_one_the_worst_comes_first_and_one_switched_off_never(piped: Piped) -> None:
    piped.airbyte.held.append(a_job(20, "cancelled", PAYROLL))
    offer = piped.work().offer(RUN)
    assert offer.confirmation == REFERENCE.name and PAYROLL.name in " ".join(offer.lines)
    piped.airbyte.listed = [replace(REFERENCE, status="inactive"), PAYROLL]
    assert piped.work().offer(RUN).confirmation == PAYROLL.name
    piped.airbyte.listed = []
    assert refused(lambda: piped.work().offer(RUN)) == "nothing_to_sync"


@pytest.mark.parametrize("call", ["start_sync", "job"])
def test_what_becomes_of_a_sync_that_nobody_can_ask_about_is_unknown(piped: Piped, call: str) -> None:
    piped.airbyte.fails(call, AnswerUnknown("No answer", "the line was cut") if call == "start_sync" else LOST)
    done = piped.synced()
    assert done.verdict is Verdict.UNKNOWN and done.ids["sync"]
    assert ("job" in done.ids) is (call == "job")


# -- two targets -----------------------------------------------------------------------------------------------------

DEV = {"account": "ab1", "database": "DEV", "schema": "gcms", "role": "DEVELOPER", "threads": "4"}
PROD = {"account": "ab1", "database": "PROD", "schema": "analytics", "role": "LOADER", "threads": "4"}
TABLES = (Relation("GOLD", "FCT"), Relation("GCMS_BRONZE", "BR_SCD2", "DEV"))


@dataclass
class MemoryTargets:
    profiles: Mapping[str, Mapping[str, str]] = field(default_factory=lambda: {"dev": DEV, "prod": PROD})
    rows: dict[str, dict[str, int | GcmsError]] = field(
        default_factory=lambda: {
            "dev": {"GOLD": 10, "GCMS_BRONZE": 7},
            "prod": {"GOLD": 10, "ANALYTICS_BRONZE": 7},
        }
    )

    def names(self) -> tuple[str, ...]:
        return tuple(self.profiles)

    def profile(self, name: str) -> TargetProfile:
        return TargetProfile(name, self.profiles[name])

    @contextmanager
    def warehouse(self, name: str) -> Iterator[Warehouse]:
        warehouse = MemoryWarehouse()
        for schema, rows in self.rows[name].items():
            reply = rows if isinstance(rows, GcmsError) else ({"row_count": rows},)
            warehouse.on("row_count", reply, f'"{schema}".')
        yield warehouse


def compared(targets: MemoryTargets, here: str = "dev") -> Outcome:
    return CompareTargets(here, targets, lambda: TABLES, ShippedQueries()).look(None)


@pytest.mark.covers("T3")
def test_both_targets_are_counted_and_their_settings_told_apart() -> None:
    targets = MemoryTargets()
    alike = compared(targets)
    assert (alike.verdict, alike.words) == (Verdict.OK, "2 tables alike; 3 settings apart")
    assert "role: DEVELOPER; LOADER" in alike.evidence and not any("threads" in line for line in alike.evidence)
    targets.rows["prod"]["ANALYTICS_BRONZE"] = 9
    unlike = compared(targets)
    assert unlike.verdict is Verdict.WARN and "7; 9 (prod.analytics_bronze.br_scd2)" in unlike.words
    targets.rows["prod"]["ANALYTICS_BRONZE"] = MissingRelation("A table is missing", "it is not there")
    assert compared(targets).verdict is Verdict.UNKNOWN


def test_where_it_is_not_clear_what_to_compare_with_it_is_refused() -> None:
    for profiles, here in (
        ({"dev": DEV}, "dev"),
        ({"dev": DEV, "prod": PROD}, "a-connection"),
        ({"dev": DEV, "ci": DEV, "jane": DEV}, "dev"),
    ):
        assert refused(lambda: compared(MemoryTargets(profiles), here)) == "one_target"  # noqa: B023
    several = MemoryTargets({"ci": DEV, "dev": DEV, "prod": PROD})
    assert "dev; prod" in compared(several).evidence[0]


def test_one_table_counted_twice_compares_nothing() -> None:
    targets = MemoryTargets({"dev": DEV, "prod": {**DEV, "role": "LOADER"}})
    targets.rows["prod"] = targets.rows["dev"]
    found = compared(targets)
    assert found.verdict is Verdict.UNKNOWN and "the very same tables; 1 setting apart" in found.words
