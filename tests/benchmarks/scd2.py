"""The browser over a large SCD2 table, beside the same SQL run bare on the same warehouse."""

from __future__ import annotations

import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import snowflake.connector

from gcms_tui.adapters.queries import QueryLibrary
from gcms_tui.cli import wiring
from gcms_tui.cli.invocation import Invocation
from gcms_tui.core.identifier import Relation
from gcms_tui.core.scd2.scan import GroupOrder, Place
from gcms_tui.core.settings import Scd2TableSettings, Settings
from gcms_tui.operations.scd2.browse import Scd2Browser
from gcms_tui.operations.scd2.tables import Scd2Tables
from gcms_tui.sandbox.lifecycle import Platform
from tests.benchmarks.measure import Row, in_turn
from tests.operations.run_memory import MemoryJournal

ROWS, GROUPS = 10_000_000, 100_000
FEW = 10
PAGES = 100
_TABLE = Relation("BRONZE", "BIG_SCD2")
_FEW_TABLE = Relation("BRONZE", "BIG_FEW_SCD2")
_LIMIT_S = 600


def scd2(platform: Platform) -> list[Row]:
    """One scan of ten million rows, and pages of a hundred thousand groups beside pages of ten."""
    settings = _settings(platform)
    _fill(platform, _TABLE, GROUPS)
    _fill(platform, _FEW_TABLE, FEW)
    with _browser(settings) as (browser, tables, queries):
        return [*_scan(platform, browser, tables, queries), *_pages(browser)]


def _settings(platform: Platform) -> Settings:
    settings = wiring.load_settings(Invocation(config=platform.config)).settings
    slow = replace(settings.snowflake, statement_timeout_s=_LIMIT_S, network_timeout_s=_LIMIT_S)
    return replace(settings, scd2=(Scd2TableSettings(_TABLE), Scd2TableSettings(_FEW_TABLE)), snowflake=slow)


@contextmanager
def _browser(settings: Settings) -> Iterator[tuple[Scd2Browser, Scd2Tables, QueryLibrary]]:
    queries = wiring.query_library(settings)
    warehouse = wiring.open_warehouse(settings, purpose="scd2")
    tables = Scd2Tables(settings, wiring.dbt_files(settings), warehouse, queries)
    try:
        yield Scd2Browser(tables, warehouse, queries, MemoryJournal()), tables, queries
    finally:
        warehouse.close()


def _fill(platform: Platform, table: Relation, groups: int) -> None:
    """Two versions a key, one closed where the next begins; of the first `groups` keys both are current."""
    with snowflake.connector.connect(**platform.snowflake()) as connection:
        connection.cursor().execute(
            f"""
            CREATE OR REPLACE TABLE {table.sql} AS
            SELECT
                'v' || seq4() AS scd_id,
                'key-' || LPAD(TO_VARCHAR(FLOOR(seq4() / 2)), 8, '0') AS natural_key,
                MOD(seq4(), 7) AS status,
                DATEADD(day, MOD(seq4(), 2) * 10, '2026-01-01'::TIMESTAMP_NTZ) AS effective_from,
                IFF(MOD(seq4(), 2) = 1 OR seq4() < {2 * groups}, NULL, '2026-01-10'::TIMESTAMP_NTZ) AS effective_to,
                MOD(seq4(), 2) = 1 OR seq4() < {2 * groups} AS is_current,
                DATEADD(second, MOD(seq4(), 86400), '2026-01-01'::TIMESTAMP_NTZ) AS recorded_at,
                '2026-01-02'::TIMESTAMP_NTZ AS inserted_at,
                '2026-01-02'::TIMESTAMP_NTZ AS updated_at
            FROM TABLE(GENERATOR(ROWCOUNT => {ROWS}))
            """
        )


def _scan(platform: Platform, browser: Scd2Browser, tables: Scd2Tables, queries: QueryLibrary) -> list[Row]:
    statement = tables.get("big_scd2").render(queries.get("scd2_integrity"))
    with snowflake.connector.connect(**platform.snowflake(), session_parameters={"TIMEZONE": "UTC"}) as connection:

        def bare() -> float:
            began = time.monotonic()
            cursor = connection.cursor()
            cursor.execute(statement.sql)
            cursor.fetchall()
            return time.monotonic() - began

        ours, alone = in_turn(2, lambda: _seconds(browser), bare)
    found = browser.scan("big_scd2").defects["duplicate_current"]
    assert found == GROUPS, found
    return [Row.of_pair("defect scan of 10,000,000 rows", ours, alone, "the same SQL bare", 1.2)]


def _seconds(browser: Scd2Browser) -> float:
    began = time.monotonic()
    browser.scan("big_scd2")
    return time.monotonic() - began


def _pages(browser: Scd2Browser) -> list[Row]:
    """The first and the hundredth page by key, the first by count, and one of ten groups on as many rows."""
    first, of_few = in_turn(
        3,
        lambda: _page_seconds(browser, "big_scd2", GroupOrder.KEY),
        lambda: _page_seconds(browser, "big_few_scd2", GroupOrder.KEY),
    )
    memory = _resident_mb()
    times: list[float] = []
    after: Place | None = None
    for _ in range(PAGES):
        began = time.monotonic()
        page = browser.groups("big_scd2", after=after)
        times.append(time.monotonic() - began)
        after = page.after
    grown = _resident_mb() - memory
    by_count = [_page_seconds(browser, "big_scd2", GroupOrder.COUNT) for _ in range(3)]
    return [
        Row.of_pair("first page of 100,000 groups", first, of_few, "of 10 groups", 1.5),
        Row.of_pair("pages 98 to 100", times[-3:], first, "first page", 1.2),
        Row("  sorted by count", f"{min(by_count):.3f} s", "", "", ""),
        Row("memory for a hundred pages", f"{grown:+.0f} MB", "", "", "flat"),
    ]


def _page_seconds(browser: Scd2Browser, name: str, order: GroupOrder) -> float:
    began = time.monotonic()
    browser.groups(name, order=order)
    return time.monotonic() - began


def _resident_mb() -> float:
    """The most this process has had so far: what grows shows."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
