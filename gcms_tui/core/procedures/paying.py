"""Pre- and post-payroll: kept in the book of payroll runs, and opened there. Here is where to go for each step."""

from __future__ import annotations

from gcms_tui.core.payroll.steps import AFTER_PAYMENT, CHECKS
from gcms_tui.core.payroll.steps import Step as PayrollStep
from gcms_tui.core.procedures.step import Gate, Procedure, Step, StepKind
from gcms_tui.core.query import Access

_HEADLESS = {
    PayrollStep.FRESHNESS: "payroll step ID freshness",
    PayrollStep.MODELS: "payroll step ID models",
    PayrollStep.TESTS: "payroll step ID tests",
    PayrollStep.SPOT_CHECK: "payroll spot-check ID",
    PayrollStep.EXPORT: "payroll export ID",
    PayrollStep.SIGN_OFF: "payroll sign ID --role ROLE",
    PayrollStep.RECORD: "payroll record ID",
    PayrollStep.ARCHIVE: "payroll archive ID",
    PayrollStep.LOG: "payroll log ID",
}
_EXPECTED = {
    PayrollStep.FRESHNESS: "Every source of payroll loaded within 24 hours",
    PayrollStep.MODELS: "The fact and both dimensions built, none skipped",
    PayrollStep.TESTS: "ALL tests pass; the data is frozen",
    PayrollStep.SPOT_CHECK: "Every row looked at, every query answered",
    PayrollStep.EXPORT: "The prepared file, its hash and its totals",
    PayrollStep.SIGN_OFF: "Three people have signed the same file, and it is released",
    PayrollStep.RECORD: "Exactly what was signed is recorded as paid",
    PayrollStep.ARCHIVE: "The archive is what was signed",
    PayrollStep.LOG: "Concert, date, total, musicians, exceptions",
}
_INSTEAD = {
    PayrollStep.EXPORT: "The runbook exports before the sign-off, so that anybody may pay from an unsigned file. Here "
    "the file is prepared, signed as it is, and only then released.",
    PayrollStep.ARCHIVE: "The runbook clones after the payment what may no longer be what was paid. Here the clone is "
    "proven to equal what was signed.",
    PayrollStep.RECORD: "The runbook marks the whole concert, and dates what was paid before anew.",
}


def _step(step: PayrollStep) -> Step:
    return Step(
        step.value,
        step.named,
        step.section,
        StepKind.OPEN,
        "In the payroll run of the concert, with its own gates.",
        _EXPECTED[step],
        "Payroll stops there, and says why.",
        "payroll",
        _HEADLESS[step],
        jump="pane payroll",
        gate=Gate.FIRM,
        access=Access.READ if step in (*CHECKS[:1], PayrollStep.SPOT_CHECK) else Access.WRITE,
        instead=_INSTEAD.get(step, ""),
    )


_AFTER = (PayrollStep.RECORD, *AFTER_PAYMENT)

PRE_PAYROLL = Procedure(
    name="pre-payroll",
    title="Pre-payroll checklist",
    section="Pre-payroll",
    when="Before processing any payroll.",
    steps=tuple(_step(step) for step in PayrollStep if step not in _AFTER),
    elsewhere="payroll open CONCERT",
)
POST_PAYROLL = Procedure(
    name="post-payroll",
    title="Post-payroll verification",
    section="Post-payroll",
    when="After payroll is processed.",
    steps=tuple(_step(step) for step in _AFTER),
    elsewhere="payroll show",
)
