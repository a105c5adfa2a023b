"""`gcms-tui journal doubts`: writes and syncs without an outcome, first looked at, then settled."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import Any

import click

from gcms_tui.cli.invocation import Invocation, headless
from gcms_tui.cli.output import print_json, tell, tell_error
from gcms_tui.cli.wiring import load_settings, open_scd2_desk, open_store
from gcms_tui.core.errors import GcmsError, Refused
from gcms_tui.core.text import printable
from gcms_tui.core.writing.doubt import Settlement, Verdict
from gcms_tui.operations.writing.doubts import Doubt, Doubts, open_doubts

_LEFT = 3
_LINE = 2_000


@dataclass(frozen=True, slots=True)
class _Settled:
    """One doubt, and what looking at it told."""

    doubt: Doubt
    found: Settlement | None = None
    error: GcmsError | None = None

    @property
    def clear(self) -> bool:
        return self.found is not None and self.found.verdict in (Verdict.APPLIED, Verdict.NOT_APPLIED)


@click.command()
@click.option("--settle", is_flag=True, help="Look at each where it went, and write down what became of it.")
@headless
def doubts(invocation: Invocation, settle: bool) -> int:
    """Writes that were begun and whose outcome nobody wrote down: killed, or cut off at COMMIT; and syncs that Airbyte
    was asked for and has not answered.

    With --settle each is looked at, by its rows and the warehouse's query history or by the jobs that Airbyte lists,
    and what that tells is journalled. Ends with 0 where none is left, with 3 where one is: under way, too early to
    tell, not to be looked at, or for a person to look at.
    """
    settings = load_settings(invocation).settings
    if settle:
        with open_scd2_desk(settings, invocation) as desk:
            desk.required_bench()
            seen = [_settled(desk.doubts, doubt) for doubt in desk.doubts.open()]
    else:
        store = open_store(settings)
        seen = [_Settled(doubt) for doubt in open_doubts(store.journal, store.leases)]
    if invocation.json:
        print_json({"doubts": [_json(one) for one in seen]})
    for one in seen:
        _tell(one, printed=not invocation.json)
    if not seen:
        tell("gcms-tui: nothing is in doubt.")
    elif not settle:
        tell("  -> What became of them: gcms-tui journal doubts --settle")
    return 0 if all(one.clear for one in seen) else _LEFT


def _settled(book: Doubts, doubt: Doubt) -> _Settled:
    """One that cannot be looked at keeps no other from being so."""
    try:
        return _Settled(doubt, book.settle(doubt.write_id))
    except Refused as refused:
        if refused.guard == "read_only":
            raise
        return _Settled(doubt, error=refused)
    except GcmsError as error:
        return _Settled(doubt, error=error)


def _json(one: _Settled) -> dict[str, Any]:
    doubt, found = one.doubt, one.found
    return {
        "write": doubt.write_id,
        "entry": doubt.entry.sequence,
        "kind": doubt.intent["kind"],
        "what": doubt.words,
        "target": doubt.intent["target"],
        "table": doubt.intent["table"],
        "natural_key": doubt.intent["key"] if doubt.sync is None else None,
        "connection": doubt.sync.connection_id if doubt.sync is not None else None,
        "since": doubt.entry.at,
        "by": f"{doubt.entry.user}@{doubt.entry.host}",
        "under_way": doubt.under_way,
        "verdict": found.verdict if found else None,
        "evidence": list(found.evidence) if found else [],
        "next_step": (found.next_step or None) if found else None,
        "error": f"{one.error.title}: {one.error.message}" if one.error else None,
    }


def _tell(one: _Settled, *, printed: bool) -> None:
    doubt, found = one.doubt, one.found
    if printed:
        since = doubt.entry.at[:19].replace("T", " ")
        way = ", under way" if doubt.under_way else ""
        words = f"{doubt.write_id}  {since} UTC  {doubt.entry.user}@{doubt.entry.host}  {doubt.words}{way}"
        click.echo(printable(words, _LINE))
        if found is not None:
            click.echo(f"  {found.verdict.value.upper()}")
            for line in found.evidence:
                click.echo(f"    {printable(line, _LINE)}")
    if one.error is not None:
        tell_error(one.error)
    if found is not None and found.next_step:
        tell(f"  -> {printable(found.next_step, _LINE)}")
    elif found is not None and found.verdict is Verdict.LOOK:
        _tell_where_to_look(doubt)


def _tell_where_to_look(doubt: Doubt) -> None:
    """It is no longer in doubt: nobody will be reminded of it again."""
    intent = doubt.intent
    if not doubt.readable:
        tell(f"  -> {printable(doubt.write_id)}: its intent was edited: gcms-tui journal verify, then ask who it was.")
        return
    key, table = shlex.quote(printable(str(intent["key"]))), shlex.quote(printable(str(intent["table"])))
    tell(f"  ! {printable(doubt.write_id)} is not told by its rows, and will not be asked again: look now.")
    tell(f"  -> What is there: gcms-tui scd2 show {key} --table {table}")
    tell(f"  -> What was planned, row by row: gcms-tui journal show {doubt.entry.sequence}")
    if intent.get("backup"):
        tell(f"  -> How the table was before: {printable(str(intent['backup']))}")
