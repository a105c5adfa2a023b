"""`gcms-tui queries`: every SQL statement, with its runbook section and what it may do."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from gcms_tui.adapters.config import find_config
from gcms_tui.adapters.queries import QueryLibrary
from gcms_tui.cli.invocation import Invocation, headless
from gcms_tui.cli.output import as_json, print_json, print_table, tell
from gcms_tui.core.errors import UsageError
from gcms_tui.core.identifier import Column, Identifier, NoColumn, Relation, Schema, current_flag, folded
from gcms_tui.core.query import Described, Dialect, Query
from gcms_tui.core.settings import Scd2TableSettings, Settings, SourceSettings
from gcms_tui.core.text import printable
from gcms_tui.core.verdict import Verdict


@click.group()
def queries() -> None:
    """Every SQL statement: its runbook section, whether it reads or writes, its text."""


@queries.command("list")
@headless
def list_queries(invocation: Invocation) -> None:
    """All queries in one table."""
    library = QueryLibrary.load(_configured(invocation).queries_dir)
    found = [library.get(name) for name in library.names()]
    if invocation.json:
        print_json({"queries": [_summary(query) for query in found]})
        return
    header = ("NAME", "ACCESS", "DIALECT", "RUNBOOK", "PURPOSE")
    rows = [(query.name, query.access.value, query.dialect.value, query.section, query.purpose) for query in found]
    print_table((header, *rows))


@queries.command("show")
@click.argument("name")
@click.option("--rendered", is_flag=True, help="With the configured tables and columns in their places.")
@headless
def show_query(invocation: Invocation, name: str, rendered: bool) -> None:
    """One query: what it is for, and its text."""
    settings = _configured(invocation)
    library = QueryLibrary.load(settings.queries_dir)
    if name not in library.names():
        meant = library.nearest(name)
        advice = f"gcms-tui queries show {meant}" if meant else "gcms-tui queries list"
        raise UsageError("No such query", f"There is no query {name}.", advice)
    query = library.get(name)
    text = query.sql
    if rendered:
        text = query.named(configured_names(query, settings))
        if settings.path is None:
            tell("gcms-tui: there is no gcms.toml: the names are the built-in ones.")
    if invocation.json:
        print_json({**_summary(query), "sql": text})
        return
    for line in _front(query):
        click.echo(f"-- {printable(line)}")
    click.echo(text)


@queries.command("check")
@headless
def check_queries(invocation: Invocation) -> int:
    """Parse every query, and compare what it is with what it says of itself."""
    settings = _configured(invocation)
    library = QueryLibrary.load(settings.queries_dir)
    problems = library.problems()
    verdict = Verdict.FAIL if problems else Verdict.OK
    if invocation.json:
        print_json({"verdict": verdict, "queries": len(library.names()), "problems": problems})
    elif problems:
        for problem in problems:
            click.echo(printable(problem))
    else:
        click.echo(f"{len(library.names())} queries, all as they say they are.")
    return verdict.value


def configured_names(query: Query, settings: Settings) -> dict[str, Identifier]:
    """The first configured table and columns that fit each of the query's names, the built-in ones where none is."""
    source = settings.sources[0] if settings.sources else SourceSettings(Relation("RAW", "SUPABASE_ATTENDANCE"))
    scd2 = settings.scd2[0] if settings.scd2 else Scd2TableSettings(Relation("BRONZE", "BR_ATTENDANCE_SCD2"))
    payroll = settings.payroll
    backup = folded(settings.schemas.gold) + settings.schemas.backup_suffix.upper()
    wanted = {item.name for item in query.placeholders}
    if query.dialect is Dialect.POSTGRES:
        table = Relation("public", source.table.name.removeprefix("SUPABASE_").lower())
    elif "natural_key" in wanted or "effective_from" in wanted:
        table = scd2.table
    else:
        table = source.table if "loaded_at" in wanted else payroll.fact
    names: dict[str, Identifier] = {
        "table": table,
        "information_schema": source.table.information_schema,
        "source": source.table,
        "loaded_at": Column.parse(source.timestamp_column or "_airbyte_extracted_at"),
        "scd2": scd2.table,
        "natural_key": Column.parse(scd2.natural_key),
        "scd_id": Column.parse(scd2.scd_id),
        "effective_from": Column.parse(scd2.effective_from),
        "effective_to": Column.parse(scd2.effective_to),
        "is_current": current_flag(scd2.is_current, scd2.effective_to),
        "recorded_at": Column.parse(scd2.recorded_at),
        "inserted_at": Column.parse(scd2.inserted_at),
        "updated_at": Column.parse(scd2.updated_at) if scd2.updated_at else NoColumn(),
        "fact": payroll.fact,
        "dim_musician": payroll.dim_musician,
        "dim_concert": payroll.dim_concert,
        "source_payment": payroll.source_payment,
        "payment": Relation("public", "payment"),
        "failures": Relation(
            folded(settings.schemas.test_results),
            "EXPRESSION_IS_TRUE_FCT_MUSICIAN_PAYMENT_NET_AMOUNT_GROSS_AMOUNT_DEDUCTIONS",
        ),
        "backup_schema": Schema(backup),
        "model_executions": Relation(folded(settings.schemas.ops), "FCT_DBT__MODEL_EXECUTIONS"),
        "run_results": Relation(folded(settings.schemas.ops), "DBT_RUN_RESULTS"),
        "snapshot": Relation(folded(settings.schemas.ops), "PAYROLL_SNAPSHOT"),
        "anchors": Relation(folded(settings.schemas.ops), "JOURNAL_ANCHOR"),
    }
    for clone in ("backup", "before", "restored", "renamed"):
        schema = table.schema if clone == "renamed" else backup
        names[clone] = replace(table, schema=schema, name=f"{table.name}_{clone.upper()}")
    written = {item.name for item in query.placeholders if item.kind == "column"}
    for name in ("is_current", "updated_at"):  # the statement is for tables that have the column
        if name in written and not isinstance(names[name], Column):
            names[name] = Column(name.upper())
    return {item.name: names.get(item.name) or _by_its_own_name(item, table) for item in query.placeholders}


def _by_its_own_name(item: Described, table: Relation) -> Identifier:
    """For what no configuration names: every query can be shown, a new one's names as its front comment calls them."""
    own = item.name.upper()
    match item.kind:
        case "relation":
            return replace(table, name=own)
        case "schema":
            return Schema(own)
        case _:
            return Column(own)


def _configured(invocation: Invocation) -> Settings:
    """The configuration, or the defaults where there is none: the library can be read without one."""
    if invocation.config is None and find_config(None, os.environ, Path.cwd()) is None:
        return Settings()
    from gcms_tui.cli.wiring import load_settings

    return load_settings(invocation).settings


def _summary(query: Query) -> dict[str, Any]:
    return {key: value for key, value in as_json(query).items() if key != "sql"}


def _front(query: Query) -> list[str]:
    facts = f"{query.access.value}, {query.dialect.value}; runbook: {query.section}; {query.source}"
    lines = [query.purpose, facts]
    lines += [f"{item.kind} {{{item.name}}}: {item.doc}" for item in query.placeholders]
    lines += [f"value :{item.name} {item.kind}: {item.doc}" for item in query.parameters]
    lines += [f"result {item.name} {item.kind}: {item.doc}" for item in query.results]
    return [*lines, f"instead: {query.instead}"] if query.instead else lines
