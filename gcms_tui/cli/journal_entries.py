"""`gcms-tui journal list` and `journal show`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Any

import click

from gcms_tui.cli.invocation import Invocation, headless
from gcms_tui.cli.output import print_json, print_table, tell
from gcms_tui.cli.wiring import load_settings, open_store
from gcms_tui.core.text import printable
from gcms_tui.core.writing.journal import Entry

_HEADER = ("ENTRY", "AT (UTC)", "KIND", "SUBJECT", "WHO", "WHAT")
_SUBJECT, _WHAT, _LINE = 40, 120, 2_000


@click.command("list")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1), help="How many of the newest.")
@click.option("--before", type=click.IntRange(1), metavar="ENTRY", help="Only those before this entry.")
@click.option("--kind", default="", metavar="KIND", help="Only these: write.intent; write. for all that begin so.")
@headless
def list_entries(invocation: Invocation, limit: int, before: int | None, kind: str) -> None:
    """The entries of the journal, newest first."""
    journal = open_store(load_settings(invocation).settings).journal
    entries = journal.entries(limit + 1, before=before, kind=kind)
    shown, more = entries[:limit], len(entries) > limit
    if invocation.json:
        print_json({"entries": [entry_json(entry) for entry in shown], "more": more})
        return
    if not shown:
        tell("gcms-tui: no such entry is in the journal.")
        return
    print_table((_HEADER, *map(_row, shown)), right=frozenset({0}))
    if more:
        kinds = f" --kind {printable(kind)}" if kind else ""
        tell(f"  -> Older ones: gcms-tui journal list --before {shown[-1].sequence}{kinds}")


@click.command()
@click.argument("sequence", metavar="ENTRY", type=click.IntRange(1))
@headless
def show(invocation: Invocation, sequence: int) -> None:
    """The entry of the number ENTRY, with all that it says."""
    entry = open_store(load_settings(invocation).settings).journal.entry(sequence)
    if invocation.json:
        print_json(entry_json(entry))
        return
    facts = (
        ("entry", f"{entry.sequence:,}"),
        ("at", f"{_moment(entry)} UTC"),
        ("by", f"{_who(entry)}{f' from {entry.ssh_client}' if entry.ssh_client else ''}"),
        ("kind", entry.kind),
        ("subject", entry.subject),
        ("before it", entry.previous),
        ("hash", entry.own),
    )
    for label, text in facts:
        click.echo(f"{label:<12}{printable(text, _LINE)}")
    for line in _lines(_payload(entry), ""):
        click.echo(line)


def entry_json(entry: Entry) -> dict[str, Any]:
    """An entry for programs: as it is stored, its payload as JSON where it is any."""
    return {**asdict(entry), "payload": _payload(entry)}


def _payload(entry: Entry) -> Any:
    try:
        return json.loads(entry.payload, parse_constant=str)
    except (TypeError, ValueError):
        return entry.payload


def _row(entry: Entry) -> tuple[str, ...]:
    from gcms_tui.console.journal.words import told

    words = printable(told(entry).words, _WHAT)
    return f"{entry.sequence:,}", _moment(entry), entry.kind, printable(entry.subject, _SUBJECT), _who(entry), words


def _moment(entry: Entry) -> str:
    return entry.at[:19].replace("T", " ")


def _who(entry: Entry) -> str:
    return f"{entry.user}@{entry.host}"


def _lines(value: Any, indent: str) -> Iterator[str]:
    """What an entry says, a name or an item a line: what is short first, statements as they were laid out."""
    if not isinstance(value, dict | list):
        yield from (f"{indent}{printable(line, _LINE)}" for line in _text(value).splitlines() or [""])
        return
    items = [(f"{printable(name, 80)}:", item) for name, item in _named(value)]
    for label, item in sorted(items, key=lambda one: _is_long(one[1])) if isinstance(value, dict) else items:
        if _is_long(item):
            yield f"{indent}{label}"
            yield from _lines(item, f"{indent}  ")
        else:
            yield f"{indent}{label} {printable(_text(item), _LINE)}".rstrip()


def _named(value: dict[str, Any] | list[Any]) -> Iterable[tuple[str, Any]]:
    """A row's values are kept as pairs, for their order; other lists have no names."""
    if isinstance(value, dict):
        return value.items()
    if value and all(isinstance(item, list) and len(item) == 2 and isinstance(item[0], str) for item in value):
        return [(name, item) for name, item in value]
    return [(str(number), item) for number, item in enumerate(value, 1)]


def _is_long(item: Any) -> bool:
    return bool(item) and (isinstance(item, dict | list) or "\n" in _text(item))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
