"""Doing a procedure's steps: looking, running dbt, having another desk act, taking down what was seen."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import TypeVar

from gcms_tui.core.conclusion import counted
from gcms_tui.core.dbt_command import DbtCommand
from gcms_tui.core.errors import GcmsError, Refused, UsageError
from gcms_tui.core.procedures import dbt_step, events, gates
from gcms_tui.core.procedures.catalogue import procedure
from gcms_tui.core.procedures.evidence import evidence_given
from gcms_tui.core.procedures.run import Begun, ProcedureRun
from gcms_tui.core.procedures.step import Step, StepKind
from gcms_tui.core.run import Run
from gcms_tui.core.run_preview import Preview
from gcms_tui.core.text import printable
from gcms_tui.core.verdict import Verdict, worst
from gcms_tui.operations import judged_run
from gcms_tui.operations.procedures.book import AtStep, Procedures
from gcms_tui.operations.procedures.models import Models
from gcms_tui.operations.procedures.ports import Examiner, Offer, Outcome, StepLook, StepWork, worded
from gcms_tui.operations.run_ports import RunShelf
from gcms_tui.operations.runs import DbtRuns

_SAID = 5
"""So many findings are told in a step's words; its evidence has all of them."""
_LONGEST = 500
D = TypeVar("D")


