"""The dbt runs that a payroll run has started for its second and third step, and which of them still count."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from gcms_tui.core.freshness import age_words
from gcms_tui.core.payroll import events
from gcms_tui.core.payroll.run import By, PayrollRun, who
from gcms_tui.core.payroll.steps import Step


@dataclass(frozen=True, slots=True)
class Started:
    """One of them, as the journal tells of it."""

    step: Step
    dbt_run: str
    by: By
    sequence: int
    """Of its entry."""
    argv: tuple[str, ...]
    data: tuple[str, str] | None = None
    """Of the tests: fingerprint and payees of the data before they began."""


def started(run: PayrollRun) -> tuple[Started, ...]:
    """Oldest first, without those that could not be started after all."""
    found: dict[str, Started] = {}
    for entry in run.entries:
        if entry.kind != events.STARTED:
            continue
        said = entry.said
        dbt_run = str(said["run"])
        if said.get("not_started"):
            found.pop(dbt_run, None)
            continue
        data = (str(said["fingerprint"]), str(said["payees"])) if "fingerprint" in said else None
        argv = tuple(map(str, said["argv"]))
        found[dbt_run] = Started(Step(said["step"]), dbt_run, who(entry), entry.sequence, argv, data)
    return tuple(found.values())


def settled(run: PayrollRun, dbt_run: str) -> bool:
    """Whether it has been judged already, whatever has become of that since."""
    return any(entry.kind == events.CHECKED and entry.said.get("run") == dbt_run for entry in run.entries)


def outdated(run: PayrollRun, item: Started, now: datetime, holds_for: timedelta) -> str:
    """Why it no longer counts; empty where it does: it must not pass a step whose ground has gone since it began."""
    later = next((other for other in reversed(started(run)) if other.step is item.step), item)
    if later.sequence > item.sequence:
        return f"{later.dbt_run} was started after it"
    if now - item.by.at > holds_for:
        return f"it was started {age_words(now - item.by.at)} ago, longer than its limit of {age_words(holds_for)}"
    for entry in run.entries:
        if entry.sequence < item.sequence:
            continue
        said = entry.said
        if entry.kind == events.VOIDED and item.step is Step.TESTS:
            return "the data was found to have changed since it began"
        if entry.kind != events.CHECKED:
            continue
        if said["step"] == Step.MODELS and item.step is Step.TESTS:
            return "the models have been run since it began"
        if said["step"] == Step.FRESHNESS and said["passed"] is not True:
            return "the sources were found not to be fresh since it began"
    return ""


def unsettled(run: PayrollRun, now: datetime, holds_for: timedelta) -> tuple[Started, ...]:
    """Those that wait to be judged, newest first: one of a step at the most."""
    return tuple(
        item
        for item in reversed(started(run))
        if not settled(run, item.dbt_run) and not outdated(run, item, now, holds_for)
    )
