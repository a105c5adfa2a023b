"""The log of a payroll run: the runbook's five fields, and what proves them, as Markdown.

The journal holds the SHA-256 of this text when a run is closed: the same run has the same text for ever, so what is
written here is not put in other words later.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from gcms_tui.core.conclusion import counted
from gcms_tui.core.markdown import escaped, table
from gcms_tui.core.payroll.events import TICKED
from gcms_tui.core.payroll.payment import ControlTotals
from gcms_tui.core.payroll.roles import Role
from gcms_tui.core.payroll.run import By, PayrollRun, TickVerdict
from gcms_tui.core.payroll.steps import Step

_OPEN = "(open)"
"""In place of what has not been done."""


def log_text(run: PayrollRun, exceptions: str) -> str:
    """Every text from outside in it is Markdown data. It holds no clock but the run's own moments."""
    sections = (
        table((("", "Payroll"), *_asked_for(run, exceptions))),
        _totals(run.frozen.totals if run.frozen else None),
        _signatures(run),
        table((("", "Proof"), *_proof(run))),
    )
    titles = ("# Payroll log", "## Control totals", "## Sign-off", "## What was signed, recorded and archived")
    return "\n\n".join(f"{title}\n\n{body}" for title, body in zip(titles, sections, strict=True)) + "\n"


def _asked_for(run: PayrollRun, exceptions: str) -> tuple[tuple[str, str], ...]:
    """The runbook's five, with what tells the concert from another."""
    recorded, totals = run.recorded, run.frozen.totals if run.frozen else None
    net = recorded.net if recorded else totals.net if totals else None
    return (
        ("Concert ID", escaped(run.concert_id)),
        ("Concert", escaped(run.title)),
        ("Concert date", f"{run.concert_date}" if run.concert_date else "(none)"),
        ("Payment date", f"{recorded.date}" if recorded else _OPEN),
        ("Total amount paid", _OPEN if net is None else _money(net)),
        ("Number of musicians", f"{totals.musicians}" if totals else _OPEN),
        ("Exceptions or adjustments", escaped(exceptions) if exceptions else _OPEN),
    )


def _totals(totals: ControlTotals | None) -> str:
    if totals is None:
        return _OPEN
    rows = [
        (escaped(part.pay_type), f"{part.entries}", *map(_money, (part.gross, part.deductions, part.net)))
        for part in totals.by_pay_type
    ]
    everything = ("all", f"{totals.entries}", *map(_money, (totals.gross, totals.deductions, totals.net)))
    by_type = table((("Pay type", "Payments", "Gross", "Deductions", "Net"), *rows, everything))
    return f"{by_type}\n\nHash total of the musicians' ids: {totals.hash_total}"


def _signatures(run: PayrollRun) -> str:
    rows = []
    for role in Role:
        signature = run.signatures.get(role)
        by = _by(signature.by) if signature else (_OPEN, "", "")
        rows.append((role.named, *by, escaped(signature.key) if signature and signature.key else ""))
    return table((("Role", "Login", "Host", "At", "Key"), *rows))


def _proof(run: PayrollRun) -> tuple[tuple[str, str], ...]:
    exported, released, recorded, archived = run.exported, run.released, run.recorded, run.archived
    found = "found recorded" if recorded and recorded.already else "recorded"
    alike = "is what was signed" if archived and archived.alike else "is NOT what was signed"
    return (
        ("Run", escaped(run.run_id)),
        ("Opened", " ".join(_by(run.opened))),
        ("Target, table", f"{escaped(run.target)}, {escaped(run.fact)}"),
        ("Fingerprint of the payments", escaped(run.frozen.fingerprint) if run.frozen else _OPEN),
        ("Fingerprint of the payees", escaped(run.frozen.payees) if run.frozen else _OPEN),
        ("dbt run of the models", _dbt(run, Step.MODELS)),
        ("dbt run of the tests", _dbt(run, Step.TESTS)),
        ("Spot check", _spot_check(run)),
        ("File", escaped(released.file) if released else _OPEN),
        ("SHA-256 of the file", escaped(released.sha256) if released else _OPEN),
        ("SHA-256 of manifest.json", escaped(exported.manifest) if exported else _OPEN),
        ("Released", " ".join(_by(released.by)) if released else _OPEN),
        (
            "Supabase",
            f"{counted(recorded.entries, 'payment')} {found}, write {escaped(recorded.write_id)}"
            if recorded
            else _OPEN,
        ),
        (
            "Archive",
            f"{escaped(archived.table)} ({escaped(archived.kind)}) {alike}, write {escaped(archived.write_id)}"
            if archived
            else _OPEN,
        ),
    )


def _spot_check(run: PayrollRun) -> str:
    if run.sample is None:
        return _OPEN
    asked = sum(entry.kind == TICKED and entry.said.get("verdict") == TickVerdict.QUERY for entry in run.entries)
    return f"rows drawn: {len(run.sample)}, looked at: {len(run.sample) - len(run.unticked)}, queries raised: {asked}"


def _dbt(run: PayrollRun, step: Step) -> str:
    said = run.checks[step].said.get("run") if step in run.checks else None
    return escaped(str(said)) if said else _OPEN


def _by(by: By) -> tuple[str, str, str]:
    return escaped(by.person.user), escaped(by.person.host), _moment(by.at)


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


def _money(amount: Decimal) -> str:
    return format(amount, ",f")
