"""`gcms-tui scd2 list` and `scd2 show`."""

from __future__ import annotations

from typing import Any

import click

from gcms_tui.cli.invocation import Invocation, headless
from gcms_tui.cli.output import as_json, print_json, print_table, tell, timestamp
from gcms_tui.cli.refusal import refusal_json
from gcms_tui.cli.wiring import load_settings, open_scd2_desk
from gcms_tui.core.errors import GcmsError, Refused
from gcms_tui.core.scd2 import moment
from gcms_tui.core.scd2.repair import decide
from gcms_tui.core.scd2.scan import GroupOrder, GroupPage, KeyVersions, TableScan
from gcms_tui.core.text import printable
from gcms_tui.operations.scd2.browse import Scd2Browser
from gcms_tui.operations.scd2.desk import Scd2Desk

_UNKNOWN = 3
_WIDEST_KEY = 60


@click.command("list")
@click.option("--table", "only", metavar="T", help="One table, with its schema or without.")
@click.option("--containing", metavar="TEXT", default="", help="Only keys that hold this text, in any case.")
@click.option("--order", type=click.Choice([order.value for order in GroupOrder]), default="key", show_default=True)
@click.option("--limit", default=100, show_default=True, type=click.IntRange(0), help="Keys of each table at most.")
@headless
def list_tables(invocation: Invocation, only: str | None, containing: str, order: str, limit: int) -> int:
    """Every SCD2 table with the defects of one scan, and the natural keys that have more than one current version.

    Ends with 3 where a table cannot be looked at, or is empty: nothing is known of it then.
    """
    with open_scd2_desk(load_settings(invocation).settings, invocation) as desk:
        listed = desk.browser.tables()
        names = [only] if only is not None else [item.name for item in listed]
        written = {item.name: item.table for item in listed}
        told = [_table(desk.browser, name, written.get(name, name), containing, order, limit) for name in names]
    if invocation.json:
        print_json({"tables": told})
    else:
        for document in told:
            _print_table(document)
    return 0 if all(document.get("rows") for document in told) else _UNKNOWN


def _table(browser: Scd2Browser, name: str, table: str, containing: str, order: str, limit: int) -> dict[str, Any]:
    try:
        scan = browser.scan(name)
        duplicates = scan.defects["duplicate_current"]
        page = _groups(browser, name, containing, order, limit) if duplicates and limit else None
    except GcmsError as error:
        return {"table": table, "error": f"{error.title}: {error.message}", "next_step": error.next_step}
    return {"table": table, **_scan_json(scan), "groups": _groups_json(page), "more": bool(page and page.after)}


def _groups(browser: Scd2Browser, name: str, containing: str, order: str, limit: int) -> GroupPage:
    return browser.groups(name, order=GroupOrder(order), containing=containing, size=limit)


def _scan_json(scan: TableScan) -> dict[str, Any]:
    return {
        "rows": scan.rows,
        "keys": scan.keys,
        "defects": dict(scan.defects),
        "closed": {"day_before": scan.closed.day_before, "same_instant": scan.closed.same_instant},
        "taken_at": timestamp(scan.taken_at),
        "query_id": scan.provenance.query_id,
    }


def _groups_json(page: GroupPage | None) -> list[dict[str, Any]]:
    return [
        {
            "natural_key": group.natural_key,
            "current_count": group.current_count,
            "distinct_ids": group.distinct_ids,
            "newest_recorded_at": as_json(group.newest_recorded_at),
            "scd_ids": list(group.scd_ids),
        }
        for group in (page.groups if page else ())
    ]


