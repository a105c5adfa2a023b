"""The doctor's visits to Snowflake and Supabase."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

from gcms_tui.cli import wiring
from gcms_tui.cli.observation import Observation, from_error, good
from gcms_tui.core.dbt_manifest import FoundScd2
from gcms_tui.core.errors import GcmsError
from gcms_tui.core.freshness import TIMESTAMP_COLUMNS, pick_timestamp_column
from gcms_tui.core.identifier import Column, Relation, folded
from gcms_tui.core.query import Statement
from gcms_tui.core.settings import Scd2TableSettings, SchemaSettings, Settings, SourceSettings
from gcms_tui.core.verdict import Verdict
from gcms_tui.operations.checks import scd2_tables, table_names
from gcms_tui.operations.ports import QueryLibrary, Warehouse
from gcms_tui.operations.questions import DbtFiles

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
        return [source, from_error("snowflake.login", error), _not_looked_at()]
    else:
        return [
            source,
            good("snowflake.login", f"user {identity.user}, account {identity.account}, version {identity.version}"),
            *_reading_role(settings, names_a_role=bool(credentials.public.get("role"))),
            *_context(identity.role, identity.warehouse, identity.database),
            _schemas(settings.schemas, visible),
            *_relations(settings, warehouse, library),
        ]
    finally:
        warehouse.close()


def _reading_role(settings: Settings, *, names_a_role: bool) -> Iterator[Observation]:
    """Only a named role is taken alone; without one the session keeps the user's secondary roles."""
    if settings.snowflake.role is None and not settings.sandbox:
        secondary = "" if names_a_role else " and its secondary roles"
        yield Observation(
            "snowflake.reading_role",
            Verdict.WARN,
            f"Reads with the connection's own role{secondary}.",
            "Name a role that may only SELECT: role under [snowflake] in gcms.toml.",
        )


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


@dataclass(frozen=True, slots=True)
class _Watched:
    """One table that the checks ask, and which columns they ask it for."""

    name: str
    relation: Relation
    missing: Callable[[set[str]], list[str]] = lambda found: []


def _relations(settings: Settings, warehouse: Warehouse, library: QueryLibrary) -> list[Observation]:
    columns = library.get("table_columns")
    versioned, _ = scd2_tables(settings, DbtFiles(wiring.dbt_files(settings)))

    def look(item: _Watched) -> Observation:
        relation = item.relation
        statement = columns.render(
            {"information_schema": relation.information_schema},
            {"schema_name": relation.schema, "table_name": relation.name},
        )
        return _table(item, statement, warehouse)

    with ThreadPoolExecutor(_AT_ONCE, "doctor") as pool:
        seen = list(pool.map(look, _watched(settings, versioned)))
    return [*seen, *_uncheckable(versioned)]


def _uncheckable(versioned: Mapping[str, FoundScd2]) -> Iterator[Observation]:
    for name, item in versioned.items():
        if item.table is None:
            summary = f"{item.name} holds versions, but cannot be checked: {item.problem}"
            advice = "Describe it as a table of [[scd2]] in gcms.toml, with its column names."
            yield Observation(f"scd2.{name}", Verdict.WARN, summary, advice)


def _table(item: _Watched, statement: Statement, warehouse: Warehouse) -> Observation:
    try:
        found = {str(row[0]) for row in warehouse.read(statement).rows}
    except GcmsError as error:
        return from_error(item.name, error)
    if not found:
        return Observation(
            item.name,
            Verdict.FAIL,
            f"{item.relation} is not there, or the role may not see it.",
            "Build it (dbt run) or load it, ask for the right to see it, or correct its name in gcms.toml.",
        )
    if missing := item.missing(found):
        return Observation(
            item.name,
            Verdict.FAIL,
            f"{item.relation} has no column {', '.join(missing)}.",
            "Name the right column in gcms.toml.",
        )
    return good(item.name, f"{item.relation}, {len(found)} columns")


def _watched(settings: Settings, versioned: Mapping[str, FoundScd2]) -> list[_Watched]:
    payroll = settings.payroll
    sources = table_names(source.table for source in settings.sources)
    return [
        *(
            _Watched(f"source.{sources[source.table]}", source.table, partial(_missing_in_source, source))
            for source in settings.sources
        ),
        *(
            _Watched(f"scd2.{name}", item.table.table, partial(_missing_in_scd2, item.table))
            for name, item in versioned.items()
            if item.table
        ),
        _Watched("payroll.fact", payroll.fact),
        _Watched("payroll.dim_musician", payroll.dim_musician),
        _Watched("payroll.dim_concert", payroll.dim_concert),
        _Watched("payroll.source_payment", payroll.source_payment),
    ]


def _missing_in_source(source: SourceSettings, found: set[str]) -> list[str]:
    if source.timestamp_column:
        return _not_in(found, source.timestamp_column)
    return [] if pick_timestamp_column(found) else [" or ".join(name.lower() for name in TIMESTAMP_COLUMNS)]


def _missing_in_scd2(table: Scd2TableSettings, found: set[str]) -> list[str]:
    return _not_in(
        found,
        *(table.natural_key, table.scd_id, table.effective_from, table.effective_to),
        *(table.is_current, table.recorded_at, table.inserted_at),
    )


def _not_in(found: set[str], *columns: str | None) -> list[str]:
    return [str(Column.parse(column)) for column in columns if column is not None and folded(column) not in found]


def _not_looked_at() -> Observation:
    return Observation("snowflake.tables", Verdict.UNKNOWN, "The tables were not looked at.", "")


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
