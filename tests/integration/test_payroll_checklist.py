"""The list of concerts and the first step, over the practice platform: warehouse and Supabase are real.

The other steps are walked in tests/cli/test_payroll_walk.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import psycopg

from gcms_tui.adapters.supabase_reader import SupabaseDatabase
from gcms_tui.cli.invocation import Invocation
from gcms_tui.cli.wiring.base import every_dbt_file, load_settings, open_store, open_warehouse, query_library, utc_now
from gcms_tui.cli.wiring.desks import open_run_desk
from gcms_tui.core.payroll.gates import Limits
from gcms_tui.core.payroll.steps import Step
from gcms_tui.core.run import Person
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


def test_concerts_are_listed_and_one_is_opened_whose_sources_are_fresh(
    platform: RunningPlatform, tmp_path: Path
) -> None:
    invocation = Invocation(config=platform.config)
    settings = replace(load_settings(invocation).settings, state_dir=tmp_path)  # the platform is everybody's
    with desk(platform, settings, invocation) as it:
        concert = listed(it, platform)
        assert disagreeing(it, HELD) > 0 == disagreeing(it, concert)
        run_id = it.concerts.open(concert).run_id
        fresh = it.checklist.freshness(run_id).checks[Step.FRESHNESS]
        assert fresh.passed, fresh.words
        assert [item["table"].rpartition("_")[2] for item in fresh.said["sources"]] == [
            "attendance", "concert", "musician", "rehearsal",
        ]  # fmt: skip
        [hold] = it.book.holds.open()
        assert hold.cause == "critical test" and hold.by is None
