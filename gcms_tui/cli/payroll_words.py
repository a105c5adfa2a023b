"""A payroll run in lines for people, and in JSON for programs; no name, no address and no single amount in either."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from gcms_tui.cli.output import timestamp
from gcms_tui.core.payroll.gates import StepLook, StepState
from gcms_tui.core.payroll.payment import ControlTotals
from gcms_tui.core.payroll.run import By, PayrollRun
from gcms_tui.core.payroll.steps import Step
from gcms_tui.core.text import printable

_MARKS = {StepState.PASSED: "+", StepState.OPEN: " ", StepState.FAILED: "x", StepState.FALLEN: "!"}


def run_lines(run: PayrollRun, looks: Sequence[StepLook]) -> Iterator[str]:
    """For people."""
    day = f", {run.concert_date}" if run.concert_date else ""
    yield f"{run.run_id}: concert {printable(run.concert_id)}, {printable(run.title)}{day}: {run.state.value}"
    for look in looks:
        by = f" ({_who(look.by)})" if look.by else ""
        name = f"{look.step.number} {look.step.named}"
        yield f" {_MARKS[look.state]} {name:<26} {look.state.value:<11} {printable(look.words)}{by}"
    if run.frozen is not None:
        yield f"  {totals_words(run.frozen.totals)}"
        yield f"  fingerprint {run.frozen.fingerprint}"
    if run.exported is not None:
        yield f"  file {run.exported.file}, SHA-256 {run.exported.sha256}"
    for signature in run.signatures.values():
        key = f", key {printable(signature.key)}" if signature.key else ""
        yield f"  signed as {signature.role.named}: {_who(signature.by)}{key}"
    if run.released is not None:
        yield f"  released to {printable(run.released.directory)} on {printable(run.released.host)}"
    if run.reason:
        yield f"  abandoned: {printable(run.reason)}"


def totals_words(totals: ControlTotals) -> str:
    return (
        f"{totals.entries:,} payments to {totals.musicians:,} musicians: gross {totals.gross:,.2f}, deductions "
        f"{totals.deductions:,.2f}, net {totals.net:,.2f}, hash total {totals.hash_total}"
    )


def run_json(run: PayrollRun, looks: Sequence[StepLook], next_step: Step | None) -> dict[str, Any]:
    """For programs. Amounts are texts."""
    exported, released, recorded, archived = run.exported, run.released, run.recorded, run.archived
    return {
        "run": run.run_id,
        "concert": run.concert_id,
        "title": run.title,
        "date": run.concert_date.isoformat() if run.concert_date else None,
        "target": run.target,
        "state": run.state.value,
        "opened": _by_json(run.opened),
        "next": next_step.value if next_step else None,
        "steps": [
            {
                "step": look.step.value,
                "name": look.step.named,
                "state": look.state.value,
                "words": look.words,
                "by": _by_json(look.by),
            }
            for look in looks
        ],
        "frozen": run.frozen.document() if run.frozen else None,
        "sample": [
            {
                "row": item.row,
                "reasons": list(item.reasons),
                "tick": run.ticks[item.row].verdict.value if item.row in run.ticks else None,
            }
            for item in run.sample or ()
        ],
        "queries": list(run.open_queries),
        "file": None
        if exported is None
        else {
            "host": exported.host,
            "directory": exported.directory,
            "name": exported.file,
            "sha256": exported.sha256,
            "files": dict(exported.files),
        },
        "signatures": [
            {"role": item.role.value, "key": item.key or None, "sha256": item.sha256, "by": _by_json(item.by)}
            for item in run.signatures.values()
        ],
        "released": None
        if released is None
        else {"host": released.host, "directory": released.directory, "by": _by_json(released.by)},
        "recorded": None
        if recorded is None
        else {
            "write": recorded.write_id,
            "date": recorded.date.isoformat(),
            "entries": recorded.entries,
            "net": format(recorded.net, "f"),
            "already": recorded.already,
        },
        "archived": None
        if archived is None
        else {
            "table": archived.table,
            "kind": archived.kind,
            "fingerprint": archived.fingerprint,
            "alike": archived.alike,
        },
        "exceptions": run.exceptions or None,
        "reason": run.reason or None,
    }


def _who(by: By) -> str:
    return f"{printable(by.person.user)}, {by.at:%Y-%m-%d %H:%M} UTC"


def _by_json(by: By | None) -> dict[str, str] | None:
    return None if by is None else {"user": by.person.user, "host": by.person.host, "at": timestamp(by.at)}
