"""The procedures as data: complete, in the runbook's terms, and pointing at what is there."""

from __future__ import annotations

import pytest

from gcms_tui.cli.runbook_coverage import known_commands
from gcms_tui.console.modes import PANES
from gcms_tui.core import coverage
from gcms_tui.core.dbt_words import parse_command
from gcms_tui.core.errors import Refused, UsageError
from gcms_tui.core.procedures.catalogue import PROCEDURES, procedure
from gcms_tui.core.procedures.paying import POST_PAYROLL, PRE_PAYROLL
from gcms_tui.core.procedures.step import Gate, Procedure, Selection, Step, StepKind
from gcms_tui.core.query import Access

STEPS = [(item, step) for item in PROCEDURES for step in item.steps]
KNOWN = {name: frozenset(below) for name, below in known_commands()}


@pytest.mark.parametrize(("item", "step"), STEPS, ids=[f"{item.name}/{step.name}" for item, step in STEPS])
def test_a_step_says_what_it_needs_to(item: Procedure, step: Step) -> None:
    assert item.names.count(step.name) == 1
    assert all((step.title, step.what, step.expected, step.if_failed, step.headless))
    assert step.screen in set(PANES)
    assert coverage.exists(step.headless, KNOWN), step.headless
    assert step.section == "Monthly" or step.section in {row.section for row in coverage.rows()}
    kind, _, where = step.jump.partition(" ")
    match kind:
        case "runbook":
            procedure(where)
        case "pane":
            assert where in PANES
        case "":
            pass
        case _:
            assert coverage.exists(step.jump, KNOWN), step.jump
    assert (step.command is not None) == (step.kind is StepKind.RUN)
    assert bool(step.findings or step.desk) == (step.kind in (StepKind.CHECK, StepKind.PLAN))
    assert set(step.proves) <= set(item.names[: item.number(step) - 1])
    if step.kind is StepKind.CHECK:
        assert step.access is Access.READ
    if step.command is not None:
        assert step.command.access is step.access
        filled = step.command_for("fct", lambda wanted: (wanted.name.lower(),))
        assert parse_command(filled.words) == filled


@pytest.mark.covers("Pre-payroll 1")
def test_payroll_is_opened_in_its_own_book_and_no_gate_of_it_is_overridden() -> None:
    for item in (PRE_PAYROLL, POST_PAYROLL):
        assert item.elsewhere.startswith("payroll ")
        assert {step.gate for step in item.steps} == {Gate.FIRM}
        assert {step.kind for step in item.steps} == {StepKind.OPEN}
    assert [step.section for item in (PRE_PAYROLL, POST_PAYROLL) for step in item.steps] == [
        *(f"Pre-payroll {number}" for number in range(1, 7)),
        *(f"Post-payroll {number}" for number in range(1, 4)),
    ]


@pytest.mark.covers("Weekly 1", "Weekly 2", "Weekly 4")
def test_the_weekly_refresh_waits_for_backup_and_counts() -> None:
    weekly = procedure("weekly")
    refresh = weekly.names.index("full-refresh")
    gates = [step.name for step in weekly.steps[:refresh] if step.gate is not Gate.NONE]
    assert gates == ["backup", "counts-before"]


def test_a_step_about_a_model_wants_its_name_and_one_of_scd2_tables_wants_some() -> None:
    build = procedure("relation-missing").step("build-parents")
    assert build.command_for("gone", none_known).select == ("+gone",)  # and does not ask for what it does not want
    with pytest.raises(Refused, match="About which model"):
        build.command_for("", none_known)
    with pytest.raises(Refused, match="None is known"):
        procedure("scd2-corruption").step("verify-tests").command_for("", none_known)


def none_known(wanted: Selection) -> tuple[str, ...]:
    raise Refused("None is known", wanted.name)


@pytest.mark.covers("T2", "T3")
def test_where_nothing_changed_or_two_targets_differ_nothing_is_built_to_find_out_why() -> None:
    for name in ("no-scd2-change", "dev-against-prod"):
        assert {step.access for step in procedure(name).steps} == {Access.READ}
        assert not any(step.command and step.command.full_refresh for step in procedure(name).steps)


def test_what_is_not_there_is_told_with_what_is_near() -> None:
    with pytest.raises(UsageError) as caught:
        procedure("weekli")
    assert "weekly" in caught.value.next_step
    with pytest.raises(UsageError):
        procedure("weekly").step("9")