def _print_table(document: dict[str, Any]) -> None:
    if "error" in document:
        tell(f"{document['table']}: {printable(document['error'])}")
        tell(f"  -> {printable(document['next_step'])}")
        return
    found = ", ".join(f"{name} {number:,}" for name, number in document["defects"].items() if number)
    state = found or ("no defect" if document["rows"] else "empty: nothing is known of it")
    click.echo(f"{printable(document['table'])}: {document['rows']:,} versions of {document['keys']:,} keys; {state}")
    if document["groups"]:
        rows = [
            (printable(group["natural_key"], _WIDEST_KEY), str(group["current_count"]), ", ".join(group["scd_ids"]))
            for group in document["groups"]
        ]
        print_table((("  KEY", "CURRENT", "SCD IDS"), *((f"  {key}", n, ids) for key, n, ids in rows)))
        if document["more"]:
            tell("  -> There are more: --limit, --containing. In the console they come page by page (key 3).")


@click.command()
@click.argument("key")
@click.option("--table", "name", metavar="T", required=True, help="The table, with its schema or without.")
@click.option("--reveal", is_flag=True, help="The personal columns too; that is journalled.")
@headless
def show(invocation: Invocation, key: str, name: str, reveal: bool) -> None:
    """Every version of the natural key KEY, newest first, and what a repair would make of them."""
    with open_scd2_desk(load_settings(invocation).settings, invocation) as desk:
        found = desk.browser.key(name, key, reveal=reveal)
        if not found.versions:
            raise Refused(
                "No such key", f"The table has no version of {key[:80]!r}.", "gcms-tui scd2 list", guard="no_such_key"
            )
        proposal = _proposal(desk, name, found)
    if invocation.json:
        print_json({**_key_json(found), **proposal})
    else:
        _print_key(found, proposal)


def _proposal(desk: Scd2Desk, name: str, found: KeyVersions) -> dict[str, Any]:
    """What the rules would do by themselves: a look, not a plan."""
    in_force = desk.browser.in_force(name, desk.browser.scan(name).closed)
    try:
        decided = decide([row.version for row in found.versions], in_force.convention)
    except Refused as refused:
        return {"refused": refusal_json(refused)}
    becomes = {closing.before.scd_id: closing for closing in decided.closings}
    return {
        "winner": decided.winner.scd_id,
        "reason": decided.reason,
        "closes": [
            {"scd_id": scd_id, "effective_to": closing.after.effective_to, "why": closing.why}
            for scd_id, closing in becomes.items()
        ],
    }


def _key_json(found: KeyVersions) -> dict[str, Any]:
    return {
        "natural_key": found.natural_key,
        "versions": [{**row.version.row.as_dict(), "columns": as_json(dict(row.cells))} for row in found.versions],
        "differing": sorted(found.differing),
        "masked": [] if found.revealed else list(found.personal),
        "taken_at": timestamp(found.taken_at),
        "query_id": found.provenance.query_id,
    }


def _print_key(found: KeyVersions, proposal: dict[str, Any]) -> None:
    ends = {item["scd_id"]: moment.short(item["effective_to"]) for item in proposal.get("closes", ())}
    rows = []
    for row in found.versions:
        version = row.version
        becomes = "stays current" if version.scd_id == proposal.get("winner") else ""
        if version.scd_id in ends and version.is_current:
            becomes = f"would end {ends[version.scd_id]}"
        rows.append(
            (
                str(version.scd_id),
                "current" if version.is_current else "closed" if version.is_current is False else "no flag",
                moment.short(version.effective_from) if version.effective_from else "NULL",
                moment.short(version.effective_to),
                moment.short(version.recorded_at) if version.recorded_at else "NULL",
                becomes,
            )
        )
    print_table((("SCD ID", "STATE", "FROM", "TO", "RECORDED", ""), *rows))
    if found.differing:
        click.echo(f"The current versions differ in: {', '.join(map(printable, sorted(found.differing)))}")
    if "refused" in proposal:
        tell(f"{proposal['refused']['title']}: {printable(proposal['refused']['message'])}")
        tell(f"  -> {printable(proposal['refused']['next_step'])}")
    elif "reason" in proposal:
        click.echo(f"{proposal['winner']} would stay current: {proposal['reason']}")
