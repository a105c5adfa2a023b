"""What PLAN steps do that belongs to no desk of its own: holding payroll, serving the documentation."""

from __future__ import annotations

from typing import Protocol

from gcms_tui.core.errors import Refused
from gcms_tui.core.payroll.hold import Hold
from gcms_tui.core.procedures.docs import Served
from gcms_tui.core.procedures.run import ProcedureRun
from gcms_tui.core.verdict import Verdict
from gcms_tui.operations.payroll.holding import CRITICAL_TEST, Holds
from gcms_tui.operations.procedures.ports import Offer, Outcome
from gcms_tui.operations.run_ports import RunShelf


class Holding:
    """`hold`: stop every payroll of the target."""

    def __init__(self, holds: Holds, target: str) -> None:
        self._holds = holds
        self._target = target

    def offer(self, run: ProcedureRun) -> Offer:
        if held := self._held():
            return Offer((f"Payroll on {self._target} is held already: {held.words}",))
        return Offer((f"Every payroll on {self._target} is held until a second person lifts it with a reason.",))

    def carry_out(self, run: ProcedureRun, offer: Offer, typed: str, reason: str) -> Outcome:
        held = self._held() or self._holds.set(CRITICAL_TEST, reason or f"critical test failure: {run.run_id}")
        return Outcome(Verdict.OK, f"payroll is held: {held.hold_id}", (), {"hold": held.hold_id})

    def _held(self) -> Hold | None:
        """One that stands until somebody lifts it: the failing test's own ends by itself."""
        return next((hold for hold in self._holds.open() if hold.hold_id and hold.cause == CRITICAL_TEST), None)


class DocsLook(Protocol):
    """Whether a detached job of this host serves the documentation."""

    def serving(self) -> Served | None: ...


class DocsServer(DocsLook, Protocol):
    """Begins and ends it."""

    def serve(self, directory: str) -> Served:
        """Raises `GcmsError`."""
        ...

    def stop(self, shown: Served | None = None) -> Served | None:
        """End the job, where it is `shown`; None where there is none. Raises `Refused`: guards `docs` (another serves
        by now), `another_user`."""
        ...


class DocsServing:
    """`docs-serve`: what step `docs` has written."""

    def __init__(self, server: DocsServer, shelf: RunShelf) -> None:
        self._server = server
        self._shelf = shelf

    def offer(self, run: ProcedureRun) -> Offer:
        """Raises `Refused` (guard `docs`) where there is nothing to serve on this host."""
        return Offer((f"Serve {self._directory(run)} on this host alone, as a job that goes on.",))

    def carry_out(self, run: ProcedureRun, offer: Offer, typed: str, reason: str) -> Outcome:
        served = self._server.serve(self._directory(run))
        return Outcome(Verdict.OK, f"served on {served.host}, port {served.port}", served.lines)

    def _directory(self, run: ProcedureRun) -> str:
        did = run.did.get("docs")
        known = {item.run_id for item in self._shelf.runs()}
        dbt_run = did.ids.get("run", "") if did is not None else ""
        if dbt_run not in known:
            where = f"{dbt_run} was run on {did.by.person.host}" if did is not None else "it has not been generated"
            raise Refused("Nothing to serve", f"{where}.", "Generate it on this host.", guard="docs")
        return str(self._shelf.directory(dbt_run) / "target")
