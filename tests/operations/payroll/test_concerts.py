"""The list of concerts, each with how its payroll stands, and which of them may be opened."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from gcms_tui.core.errors import ConfigError, GcmsError, Refused, StatementFailed, Unavailable, UsageError
from gcms_tui.core.payroll import events
from gcms_tui.core.payroll.run import PayrollRun, PayrollState
from gcms_tui.core.query import Answer, Statement
from gcms_tui.core.settings import SupabaseSettings
from gcms_tui.operations.payroll.concerts import Concert, Concerts, ConcertState
from gcms_tui.operations.payroll.holding import BY_HAND
from gcms_tui.operations.payroll.unpaid import PaidConcerts
from tests.operations.memory import HOUR, NOW, ShippedQueries
from tests.operations.payroll.scene import CONCERT, Row, Scene

ODD = "x'; DROP TABLE payment; --\x1b[31m"


def owed(concert: str | None, **other: Any) -> Row:
    row: Row = {
        "concert_id": concert,
        "title": f"Concert {concert}",
        "concert_date": date(2026, 2, 20),
        "musicians": 20,
        "entry_count": 20,
        "net": Decimal("2000.00"),
        "concert_matches": 1,
    }
    return {**row, **other}


def seen(concert: str | None, paid: int, payments: int = 20) -> Row:
    day = date(2026, 2, 25) if paid else None
    return {"concert_id": concert, "payments": payments, "paid": paid, "first_paid": day, "last_paid": day}


@dataclass
class Supabase:
    rows: list[Row]
    error: GcmsError | None = None
    asked: list[Statement] = field(default_factory=list)

    def read(self, statement: Statement) -> Answer:
        self.asked.append(statement)
        if self.error:
            raise self.error
        return Answer(tuple(self.rows[0]), tuple(tuple(row.values()) for row in self.rows), None, NOW, 1)


@dataclass
class Stage:
    scene: Scene
    supabase: Supabase

    @property
    def concerts(self) -> Concerts:
        scene = self.scene
        return Concerts(
            scene.settings,
            warehouse=scene.warehouse,
            paid=self.paid,
            queries=ShippedQueries(),
            book=scene.book(),
        )

    @property
    def paid(self) -> PaidConcerts:
        return PaidConcerts(
            self.scene.settings.supabase, supabase=self.supabase, queries=ShippedQueries(), book=self.scene.book()
        )

    def concert(self, concert_id: str = CONCERT) -> Concert:
        return next(one for one in self.concerts.list().concerts if one.concert_id == concert_id)

    def owed(self, *rows: Row) -> None:
        self.scene.warehouse.answers["payroll_concerts"] = list(rows)

    def refused(self, concert_id: str = CONCERT) -> Refused:
        with pytest.raises(Refused) as caught:
            self.concerts.open(concert_id)
        return caught.value

    def told(self, run: PayrollRun, kind: str, **said: Any) -> PayrollRun:
        with self.scene.book().alone(run.run_id, "a test") as at:
            return at.note(kind, said)

    def released(self) -> PayrollRun:
        return self.told(self.scene.opened(), events.RELEASED, host="h", directory="o", file="7.csv", sha256="s")


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    stage = Stage(Scene(tmp_path), Supabase([seen(CONCERT, 0), seen("8", 20), seen("9", 3), seen(None, 1, 1)]))
    stage.owed(owed(CONCERT), owed("8"), owed("9"))
    stage.scene.warehouse.answers["table_kind"] = [{"table_type": "BASE TABLE", "is_transient": "YES"}]
    return stage


def test_each_concert_is_listed_with_what_is_paid_of_it(stage: Stage) -> None:
    found = stage.concerts.list()
    assert [(one.concert_id, one.state, one.paid_on) for one in found.concerts] == [
        (CONCERT, ConcertState.NEVER_PAID, None),
        ("8", ConcertState.PAID, date(2026, 2, 25)),
        ("9", ConcertState.PARTLY_PAID, date(2026, 2, 25)),
    ]
    assert found.concerts[2].words == "3 of 20 payments recorded as paid"
    assert (found.notes, found.taken_at) == ((), NOW)
    [statement] = stage.supabase.asked
    assert '"public"."payment"' in statement.sql


def test_what_is_odd_of_a_concert_is_told_and_hides_no_other(stage: Stage) -> None:
    stage.owed(
        owed(CONCERT, net=None, concert_date=datetime(2026, 2, 20, tzinfo=UTC), concert_matches=2),
        owed(ODD, title=None, concert_date=None, concert_matches=0),
        owed(None, entry_count=3),
    )
    found = stage.concerts.list()
    first, odd = found.concerts
    assert (first.net, first.concert_date) == (None, date(2026, 2, 20))
    assert first.words == "the dimension has it 2 times"
    assert (odd.concert_id, odd.title, odd.state) == (ODD, "", ConcertState.UNKNOWN)
    assert "Supabase shows none of its payments" in odd.words
    assert found.notes == ("3 payments of gold.fct_musician_payment without a concert",)


@pytest.mark.parametrize(
    "error",
    [
        Unavailable("Supabase cannot be reached", "db:5432: refused"),
        ConfigError("Supabase is not configured", "No way into Supabase's Postgres is named."),
        StatementFailed("Supabase refused", "no such table"),
    ],
)
def test_where_supabase_cannot_be_asked_the_list_is_shown_and_nothing_opened(stage: Stage, error: GcmsError) -> None:
    stage.supabase.error = error
    found = stage.concerts.list()
    assert {one.state for one in found.concerts} == {ConcertState.UNKNOWN}
    [note] = found.notes
    assert error.message in note
    assert stage.refused().guard == "paid_unknown"
    assert stage.scene.book().all() == ()


def test_a_table_name_that_is_none_is_no_reason_to_believe_that_nothing_is_paid(stage: Stage) -> None:
    stage.scene.settings = replace(stage.scene.settings, supabase=SupabaseSettings(payment_table="payment; x"))
    assert stage.concert().state is ConcertState.UNKNOWN
    assert stage.refused().guard == "paid_unknown"


def test_an_open_run_and_a_hold_show_and_a_paid_concert_is_not_held(stage: Stage) -> None:
    run = stage.scene.opened()
    assert (stage.concert().state, stage.concert().run) == (ConcertState.OPEN_RUN, stage.scene.book().get(run.run_id))
    stage.scene.holds("olga").set(BY_HAND, "the bank is closed")
    states = {one.concert_id: one.state for one in stage.concerts.list().concerts}
    assert states == {CONCERT: ConcertState.HELD, "8": ConcertState.PAID, "9": ConcertState.PARTLY_PAID}
    assert "the bank is closed (set by olga" in stage.concert().words
    assert stage.refused().guard == "open_run"


def test_a_failing_critical_test_holds_what_could_be_opened_and_it_may_still_be_opened_to_be_looked_at(
    stage: Stage,
) -> None:
    stage.scene.critical = "grave fails"
    assert stage.concert().state is ConcertState.HELD
    assert stage.concerts.open(CONCERT).state is PayrollState.ACTIVE


def test_opening_journals_the_concert_and_nobody(stage: Stage) -> None:
    run = stage.concerts.open(CONCERT)
    [entry] = run.entries
    assert entry.said == {
        "concert": CONCERT,
        "title": "Concert 7",
        "date": "2026-02-20",
        "target": "sandbox",
        "fact": "gold.fct_musician_payment",
    }


def test_an_id_of_odd_characters_is_opened_as_it_is(stage: Stage) -> None:
    stage.owed(owed(ODD))
    stage.supabase.rows = [seen(ODD, 0)]
    assert stage.concerts.open(ODD).concert_id == ODD
    assert "\x1b" not in stage.refused(ODD).message


@pytest.mark.parametrize("concert", ["77", "", "07", ODD])
def test_a_concert_without_payments_is_none_to_open(stage: Stage, concert: str) -> None:
    stage.owed(owed(CONCERT), owed(None))
    with pytest.raises(UsageError) as caught:
        stage.concerts.open(concert)
    assert caught.value.next_step == "gcms-tui payroll list"


@pytest.mark.parametrize(("concert", "said"), [("8", "20 of 20 payments"), ("9", "3 of 20 payments")])
def test_what_is_paid_even_in_part_is_not_opened(stage: Stage, concert: str, said: str) -> None:
    refused = stage.refused(concert)
    assert refused.guard == "already_paid"
    assert said in refused.message
    assert "2026-02-25" in refused.message


def test_a_concert_of_which_supabase_shows_nothing_may_be_paid_already(stage: Stage) -> None:
    """A policy that hides the rows looks like a concert that was never entered."""
    stage.supabase.rows = [seen("8", 20)]
    assert stage.concert().state is ConcertState.UNKNOWN
    assert stage.refused().guard == "paid_unknown"


def _closed(stage: Stage, run: PayrollRun) -> None:
    stage.told(run, events.CLOSED, exceptions="none", markdown_sha256="m")


def _nothing(stage: Stage, run: PayrollRun) -> None:
    pass


@pytest.mark.parametrize(
    ("then", "guard", "state"),
    [(_closed, "already_paid", ConcertState.UNKNOWN), (_nothing, "open_run", ConcertState.OPEN_RUN)],
)
def test_a_file_that_was_released_is_not_paid_a_second_time_whatever_supabase_says(
    stage: Stage, then: Callable[[Stage, PayrollRun], None], guard: str, state: ConcertState
) -> None:
    then(stage, stage.released())
    assert stage.concert().state is state
    assert stage.refused().guard == guard


def test_what_could_not_be_archived_in_the_end_is_not_begun(stage: Stage) -> None:
    stage.scene.warehouse.answers["table_kind"] = [{"table_type": "VIEW", "is_transient": "NO"}]
    assert stage.refused().guard == "not_a_table"
    assert stage.scene.book().all() == ()


@pytest.mark.parametrize("paid", [20, 1])
def test_a_run_whose_concert_was_paid_in_another_way_since_is_told_so(stage: Stage, paid: int) -> None:
    run = stage.concerts.open(CONCERT)
    stage.paid.require_unpaid(CONCERT, but=run)
    stage.supabase.rows = [seen(CONCERT, paid)]
    with pytest.raises(Refused, match=f"{paid} of 20 payments of concert 7 recorded as paid") as refused:
        stage.paid.require_unpaid(CONCERT, but=run)
    assert refused.value.guard == "already_paid"


def test_a_second_run_of_a_concert_goes_nowhere_however_it_came_to_be(stage: Stage) -> None:
    run = stage.scene.opened()
    stage.scene.store().payroll.end(run.run_id, stage.scene.clock())
    with pytest.raises(Refused, match=run.run_id) as refused:
        stage.paid.require_unpaid(CONCERT, but=stage.scene.opened())
    assert refused.value.guard == "open_run"


def test_a_run_that_was_given_up_stands_in_nobodys_way(stage: Stage) -> None:
    stage.told(stage.released(), events.ABANDONED, reason="withdrawn", withdrawn=True)
    stage.scene.clock.now += HOUR
    assert stage.concert().state is ConcertState.NEVER_PAID
    assert stage.concert().run is not None
    assert stage.concerts.open(CONCERT).state is PayrollState.ACTIVE


def test_fewer_payments_in_supabase_than_in_the_fact_are_told(stage: Stage) -> None:
    stage.supabase.rows = [seen(CONCERT, 0, 18)]
    assert stage.concert().words == "Supabase shows 18 payments, the fact 20"
