"""Drawing, looking at and asking about payments, in a real store."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from gcms_tui.core.errors import GcmsError, Refused, UsageError
from gcms_tui.core.payroll import events
from gcms_tui.core.payroll.payment import Frozen
from gcms_tui.core.payroll.roles import Role
from gcms_tui.core.payroll.run import PayrollRun, TickVerdict
from gcms_tui.core.payroll.sample import by_lot
from gcms_tui.core.payroll.steps import Step
from gcms_tui.core.payroll.variance import Variance
from gcms_tui.core.query import Statement
from gcms_tui.operations.payroll.spot_checks import SpotChecks
from tests.operations.memory import HOUR, ShippedQueries
from tests.operations.payroll.scene import CONCERT, Row, Scene, payment

BEFORE = "6"
SECRETS = ("Musician 3", "m3@example.org", "333.33")


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    """Twenty musicians; the third has 333.33, the twentieth is new, the fourth had another pay type, and the fifth
    was paid half of it."""
    scene = Scene(tmp_path)
    scene.warehouse.answers["payroll_export"] = _export
    scene.warehouse.answers["payroll_previous_concert"] = [
        {"concert_id": BEFORE, "title": None, "concert_date": date(2026, 1, 30)}
    ]
    scene.warehouse.answers["payroll_previous_payments"] = [_last(number) for number in range(1, 20)]
    return scene


def _export(statement: Statement) -> list[Row]:
    if statement.binds == (BEFORE,):
        return [payment(number, "50.00", concert_id=6) for number in (1, 2, 99)]
    return [payment(number, "333.33" if number == 3 else "100.00") for number in range(1, 21)]


def _last(musician: int) -> Row:
    net = {3: "333.33", 5: "50.00"}.get(musician, "100.00")
    return {
        "musician_id": str(musician),
        "same_kind": musician != 4,
        "concert_id": BEFORE,
        "concert_date": date(2026, 1, 30),
        "net_amount": Decimal(net),
    }


def checks(scene: Scene, user: str = "erin", host: str = "ops-1") -> SpotChecks:
    return SpotChecks(
        scene.settings.payroll,
        book=scene.book(user, host),
        reader=scene.reader(),
        warehouse=scene.warehouse,
        queries=ShippedQueries(),
        journal=scene.store(user, host).journal,
    )


def drawn(scene: Scene) -> PayrollRun:
    return checks(scene).draw(scene.passed().run_id)


def guard(call: Any, *args: Any, **named: Any) -> str:
    with pytest.raises(Refused) as caught:
        call(*args, **named)
    return caught.value.guard


def frozen(run: PayrollRun) -> Frozen:
    assert run.frozen is not None
    return run.frozen


def sampled(run: PayrollRun) -> dict[str, tuple[str, ...]]:
    assert run.sample is not None
    return {item.row: item.reasons for item in run.sample}


@pytest.mark.covers("Pre-payroll 4")
def test_ten_by_lot_and_the_risks_are_drawn_the_same_for_everybody(scene: Scene) -> None:
    run = drawn(scene)
    rows = sampled(run)
    read = scene.reader().read(CONCERT)
    assert tuple(rows)[:10] == by_lot(read.payments, read.frozen.fingerprint, 10)
    assert "largest" in rows["3"] and "new payee" in rows["20"] and "new pay type" in rows["4"]
    assert "changed" in rows["5"] and not any("changed" in rows[row] for row in rows if row != "5")
    again = checks(scene, "frank", "ops-2").draw(run.run_id)
    assert again.sample == run.sample and len(again.entries) == len(run.entries)


def test_the_variance_is_in_the_journal_and_no_single_amount_or_name_is(scene: Scene) -> None:
    run = drawn(scene)
    told = Variance.read(run.variance)
    assert told.before is not None and told.before.net == Decimal("150.00")
    assert told.before_concert == "6 (no title), 2026-01-30"
    assert (told.joined, told.dropped, told.new_payees, told.changed) == (18, 1, 1, 1)
    assert told.now == frozen(run).totals
    assert checks(scene).variance(run) == told == checks(scene).sheet(run).variance
    journal = "".join(entry.payload for entry in run.entries)
    assert not any(secret in journal for secret in SECRETS)


def test_the_first_payroll_of_all_has_nothing_to_compare_with(scene: Scene) -> None:
    scene.warehouse.answers |= {"payroll_previous_concert": [], "payroll_previous_payments": []}
    run = drawn(scene)
    told = Variance.read(run.variance)
    assert (told.before, told.before_concert, told.new_payees) == (None, "", 20)
    assert all("new payee" in reasons for reasons in sampled(run).values())


def test_the_sheet_shows_each_row_with_what_it_was_and_hides_it_from_a_repr(scene: Scene) -> None:
    run = checks(scene).query(drawn(scene).run_id, "3", "so much?")
    sheet = checks(scene).sheet(run)
    rows = {item.row: item for item in sheet.rows}
    assert [item.row for item in sheet.rows] == list(sampled(run))
    assert rows["3"].payment.full_name == "Musician 3" and rows["3"].payment.net_amount == Decimal("333.33")
    assert rows["5"].previous is not None and rows["5"].previous.net_amount == Decimal("50.00")
    assert rows["4"].previous is None and rows["20"].previous is None
    assert rows["3"].tick is not None and rows["3"].tick.note == "so much?"
    assert not any(secret in repr((sheet, sheet.rows, rows["3"].previous)) for secret in SECRETS)


def test_no_step_before_the_tests_and_nothing_of_an_empty_concert(scene: Scene) -> None:
    unfrozen = scene.passed(Step.FRESHNESS, Step.MODELS)
    assert guard(checks(scene).draw, unfrozen.run_id) == "tests"
    assert guard(checks(scene).sheet, unfrozen) == "spot-check"
    scene.warehouse.answers["payroll_export"] = []
    scene.checked(unfrozen, Step.TESTS)
    assert guard(checks(scene).draw, unfrozen.run_id) == "no_payments"
    assert scene.book().get(unfrozen.run_id).sample is None


def test_twenty_thousand_musicians_are_drawn_from_in_bounds(scene: Scene) -> None:
    many = [payment(number, "100.00") for number in range(1, 20_001)]
    scene.warehouse.answers |= {
        "payroll_export": many, "payroll_previous_concert": [], "payroll_previous_payments": [],
    }  # fmt: skip
    run = drawn(scene)
    [new] = [risk for risk in Variance.read(run.variance).risks if risk.reason == "new payee"]
    assert new.found == 20_000 and new.drawn == len(sampled(run)) <= 33
    assert len(checks(scene).sheet(run).rows) == new.drawn


def test_data_that_changed_since_is_neither_shown_nor_drawn_from(scene: Scene) -> None:
    run = drawn(scene)
    run = checks(scene).tick(run.run_id, "3")
    seen = checks(scene).sheet(run).seen
    scene.warehouse.answers["payroll_export"] = [payment(number, "1.00") for number in range(1, 21)]
    before = len(run.entries)
    assert guard(checks(scene).sheet, run) == "data_changed"
    assert len(scene.book().get(run.run_id).entries) == before
    assert guard(checks(scene).draw, run.run_id) == "data_changed"
    voided = scene.book().get(run.run_id)
    assert voided.sample is None and not voided.ticks and Step.SPOT_CHECK in voided.fallen
    assert guard(checks(scene).tick, run.run_id, "3") == "tests"
    scene.checked(run, Step.TESTS)
    assert guard(checks(scene).tick, run.run_id, "3") == "spot-check"
    anew = checks(scene).draw(run.run_id)
    assert anew.unticked == tuple(sampled(anew))
    row = anew.unticked[0]
    assert guard(checks(scene).tick, run.run_id, row, seen=seen) == "data_changed"
    fresh = checks(scene).sheet(anew).seen
    assert checks(scene).tick(run.run_id, row, seen=fresh).ticks[row].verdict is TickVerdict.OK


def test_two_consoles_tick_side_by_side_and_a_fresh_one_goes_on(scene: Scene) -> None:
    run = drawn(scene)
    first, second = checks(scene), checks(scene, "frank", "ops-2")
    rows = list(sampled(run))
    with scene.book("frank", "ops-2").at(run.run_id, Step.SPOT_CHECK):
        assert guard(first.tick, run.run_id, rows[0]) == "lease"
    for place, row in enumerate(rows):
        (first, second)[place % 2].tick(run.run_id, row)
    again = second.tick(run.run_id, rows[0])
    assert again.ticks[rows[0]].by.person.user == "erin" and not again.unticked
    assert {tick.by.person.user for tick in again.ticks.values()} == {"erin", "frank"}
    assert scene.book().next_step(again) is Step.EXPORT
    assert second.tick(run.run_id, rows[0], note="seen twice").ticks[rows[0]].note == "seen twice"


def test_a_row_that_was_not_drawn_is_not_ticked_and_one_that_is_no_payment_not_queried(scene: Scene) -> None:
    run = drawn(scene)
    other = next(str(number) for number in range(1, 21) if str(number) not in sampled(run))
    for row in (other, "99", "", "[b]3[/b]"):
        with pytest.raises(UsageError, match="Not drawn"):
            checks(scene).tick(run.run_id, row)
    with pytest.raises(UsageError, match="No such payment"):
        checks(scene).query(run.run_id, "99", "who is that?")
    asked = checks(scene).query(run.run_id, other, "why?")
    [queried] = [item for item in checks(scene).sheet(asked).rows if item.row == other]
    assert queried.reasons == ("queried",)
    assert checks(scene).answer(run.run_id, other, "a rise").open_queries == ()


def test_a_question_blocks_until_it_is_answered_by_whomever(scene: Scene) -> None:
    run = drawn(scene)
    row, *others = sampled(run)
    for other in others:
        checks(scene).tick(run.run_id, other)
    with pytest.raises(UsageError, match="Nothing was asked"):
        checks(scene).answer(run.run_id, row, "well")
    checks(scene, "frank").query(run.run_id, row, "why so much?")
    assert guard(checks(scene).tick, run.run_id, row) == "query_open"
    assert guard(checks(scene).query, run.run_id, row, "and why twice?") == "query_open"
    assert guard(checks(scene).answer, run.run_id, row, " \u200b\n") == "reason"
    assert scene.book().next_step(scene.book().get(run.run_id)) is Step.SPOT_CHECK
    answered = checks(scene, "maria").answer(run.run_id, row, "a rise")
    assert answered.ticks[row].verdict is TickVerdict.ANSWERED
    assert scene.book().next_step(answered) is Step.EXPORT


def test_a_question_during_the_sign_off_voids_the_signatures_and_none_is_asked_after_the_release(scene: Scene) -> None:
    run = scene.ticked("1", "2")
    with scene.book().alone(run.run_id, "a test") as at:
        held = scene.holds().set("incident", "wrong rates")
        at.note(events.EXPORTED, {
            "fingerprint": "f", "payees": "p", "host": "ops-1", "directory": "d", "files": {}, "file": "a.csv",
            "sha256": "s", "manifest": "m",
        })  # fmt: skip
        at.note(events.SIGNED, {
            "role": Role.FINANCE.value, "says": "", "statement": "s", "sha256": "s", "signature": "", "key": "",
        })  # fmt: skip
    asked = checks(scene).query(run.run_id, "9", "why?")
    assert not asked.signatures and asked.fallen[Step.SIGN_OFF] == "a query was raised since"
    assert guard(checks(scene).answer, run.run_id, "9", "a rise") == "hold"
    scene.holds("frank").lift(held.hold_id, "mended")
    checks(scene).answer(run.run_id, "9", "a rise")
    with scene.book().alone(run.run_id, "a test") as at:
        at.note(events.RELEASED, {"host": "ops-1", "directory": "o", "file": "a.csv", "sha256": "s"})
    assert guard(checks(scene).query, run.run_id, "9", "again?") == "released"
    with scene.book().alone(run.run_id, "a test") as at:
        at.note(events.ABANDONED, {"reason": "r", "withdrawn": True})
    assert guard(checks(scene).query, run.run_id, "9", "again?") == "ended"


def test_notes_are_kept_as_given_but_for_control_characters(scene: Scene) -> None:
    run = drawn(scene)
    for given, kept in (
        ("[b]bold[/b] [@click=app.bell]x[/]", "[b]bold[/b] [@click=app.bell]x[/]"),
        ("a\tb\r\nc\x00\x1b[31md\x1b]0;t\x07", "a b  cd"),
        ("\u202eabc\u202c שלום", "abc שלום"),
        ("x" * 500, "x" * 500),
    ):
        assert checks(scene).query(run.run_id, "3", given).ticks["3"].note == kept
        assert checks(scene).answer(run.run_id, "3", given).ticks["3"].note == kept
    with pytest.raises(UsageError, match="too long"):
        checks(scene).tick(run.run_id, "20", note="x" * 501)


def test_nothing_is_shown_that_the_journal_does_not_take(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    run = drawn(scene)
    checks(scene).reveal(run.run_id[:12], "spot check")
    told = scene.book().get(run.run_id).entries[-1]
    assert (told.kind, told.subject, told.said) == (events.REVEALED, run.run_id, {"what": "spot check"})
    failing = checks(scene)

    def full(*_: object, **__: object) -> None:
        raise GcmsError("Disk full", "the journal cannot be written")

    monkeypatch.setattr(type(scene.store().journal), "append", full)
    for call in (lambda: failing.reveal(run.run_id, "spot check"), lambda: failing.tick(run.run_id, "3")):
        with pytest.raises(GcmsError, match="Disk full"):
            call()
    monkeypatch.undo()
    assert "3" not in scene.book().get(run.run_id).ticks


def test_what_grew_old_is_tested_again_and_the_ticks_stay(scene: Scene) -> None:
    run = drawn(scene)
    checks(scene).tick(run.run_id, "3")
    scene.clock.now += 30 * HOUR
    assert guard(checks(scene).tick, run.run_id, "20") == "freshness"
    for step in (Step.FRESHNESS, Step.MODELS, Step.TESTS):
        scene.checked(run, step)
    assert "3" in checks(scene).tick(run.run_id, "20").ticks
