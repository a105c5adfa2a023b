"""What PLAN steps have other desks do: a set of backups, a sync."""

from __future__ import annotations

from typing import TypeVar

from gcms_tui.core.conclusion import counted
from gcms_tui.core.errors import GcmsError, Refused
from gcms_tui.core.pipeline.airbyte import SyncJob
from gcms_tui.core.pipeline.trail import Stop
from gcms_tui.core.procedures.run import ProcedureRun
from gcms_tui.core.text import printable
from gcms_tui.core.verdict import Verdict
from gcms_tui.operations.backups.sets import BackupSets, Draft
from gcms_tui.operations.pipeline.status import ConnectionStatus, PipelineReport
from gcms_tui.operations.pipeline.syncing import SyncLooks, SyncPlan, Syncs
from gcms_tui.operations.procedures.desk_looks import PipelineStatus
from gcms_tui.operations.procedures.ports import Offer, Outcome

P = TypeVar("P")


class BackupWork:
    """`backup`: one complete set, under names of its own; one that was interrupted is taken up."""

    def __init__(self, sets: BackupSets) -> None:
        self._sets = sets

    def offer(self, run: ProcedureRun) -> Offer:
        draft = self._sets.propose()
        lines = tuple(f"{item.table} -> {item.clone}{' (there already)' if item.done else ''}" for item in draft.items)
        return Offer((f"Set {draft.run_id}:", *lines), draft.confirmation, wants_reason=True, plan=draft)

    def carry_out(self, run: ProcedureRun, offer: Offer, typed: str, reason: str) -> Outcome:
        made = self._sets.create(_plan(offer, Draft), typed.strip(), reason)
        return Outcome(
            Verdict.OK,
            f"set {made.run_id} is complete: {counted(len(made.cloned), 'clone')}, each with its table's rows",
            tuple(f"{one.table}: {one.rows:,} rows in {one.clone}" for one in made.cloned),
            {"backup": made.run_id},
        )


class SyncWork:
    """`sync`: of the connection that stands worst, one a time; done again it is the next one's turn."""

    def __init__(self, pipeline: PipelineStatus, looks: SyncLooks, syncs: Syncs) -> None:
        self._pipeline = pipeline
        self._looks = looks
        self._syncs = syncs

    def offer(self, run: ProcedureRun) -> Offer:
        """Raises `Refused` (guard `nothing_to_sync`) where every connection is well and nothing waits for one."""
        report = self._pipeline.status()
        behind = _behind(report)
        if not behind:
            why = "No connection that is switched on wants one" if report.connections else "No connection is known"
            raise Refused(
                "Nothing to sync",
                f"{why}; {report.airbyte.summary}.",
                "Skip it with a reason, or name a connection: gcms-tui pipeline sync CONNECTION",
                guard="nothing_to_sync",
            )
        first, *others = behind
        plan = self._looks.plan(first.connection.connection_id)
        lines = [f"{printable(plan.connection.name, 80)}: {first.conclusion.summary}"]
        lines += [f"streams: {printable(', '.join(plan.connection.streams))}"]
        if others:
            names = ", ".join(printable(item.connection.name, 80) for item in others)
            lines += [f"afterwards, by doing this step again: {names}"]
        if plan.running is not None:
            lines += [f"{plan.running.words}: it is watched to its end, and none is started."]
            return Offer(tuple(lines), plan=plan)
        lines += ["One sync is asked for, and watched to its end."]
        return Offer(tuple(lines), _confirmation(plan), wants_reason=True, plan=plan)

    def carry_out(self, run: ProcedureRun, offer: Offer, typed: str, reason: str) -> Outcome:
        plan = _plan(offer, SyncPlan)
        if plan.running is not None:
            return self._watched(plan.running, {})
        # By its id, as a name with blanks around it is not typed with them.
        confirmed = plan.connection.connection_id if typed.strip() == offer.confirmation else typed
        asked = self._syncs.sync(plan, confirmed, reason)
        ids = {"sync": asked.sync_id}
        if asked.job is None:
            return Outcome(Verdict.UNKNOWN, f"{asked.outcome.value.replace('_', ' ')}: {asked.note}", (), ids)
        return self._watched(asked.job, ids)

    def _watched(self, job: SyncJob, ids: dict[str, str]) -> Outcome:
        """To its end. What is not known then is looked at again: the job goes on by itself."""
        ids = {**ids, "job": str(job.job_id)}
        again = f"Watch it: gcms-tui pipeline watch {job.job_id}"
        try:
            for look in self._looks.watch(job.job_id):
                job = look.job
        except GcmsError as error:
            return Outcome(Verdict.UNKNOWN, f"{job.words}; {error.title}: {error.message}", (again,), ids)
        if not job.ended:
            return Outcome(Verdict.UNKNOWN, f"{job.words}, and goes on", (again,), ids)
        rows = f", {counted(job.rows, 'row')}" if job.rows is not None else ""
        verdict = Verdict.OK if job.status == "succeeded" else Verdict.FAIL
        return Outcome(verdict, f"{job.words}{rows}", (), ids)


def _behind(report: PipelineReport) -> tuple[ConnectionStatus, ...]:
    """Connections that a sync may help, worst first: not well, or with a table that waits for Airbyte. One that is
    switched off is not synced."""
    waiting = {
        item.connection.connection_id
        for item in report.tables
        if item.connection is not None and item.stopped.where is Stop.AIRBYTE and item.stopped.verdict
    }
    found = [
        item
        for item in report.connections
        if item.connection.status == "active" and (item.conclusion.verdict or item.connection.connection_id in waiting)
    ]
    return tuple(sorted(found, key=lambda item: (-item.conclusion.verdict, item.connection.name)))


def _confirmation(plan: SyncPlan) -> str:
    """Its name as a person can type it; its id where nobody could."""
    name = plan.confirmation.strip()
    return name if name and name == printable(name) else plan.connection.connection_id


def _plan(offer: Offer, kind: type[P]) -> P:
    if not isinstance(offer.plan, kind):
        raise TypeError(f"an offer of another desk: {type(offer.plan).__name__}")
    return offer.plan
