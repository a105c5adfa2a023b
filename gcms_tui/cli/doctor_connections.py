"""The doctor's visits to Snowflake and Supabase."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from gcms_tui.cli import wiring
from gcms_tui.cli.observation import Observation, from_error, good
from gcms_tui.core.errors import GcmsError
from gcms_tui.core.freshness import TIMESTAMP_COLUMNS, pick_timestamp_column
from gcms_tui.core.identifier import Column, Relation, folded
from gcms_tui.core.query import Statement
from gcms_tui.core.settings import SchemaSettings, Settings
from gcms_tui.core.verdict import Verdict
from gcms_tui.operations.ports import QueryLibrary, Warehouse

_AT_ONCE = 8


def snowflake_observations(settings: Settings) -> list[Observation]:
    """Login, identity, and whether everything the settings name is there and may be read."""
    try:
        credentials = wiring.snowflake_credentials(settings)
        warehouse = wiring.open_warehouse(settings, purpose="doctor")
    except GcmsError as error:
        return [from_error("snowflake.credentials", error)]
    source = good("snowflake.credentials", f"{credentials.method} for {credentials.where}, from {credentials.source}")
    try:
        library = wiring.query_library(settings)
        identity, visible = warehouse.identity(), warehouse.schemas()
    except GcmsError as error:
        return [source, from_error("snowflake.login", error), *_not_looked_at(settings)]
    else:
        return [
            source,
            good("snowflake.login", f"user {identity.user}, account {identity.account}, version {identity.version}"),
            *_context(identity.role, identity.warehouse, identity.database),
            _schemas(settings.schemas, visible),
            *_relations(settings, warehouse, library),
        ]
    finally:
        warehouse.close()


def _context(role: str, warehouse: str, database: str) -> Iterator[Observation]:
    advice = "Name it in the dbt target, and ask for the right to use it."
    for name, value in (("role", role), ("warehouse", warehouse), ("database", database)):
        if value:
            yield good(f"snowflake.{name}", value)
        else:
            yield Observation(f"snowflake.{name}", Verdict.FAIL, f"The session has no {name}.", advice)


def _schemas(settings: SchemaSettings, visible: frozenset[str]) -> Observation:
    name = "snowflake.schemas"
    missing = [wanted for wanted in (settings.raw, settings.bronze, settings.gold) if folded(wanted) not in visible]
    later = [wanted for wanted in (settings.silver, settings.test_results) if folded(wanted) not in visible]
    if missing:
        advice = "Ask for USAGE on it, or correct its name under [schemas] in gcms.toml."
        return Observation(name, Verdict.FAIL, f"Not there, or not to be seen: {', '.join(missing)}.", advice)
    if later:
        advice = "dbt makes it: test_results by dbt test --store-failures. Else correct [schemas] in gcms.toml."
        return Observation(name, Verdict.WARN, f"Not there, or not to be seen: {', '.join(later)}.", advice)
    return good(name, f"{settings.raw}, {settings.bronze}, {settings.silver}, {settings.gold}, {settings.test_results}")


def _relations(settings: Settings, warehouse: Warehouse, library: QueryLibrary) -> list[Observation]:
    columns = library.get("table_columns")

    def look(item: tuple[str, Relation]) -> Observation:
        name, relation = item
        statement = columns.render(
            {"information_schema": relation.information_schema},
            {"schema_name": relation.schema, "table_name": relation.name},
        )
        return _table(name, relation, statement, settings, warehouse)

    with ThreadPoolExecutor(_AT_ONCE, "doctor") as pool:
        return list(pool.map(look, _watched(settings)))


def _table(
    name: str, relation: Relation, statement: Statement, settings: Settings, warehouse: Warehouse
) -> Observation:
    try:
        found = {str(row[0]) for row in warehouse.read(statement).rows}
    except GcmsError as error:
        return from_error(name, error)
    if not found:
        return Observation(
            name,
            Verdict.FAIL,
            f"{relation} is not there, or the role may not see it.",
            "Build it (dbt run) or load it, ask for the right to see it, or correct its name in gcms.toml.",
        )
    missing = _missing_columns(settings, relation, found)
    if missing:
        return Observation(
            name,
            Verdict.FAIL,
            f"{relation} has no column {', '.join(missing)}.",
            "Name the right column in gcms.toml.",
        )
    return good(name, f"{relation}, {len(found)} columns")


def _watched(settings: Settings) -> list[tuple[str, Relation]]:
    payroll = settings.payroll
    return [
        *((f"source.{source.table.name.lower()}", source.table) for source in settings.sources),
        *((f"scd2.{table.table.name.lower()}", table.table) for table in settings.scd2),
        *(
            (f"payroll.{name}", relation)
            for name, relation in (
                ("fact", payroll.fact),
                ("dim_musician", payroll.dim_musician),
                ("dim_concert", payroll.dim_concert),
                ("source_payment", payroll.source_payment),
            )
        ),
    ]


def _missing_columns(settings: Settings, relation: Relation, found: set[str]) -> list[str]:
    """What the checks will ask the table for and it does not have."""
    for source in settings.sources:
        if source.table == relation:
            if source.timestamp_column:
                return _not_in(found, source.timestamp_column)
            return [] if pick_timestamp_column(found) else [" or ".join(name.lower() for name in TIMESTAMP_COLUMNS)]
    for table in settings.scd2:
        if table.table == relation:
            return _not_in(
                found,
                *(table.natural_key, table.scd_id, table.effective_from, table.effective_to),
                *(table.is_current, table.recorded_at, table.inserted_at),
            )
    return []


def _not_in(found: set[str], *columns: str | None) -> list[str]:
    return [str(Column.parse(column)) for column in columns if column is not None and folded(column) not in found]


def _not_looked_at(settings: Settings) -> list[Observation]:
    count = len(_watched(settings))
    return [Observation("snowflake.tables", Verdict.UNKNOWN, f"{count} tables were not looked at.", "")]


def supabase_observations(settings: Settings) -> list[Observation]:
    """Whether Supabase answers, as whom, and over what kind of connection."""
    from gcms_tui.adapters.supabase import ping, read_dsn

    try:
        dsn = read_dsn(settings.supabase, os.environ)
        if dsn is None:
            advice = "Set dsn_env, dsn_file or service under [supabase] in gcms.toml."
            return [Observation("supabase", Verdict.WARN, "Not configured: nothing there can be looked at.", advice)]
        seen = ping(dsn, wiring.query_library(settings).get("supabase_session").render())
    except GcmsError as error:
        return [from_error("supabase", error)]
    summary = f"{seen.user} on {seen.database} at {seen.host}, Postgres {seen.version}, {seen.encryption}"
    if not seen.read_only:
        advice = "The pooler ignores session settings: use the session pooler (port 5432)."
        return [Observation("supabase", Verdict.WARN, f"{summary}; the session is not read-only", advice)]
    return [good("supabase", summary)]
