"""The list of concerts and the first three steps, over the practice platform: dbt, warehouse and Supabase are real."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

import psycopg

from gcms_tui.adapters.supabase_reader import SupabaseDatabase
from gcms_tui.cli.invocation import Invocation
from gcms_tui.cli.wiring.base import every_dbt_file, load_settings, open_store, open_warehouse, query_library, utc_now
from gcms_tui.cli.wiring.desks import open_run_desk
from gcms_tui.core.payroll.gates import Limits
from gcms_tui.core.payroll.run import PayrollRun
from gcms_tui.core.payroll.steps import Step
from gcms_tui.core.run import Person, Run
from gcms_tui.core.run_preview import Preview
from gcms_tui.core.secret import Secret
from gcms_tui.core.settings import Settings
from gcms_tui.operations.payroll.book import Payrolls
from gcms_tui.operations.payroll.checklist import Checklist
from gcms_tui.operations.payroll.concerts import Concerts, ConcertState
from gcms_tui.operations.payroll.critical import CriticalTests
from gcms_tui.operations.payroll.holding import Holds
from gcms_tui.operations.payroll.payments import PaymentReader
from gcms_tui.operations.payroll.unpaid import PaidConcerts
from tests.integration.asking import PAYROLL, Asking, connect
from tests.practice import RunningPlatform

LIMITS = Limits(timedelta(hours=24), timedelta(hours=96))
TARGET = "sandbox"
HELD = "33"


@dataclass
class Desk:
    concerts: Concerts
    checklist: Checklist
    book: Payrolls
    warehouse: Asking

    def models(self, run_id: str) -> PayrollRun:
        started = self._carried_out(self.checklist.preview_models, self.checklist.start_models, run_id)
        return self.checklist.settle_models(run_id, started.run_id)

    def tests(self, run_id: str) -> PayrollRun:
        started = self._carried_out(self.checklist.preview_tests, self.checklist.start_tests, run_id)
        return self.checklist.settle_tests(run_id, started.run_id)

    def _carried_out(self, preview: Callable[[str], Preview], start: Callable[[str, Preview], Run], run_id: str) -> Run:
        run = start(run_id, preview(run_id))
        pending = self.checklist.pending(run_id)
        assert pending is not None and pending.run_id == run.run_id
        runs = self.checklist.runs
        watch = runs.watch(run.run_id)
        deadline = time.monotonic() + 120
        while not (look := runs.look(run.run_id, watch)).run.state.ended:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        watch.close()
        return look.run


@contextmanager
def desk(platform: RunningPlatform, settings: Settings, invocation: Invocation) -> Iterator[Desk]:
    erin = Person("erin", "ops-1")
    store, queries, warehouse = open_store(settings, erin), query_library(settings), open_warehouse(settings)
    critical = CriticalTests(every_dbt_file(settings, TARGET), TARGET)
    book = Payrolls(
        TARGET,
        index=store.payroll,
        journal=store.journal,
        leases=store.leases,
        holds=Holds(TARGET, journal=store.journal, person=erin, critical=critical),
        limits=LIMITS,
        clock=utc_now,
    )
    concerts = Concerts(
        settings,
        warehouse=warehouse,
        paid=PaidConcerts(
            settings.supabase, supabase=SupabaseDatabase(Secret(platform.postgres)), queries=queries, book=book
        ),
        queries=queries,
        book=book,
    )
    with open_run_desk(settings, invocation) as runs, connect(platform.snowflake) as plain:
        checklist = Checklist(
            settings,
            book=book,
            reader=PaymentReader(settings.payroll, warehouse, queries),
            warehouse=warehouse,
            queries=queries,
            project=every_dbt_file(settings, TARGET),
            runs=runs,
            clock=utc_now,
        )
        yield Desk(concerts, checklist, book, Asking(plain))
    warehouse.close()


def mend(warehouse: Asking) -> None:
    """Take out the story's duplicates: dbt would skip what stands on them."""
    current = "SELECT MAX(scd_id) FROM bronze.br_attendance_scd2 WHERE is_current GROUP BY natural_key"
    warehouse.plain(f"DELETE FROM bronze.br_attendance_scd2 WHERE is_current AND scd_id NOT IN ({current})")


def listed(it: Desk, platform: RunningPlatform) -> str:
    """Every concert as plain statements find it; answers one that is not paid, and not the story's."""
    found = it.concerts.list()
    owed = it.warehouse.plain(
        "SELECT concert_id, COUNT(DISTINCT musician_id), SUM(net_amount) FROM gold.fct_musician_payment GROUP BY 1"
    )
    assert {(one.concert_id, one.musicians, one.net) for one in found.concerts} == {
        (str(concert), musicians, Decimal(net)) for concert, musicians, net in owed
    }
    with psycopg.connect(platform.postgres) as supabase:
        asked = "SELECT concert_id::text, bool_and(paid), MAX(payment_date) FROM public.payment GROUP BY 1"
        recorded = supabase.execute(asked).fetchall()
    states = {one.concert_id: one.state for one in found.concerts}
    paid = {(one.concert_id, one.state is ConcertState.PAID, one.paid_on) for one in found.concerts}
    assert paid == set(recorded)
    # The story's critical test fails: nothing that is not paid may go on.
    assert {state for state in states.values() if state is not ConcertState.PAID} == {ConcertState.HELD}
    dates = [one.concert_date for one in found.concerts if one.concert_date]
    assert dates == sorted(dates, reverse=True)
    return next(concert for concert, state in states.items() if state is ConcertState.HELD and concert != HELD)


def disagreeing(it: Desk, concert: str) -> int:
    return len(
        it.warehouse.rows("payroll_concert_discrepancies", PAYROLL, concert_id=concert, tolerance="0.01", limit=9)
    )


def test_a_concert_is_listed_opened_and_walked_to_frozen_data(fresh_platform: RunningPlatform) -> None:
    invocation = Invocation(config=fresh_platform.config)
    settings = load_settings(invocation).settings
    with desk(fresh_platform, settings, invocation) as it:
        concert = listed(it, fresh_platform)
        assert disagreeing(it, HELD) > 0 == disagreeing(it, concert)
        run_id = it.concerts.open(concert).run_id
        fresh = it.checklist.freshness(run_id).checks[Step.FRESHNESS]
        assert fresh.passed, fresh.words
        assert [item["table"].rpartition("_")[2] for item in fresh.said["sources"]] == [
            "attendance", "concert", "musician", "rehearsal",
        ]  # fmt: skip
        mend(it.warehouse)
        built = it.models(run_id).checks[Step.MODELS]
        assert built.passed, built.words
        run = it.tests(run_id)
        tested = run.checks[Step.TESTS]
        assert tested.passed, tested.words
        [(entries, gross, deductions, net, ids)] = it.warehouse.plain(
            "SELECT COUNT(*), SUM(gross_amount), SUM(deductions), SUM(net_amount), SUM(musician_id) "
            "FROM gold.fct_musician_payment WHERE concert_id = ?",
            int(concert),
        )
        assert run.frozen is not None
        totals = run.frozen.totals
        assert (totals.entries, totals.gross, totals.deductions, totals.net, totals.hash_total) == (
            entries, gross, deductions, net, ids,
        )  # fmt: skip
        assert it.checklist.pending(run_id) is None
        assert it.book.holds.open() == ()
        assert it.checklist.settle_tests(run_id, tested.said["run"]).entries == run.entries