class Steps:
    """The steps of one target's procedures. Blocking I/O; one at a time in a thread.

    `health`, `looks` and `works` are asked when a step wants them; a `works` of None: nothing may be written.
    """

    def __init__(
        self,
        book: Procedures,
        *,
        health: Examiner,
        runs: DbtRuns,
        shelf: RunShelf,
        looks: Mapping[str, StepLook],
        works: Mapping[str, StepWork] | None,
        models: Models,
    ) -> None:
        self.book = book
        self.runs = runs
        self._health = health
        self._shelf = shelf
        self._looks = looks
        self._works = works
        self._models = models

    # -- CHECK -------------------------------------------------------------------------------------------------------

    def see(self, name: str, step_name: str) -> Outcome:
        """Look, and record nothing: free to all. `name` is the procedure's. Raises `Refused` (guard `kind`) for a step
        that is no CHECK, `GcmsError`."""
        step = procedure(name).step(step_name)
        _require_kind(step, StepKind.CHECK)
        return self._seen(step, None)

    def check(self, run_id: str, step_name: str) -> ProcedureRun:
        """Look, and record what was found. Raises `Refused`, `GcmsError` where nothing at all could be looked at."""
        with self.book.at(run_id, step_name) as at:
            step = at.procedure.step(step_name)
            _require_kind(step, StepKind.CHECK)
            try:
                outcome = self._seen(step, at.run)
            except (Refused, UsageError):
                raise
            except GcmsError as error:
                outcome = Outcome(Verdict.UNKNOWN, f"{error.title}: it could not be looked at")
                _note(at, step, outcome)
                raise
            return _note(at, step, outcome)

    def _seen(self, step: Step, run: ProcedureRun | None) -> Outcome:
        if step.desk:
            return self._desk(step, self._looks).look(run)
        known = self._health.names()
        wanted = tuple(name for name in known if any(fnmatchcase(name, pattern) for pattern in step.findings))
        if not wanted:
            return Outcome(Verdict.UNKNOWN, f"nothing is configured that it could look at: {', '.join(step.findings)}")
        findings = self._health.examine(wanted).findings
        verdict = worst(finding.verdict for finding in findings)
        bad = [worded(finding) for finding in findings if finding.verdict is not Verdict.OK]
        more = f"; and {len(bad) - _SAID} more" if len(bad) > _SAID else ""
        words = f"{counted(len(findings), 'finding')} OK" if not bad else "; ".join(bad[:_SAID]) + more
        return Outcome(verdict, words, tuple(worded(finding) for finding in findings))

    # -- RUN ---------------------------------------------------------------------------------------------------------

    def preview(self, run_id: str, step_name: str) -> Preview:
        """What dbt would do. Raises `Refused` where the step may not be done now, `GcmsError`."""
        run, step = self._open_step(run_id, step_name, StepKind.RUN)
        return self.runs.preview(self._command(run, step))

    def start(self, run_id: str, step_name: str, preview: Preview, typed: str = "") -> Run:
        """Start exactly what was shown; it goes on whatever becomes of this console. Raises `Refused`, `GcmsError`."""
        with self.book.at(run_id, step_name) as at:
            step = at.procedure.step(step_name)
            _require_kind(step, StepKind.RUN)
            self._require_settled(at.run, step)
            wanted = self._command(at.run, step)
            # A full refresh leaves SCD2 history out by exclusions, which the rules and nobody else have added.
            exclude = preview.command.exclude if wanted.full_refresh else ()
            if preview.command != replace(wanted, exclude=exclude):
                raise Refused(
                    "Another command",
                    f"dbt {' '.join(preview.command.words)} is not what {step.title} runs.",
                    "Look at a new preview, and start that.",
                    guard="preview",
                )
            said = {"step": step.name, "run": preview.run_id, "argv": list(preview.argv)}
            at.note(events.STARTED, said)
            try:
                return self.runs.start(preview, typed)
            except GcmsError as error:
                with suppress(GcmsError):  # what was to be told is the error itself
                    at.note(events.STARTED, {**said, "not_started": error.title})
                raise

    def pending(self, run_id: str, step_name: str) -> Run | None:
        """The dbt run that was started for it and is not judged: so it is taken up again, by whoever comes. None where
        there is none, or where another host has it."""
        begun = self._begun(self.book.get(run_id), step_name)
        if begun is None or not begun.dbt_run:
            return None
        with suppress(UsageError):
            return self._shelf.run(begun.dbt_run)
        return None

    def settle(self, run_id: str, step_name: str) -> ProcedureRun:
        """Judge the dbt run that was started for it. Raises `Refused`: `not_started`, `another_host`, `running`."""
        with self.book.at_end(run_id, step_name) as at:
            step = at.procedure.step(step_name)
            begun = self._begun(at.run, step.name)
            if begun is None or not begun.dbt_run:
                if step.name in at.run.did:
                    return at.run  # somebody else has judged it meanwhile
                raise Refused("Not started", f"No dbt run was started for {step.title}.", guard="not_started")
            run = judged_run.ended(self._shelf, begun.dbt_run, begun.by.person.host)
            verdict, words = dbt_step.judge(run, judged_run.results(self._shelf, run))
            evidence = (f"dbt {' '.join(run.record.command.words)}",)
            return _note(at, step, Outcome(verdict, words, evidence, {"run": run.run_id}))

    def _require_settled(self, run: ProcedureRun, step: Step) -> None:
        """Of two consoles that start the same step, the second is told of the first one's dbt run."""
        begun = self._begun(run, step.name)
        if begun is None or not begun.dbt_run:
            return
        with suppress(UsageError):
            known = self._shelf.run(begun.dbt_run)
            raise Refused(
                "It has been started",
                f"{known.run_id} was started{gates.by_words(begun.by)} and is not judged yet: {known.state.value}.",
                f"Take it up: gcms-tui runbook step {run.run_id} {step.name}",
                guard="started",
            )

    def _command(self, run: ProcedureRun, step: Step) -> DbtCommand:
        return step.command_for(run.about, self._models)

    # -- PLAN --------------------------------------------------------------------------------------------------------

    def offer(self, run_id: str, step_name: str) -> Offer:
        """What would be done. Raises `Refused`, `GcmsError`."""
        run, step = self._open_step(run_id, step_name, StepKind.PLAN)
        return replace(self._work(step).offer(run), after=_done_by(run, step))

    def carry_out(self, run_id: str, step_name: str, offer: Offer, typed: str = "", reason: str = "") -> ProcedureRun:
        """Do exactly what was offered. Raises `Refused` where a guard said no; `GcmsError` where it failed or is not
        known: then the step is UNKNOWN in the journal."""
        with self.book.at(run_id, step_name) as at:
            step = at.procedure.step(step_name)
            _require_kind(step, StepKind.PLAN)
            work = self._work(step)
            if _done_by(at.run, step) != offer.after:
                did = at.run.did[step.name]
                raise Refused(
                    "It has been done meanwhile",
                    f"{step.title} was done{gates.by_words(did.by)}: {did.words}.",
                    "Look at it first. To do it again all the same, have it shown again.",
                    guard="done",
                )
            if offer.confirmation and typed.strip() != offer.confirmation:
                raise Refused(
                    "It wants to be confirmed",
                    f"This has to be typed: {offer.confirmation}",
                    "Say it with --confirm.",
                    guard="confirmation",
                )
            said = {"step": step.name, "desk": step.desk}
            at.note(events.STARTED, said)
            try:
                outcome = work.carry_out(at.run, offer, typed, reason)
            except Refused as refused:
                with suppress(GcmsError):  # what was to be told is the refusal itself
                    at.note(events.STARTED, {**said, "not_started": f"{refused.title} ({refused.guard})"})
                raise
            except GcmsError as error:
                with suppress(GcmsError):
                    _note(at, step, Outcome(Verdict.UNKNOWN, f"{error.title}: how it ended is not known"))
                raise
            return _note(at, step, outcome)

    # -- ATTEST, OPEN ------------------------------------------------------------------------------------------------

    def attest(self, run_id: str, step_name: str, evidence: str) -> ProcedureRun:
        """Take down what was seen or done. Raises `Refused`: guard `kind` where the console itself can tell,
        `evidence`, `personal`."""
        with self.book.at(run_id, step_name) as at:
            step = at.procedure.step(step_name)
            _require_kind(step, StepKind.ATTEST, StepKind.OPEN)
            return _note(at, step, Outcome(Verdict.OK, evidence_given(evidence)))

    # -- inside ------------------------------------------------------------------------------------------------------

    def _open_step(self, run_id: str, step_name: str, kind: StepKind) -> tuple[ProcedureRun, Step]:
        run = self.book.get(run_id)
        step = procedure(run.procedure).step(step_name)
        _require_kind(step, kind)
        if refusal := self.book.refusal(run, step):
            raise refusal
        return run, step

    def _begun(self, run: ProcedureRun, step_name: str) -> Begun | None:
        return run.begun.get(procedure(run.procedure).step(step_name).name)

    def _work(self, step: Step) -> StepWork:
        if self._works is None:
            self.book.require_writing()
        return self._desk(step, self._works or {})

    def _desk(self, step: Step, desks: Mapping[str, D]) -> D:
        found = desks.get(step.desk)
        if found is None:
            raise Refused(
                "Not from here",
                f"{step.title} has no desk here ({step.desk}).",
                f"Do it elsewhere (gcms-tui {step.headless}), and skip or override it here with a reason.",
                guard="no_desk",
            )
        return found


def _done_by(run: ProcedureRun, step: Step) -> int:
    did = run.did.get(step.name)
    return 0 if did is None else did.sequence


def _require_kind(step: Step, *kinds: StepKind) -> None:
    if step.kind not in kinds:
        raise Refused(
            "Another kind of step",
            f"{step.title} is {step.kind.value}: the console itself does it, or points to where it is done.",
            f"gcms-tui runbook step ID {step.name}",
            guard="kind",
        )


def _note(at: AtStep, step: Step, outcome: Outcome) -> ProcedureRun:
    return at.note(
        events.DONE,
        {
            "step": step.name,
            "verdict": outcome.verdict.name,
            "words": printable(outcome.words, _LONGEST * 2),
            "evidence": [printable(line, _LONGEST) for line in outcome.evidence],
            "ids": dict(outcome.ids),
        },
    )
