"""What payroll's commands say to people: the plans of what is recorded and archived, and what to type next."""

from __future__ import annotations

import click
import pytest

from gcms_tui.cli.payroll import payroll
from gcms_tui.cli.scd2_plan import plan_lines
from gcms_tui.core.errors import Refused
from gcms_tui.core.payroll import events, gates
from gcms_tui.core.payroll.steps import Step
from gcms_tui.core.query import Access, Statement
from gcms_tui.core.run import Person
from gcms_tui.core.writing.plan import Plan, PlanKind, Row, RowChange
from gcms_tui.core.writing.plan import Step as Written
from tests.core.payroll.test_gates import Story
from tests.operations.memory import NOW
from tests.operations.payroll.scene import LIMITS

WRITE = Statement("q", "queries/q.sql", "UPDATE x", access=Access.WRITE)


def plan(kind: PlanKind, rows: int | None, *changes: RowChange) -> Plan:
    return Plan(
        kind, "prod", "public.payment", "pay-1", "7", (Written(WRITE, rows),), NOW, Person("erin", "ops-1"),
        changes=changes, reason="2,000.00 in all\x1b[31m",
    )  # fmt: skip


def test_a_day_of_payment_is_a_day_and_no_moment() -> None:
    before = Row.of({"paid": None, "payment_date": None, "payments": "1200"})
    change = RowChange("1,200 payments", before, before.but(paid=True, payment_date="2026-03-01"), "signed")
    told = list(plan_lines(plan(PlanKind.MARK_PAID, 1200, change)))
    assert told[1:5] == [
        "  2,000.00 in all",
        "  1,200 payments: signed",
        "    paid: NULL -> true",
        "    payment_date: NULL -> 2026-03-01",
    ]
    assert "  1,200 rows by:" in told


def test_what_touches_no_rows_counts_none() -> None:
    told = list(plan_lines(plan(PlanKind.ARCHIVE, None)))
    assert "  by:" in told and not [line for line in told if "None" in line]


STORIES = {
    Step.FRESHNESS: Story(),
    Step.MODELS: Story().check(Step.FRESHNESS),
    Step.TESTS: Story().check(Step.FRESHNESS).check(Step.MODELS),
    Step.SPOT_CHECK: Story().checks(),
    Step.EXPORT: Story().checks().ticked(),
    Step.SIGN_OFF: Story().signed(),
    Step.RECORD: Story().released(),
    Step.ARCHIVE: Story()
    .released()
    .tell(events.RECORDED, write="w", date="2026-03-01", entries=2, net="10.00", already=False),
}


@pytest.mark.parametrize("step", STORIES)
def test_a_closed_gate_names_the_command_that_opens_it(step: Step) -> None:
    with pytest.raises(Refused) as caught:
        gates.require(STORIES[step].run, Step.LOG, NOW, LIMITS)
    assert caught.value.guard == step.value
    program, group, name, *arguments = caught.value.next_step.replace(" DAY", " 2026-03-01").split()
    assert (program, group) == ("gcms-tui", "payroll")
    command = payroll.get_command(click.Context(payroll), name)
    assert command is not None
    assert command.make_context(name, arguments).params["run_id"] == "pay-1"
