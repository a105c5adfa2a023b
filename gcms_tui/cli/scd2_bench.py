"""The write side of SCD2 tables for a command, and the proof of what it wrote."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from gcms_tui.cli.invocation import Invocation
from gcms_tui.cli.output import tell, tell_step
from gcms_tui.cli.refusal import told_refusal
from gcms_tui.cli.run_stream import looks
from gcms_tui.cli.wiring import load_settings, open_scd2_desk
from gcms_tui.core.errors import GcmsError
from gcms_tui.core.scd2.proof import KeyCheck, TestCheck
from gcms_tui.core.scd2.table import InForce
from gcms_tui.core.text import printable
from gcms_tui.core.verdict import Verdict
from gcms_tui.core.writing.plan import PlanKind
from gcms_tui.operations.scd2.desk import RepairBench
from gcms_tui.operations.scd2.verification import not_run
from gcms_tui.operations.writing.guarded_write import Ended


@contextmanager
def open_bench(invocation: Invocation) -> Iterator[RepairBench]:
    """The write side; a refusal is told on stdout too where JSON is wanted."""
    with told_refusal(invocation), open_scd2_desk(load_settings(invocation).settings, invocation) as desk:
        yield desk.required_bench()


Proof = tuple[list[tuple[Ended, KeyCheck | None]], TestCheck]
"""Each write with its key's scan, None where that could not be looked at; and what the table's tests said."""


def proof_of(bench: RepairBench, applied: Sequence[Ended], *, tests: bool) -> Proof:
    """Every key's own scan, and the table's tests once for all of them; beside each write in the journal. What cannot
    be looked at is UNKNOWN: the writes stand."""
    if not applied:
        return [], TestCheck(Verdict.UNKNOWN, "nothing was applied")
    table = applied[0].plan.table
    in_force = _in_force(bench, table)
    keys = [(one, _scanned(bench, one, in_force) if in_force else None) for one in applied]
    said = _tested(bench, table) if tests else TestCheck(Verdict.UNKNOWN, "not asked for")
    for one, key in keys:
        try:
            bench.verification.record(one.write_id, key, said)
        except GcmsError as error:
            tell(f"  ! what was verified is not in the journal: {printable(error.message)}")
    return keys, said


def exit_code(proof: Proof) -> int:
    """By the worst key; where nothing was looked at, nothing is known.

    An undone key is as defective as it was, which its transaction has proven. The table's tests are told and do not
    decide: they fail for as long as any other key has duplicates.
    """
    keys, _ = proof
    verdicts = [
        Verdict.OK if one.plan.kind is PlanKind.UNDO else key.verdict if key else Verdict.UNKNOWN for one, key in keys
    ]
    if Verdict.FAIL in verdicts:
        return Verdict.FAIL.value
    return Verdict.UNKNOWN.value if Verdict.UNKNOWN in verdicts or not verdicts else 0


def _in_force(bench: RepairBench, table: str) -> InForce | None:
    try:
        return bench.repairs.convention(table)
    except GcmsError as error:
        tell(f"  ! the keys could not be looked at: {printable(error.message)}")
        return None


def _scanned(bench: RepairBench, ended: Ended, in_force: InForce) -> KeyCheck | None:
    try:
        return bench.verification.check_key(ended.plan.table, ended.plan.subject, in_force)
    except GcmsError as error:
        tell(f"  ! {printable(ended.plan.subject, 60)} could not be looked at: {printable(error.message)}")
        return None


def _tested(bench: RepairBench, table: str) -> TestCheck:
    try:
        preview = bench.verification.preview_tests(table)
        tell_step(f"dbt {' '.join(preview.command.words)}")
        run = bench.verification.start_tests(preview)
        for _ in looks(bench.verification.runs, run.run_id):
            pass
    except GcmsError as error:
        return not_run(error)
    return bench.verification.tests_of(run.run_id)
