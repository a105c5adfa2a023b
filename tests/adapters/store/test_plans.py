"""Plans: what comes back is what was kept, or it is said that somebody changed it; each is used once."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta

import pytest

from gcms_tui.adapters.last_health import StateError
from gcms_tui.core.errors import Refused, UsageError
from gcms_tui.core.query import Access, Statement
from gcms_tui.core.writing.plan import Plan, PlanKind, Row, Step
from tests.adapters.store.address import ANA, NOW, Address
from tests.adapters.store.children import Child


def plan(key: str = "1-5-1", *, backup: bool = True) -> Plan:
    update = Statement(
        "scd2_close_version", "queries/x.sql", "UPDATE t SET x = %s", (3, None, NOW, "100%'\0\U0001f3bb"), Access.WRITE
    )
    row = Row.of({"scd_id": "a'b", "is_current": True, "effective_to": None}, "0" * 64)
    made = Plan(
        PlanKind.REPAIR,
        "prod",
        "bronze.br_attendance_scd2",
        key,
        key,
        (Step(update, 1),),
        NOW,
        ANA,
        look=update,
        before=(row,),
        after=(row.but(is_current=False),),
    )
    return replace(made, backup=replace(made, kind=PlanKind.BACKUP, look=None)) if backup else made


def test_a_plan_comes_back_as_it_was_kept_by_its_id_or_its_beginning(address: Address) -> None:
    kept = [plan(key) for key in ("1-5-1", "gölð \0 %' \U0001f3bb" + "x" * 10_000)]
    plans = address.open().plans
    for one in kept:
        plans.keep(one, batch="b1")
        plans.keep(one, batch="another")  # there already: it stays as it was
    again = address.open().plans
    for one in kept:
        for reference in (one.plan_id, one.short_id, one.plan_id[:6].upper()):
            assert again.get(reference).plan == one
    assert [found.plan for found in again.batch("b1")] == kept
    assert [found.plan for found in again.newest()] == kept[::-1]
    assert [found.plan for found in again.newest(1)] == kept[-1:]
    for reference in ("", "%" * 6, kept[0].plan_id[:5], "0" * 64):
        with pytest.raises(UsageError):
            again.get(reference)
    for batch in ("", "another"):
        with pytest.raises(UsageError):
            again.batch(batch)


def test_a_beginning_that_several_have_is_refused(address: Address) -> None:
    plans = address.open().plans
    plans.keep(plan())
    plan_id = plan().plan_id
    twin = plan_id[:8] + ("0" if plan_id[8] != "0" else "1") + plan_id[9:]
    names = "position, batch, made_at_us, document, used_by, used_at_us"
    address.tamper(f"INSERT INTO plan (plan_id, {names}) SELECT '{twin}', {names} FROM plan")
    with pytest.raises(UsageError, match="More than one") as caught:
        plans.get(plan_id[:8])
    assert twin in caught.value.message
    assert plans.get(plan_id[:9]).plan == plan()


def test_of_several_processes_that_use_it_one_does(address: Address) -> None:
    plans = address.open().plans
    plans.keep(plan())
    with ExitStack() as stack:
        children = [stack.enter_context(Child.of(address, "claim", plan().plan_id)) for _ in range(2)]
        for child in children:
            child.go()
        answers = sorted(child.answer() for child in children)
    assert answers[1] == "refused plan_used"
    kept = plans.get(plan().plan_id)
    assert answers[0] == f"claimed {kept.used_by}"
    assert kept.used_at is not None
    with pytest.raises(Refused, match=kept.used_by) as caught:
        plans.claim(plan().plan_id, "mine", NOW + timedelta(minutes=1))
    assert caught.value.guard == "plan_used"
    assert plans.get(plan().plan_id) == kept
    with pytest.raises(UsageError):
        plans.claim("0" * 64, "mine", NOW)


@pytest.mark.parametrize(
    "change",
    [
        "document = replace(document, '1-5-1', '1-5-2')",
        'document = replace(document, \'"binds":[\', \'"binds":[["decimal","x"],\')',
        "document = '{}'",
        "document = 'half', batch = 'b'",
    ],
)
def test_a_plan_that_was_edited_is_not_believed(address: Address, change: str) -> None:
    plans = address.open().plans
    plans.keep(plan())
    address.tamper(f"UPDATE plan SET {change}")
    for ask in (lambda: plans.get(plan().plan_id), plans.newest):
        with pytest.raises(StateError, match="A plan was changed") as caught:
            ask()
        assert plan().short_id in caught.value.message
