"""`gcms-tui runs failures` and `runs log`."""

from __future__ import annotations

from typing import Any

import click

from gcms_tui.cli.invocation import Invocation, headless
from gcms_tui.cli.log import LEVEL_NAMES, print_log
from gcms_tui.cli.output import as_json, print_json, print_table, tell
from gcms_tui.cli.run_cards import card_json, card_of_test, print_cards
from gcms_tui.cli.wiring import load_settings, open_run_desk
from gcms_tui.core.dbt_results import ArtifactError
from gcms_tui.core.errors import GcmsError, UsageError
from gcms_tui.core.procedures.matching import Match
from gcms_tui.core.text import printable
from gcms_tui.operations.failing_tests import FailingRows, FailingTest
from gcms_tui.operations.run_desk import RunDesk

_HEADER = ("STATUS", "ROWS", "CRITICAL", "TEST")
_NOT_KEPT = 69


@click.command()
@click.argument("run")
@click.argument("test", required=False)
@click.option("--rows", is_flag=True, help="The rows that failed, personal columns masked.")
@click.option("--reveal", is_flag=True, help="With --rows: the personal columns too; that is journalled.")
@click.option("--keep", is_flag=True, hidden=True, help="Keep every failing test's rows with the run; print nothing.")
@headless
def failures(invocation: Invocation, run: str, test: str | None, rows: bool, reveal: bool, keep: bool) -> int | None:
    """The failing tests of RUN (its id, the beginning of it, or `last`), or one TEST with what is known of it."""
    if reveal and not rows:
        raise UsageError("--reveal goes with --rows", "There is nothing to reveal without rows.")
    with open_run_desk(load_settings(invocation).settings, invocation) as desk:
        if keep:
            return _keep(desk, run)
        known = desk.history.summary(run).run
        run_id = known.run_id
        found = desk.failing.of(run_id)
        if test is not None:
            found = (_named(found, test),)
        told = [_told(desk, run_id, item, rows=rows, reveal=reveal) for item in found]
        cards = [card_of_test(item, known.record.target) for item in found]
        if invocation.json:
            failing = [
                {**document, "troubleshooting": card_json(card)} for document, card in zip(told, cards, strict=True)
            ]
            print_json({"run_id": run_id, "failing": failing})
        elif test is None and not rows:
            _print_list(run_id, found, 0 if found else desk.failing.ran(run_id))
            print_cards(cards)
        else:
            for item, document, card in zip(found, told, cards, strict=True):
                _print_test(item, document, card)
    return None


def _keep(desk: RunDesk, run: str) -> int:
    """What a run's keeper calls at its end: quick, and silent where all is well."""
    try:
        problems = desk.failing.keep_all(run)
    except ArtifactError:
        return 0  # it left no results: there is nothing to keep
    for problem in problems:
        tell(f"gcms-tui: {printable(problem)}")
    return _NOT_KEPT if problems else 0


def _named(found: tuple[FailingTest, ...], test: str) -> FailingTest:
    exact = [item for item in found if test in (item.name, item.unique_id)]
    near = exact or [item for item in found if test in item.name]
    if len(near) == 1:
        return near[0]
    if near:
        raise UsageError("More than one such test", f"{test!r} may be {', '.join(item.name for item in near)}.")
    names = ", ".join(item.name for item in found) or "none"
    raise UsageError("No such failing test", f"{test!r} is none of the failing tests.", f"There are: {names}.")


def _told(desk: RunDesk, run_id: str, item: FailingTest, *, rows: bool, reveal: bool) -> dict[str, Any]:
    document: dict[str, Any] = as_json(item)
    if rows:
        try:
            kept = desk.failing.rows(run_id, item.unique_id, reveal=reveal)
        except GcmsError as error:
            # One test's rows may be gone while the others' are there; who asks to reveal must hear of a refusal.
            if reveal:
                raise
            document["rows_error"] = f"{error.title}: {error.message}"
        else:
            document["rows"] = _rows_json(kept)
    return document


def _rows_json(kept: FailingRows) -> dict[str, Any]:
    return {
        "columns": kept.rows.columns,
        "rows": [as_json(row) for row in kept.rows.rows],
        "total": kept.total,
        "masked": () if kept.revealed else kept.personal,
        "kept_at": kept.kept_at,
        "query_id": kept.query_id,
        "note": kept.note,
    }


def _print_list(run_id: str, found: tuple[FailingTest, ...], ran: int) -> None:
    if not found:
        said = f"no test failed or warned, of {ran:,} that ran" if ran else "no test was run: it proves nothing"
        tell(f"gcms-tui: {run_id}: {said}.")
        return
    rows = [
        (item.status, "-" if item.failures is None else f"{item.failures:,}", "critical" if item.critical else "",
         item.name)
        for item in found
    ]  # fmt: skip
    print_table((_HEADER, *rows), right=frozenset({1}))


def _print_test(item: FailingTest, document: dict[str, Any], card: Match | None) -> None:
    facts = [
        ("test", item.name),
        ("status", item.status + (" (critical)" if item.critical else "")),
        ("rows", "" if item.failures is None else f"{item.failures:,}"),
        ("message", item.message),
        ("stored in", item.relation_name or "nowhere: run the test with --store-failures"),
    ]
    if item.card is not None:
        facts += [("cause", item.card.cause), ("fix", item.card.fix), ("runbook", item.card.section)]
    for label, text in facts:
        if text:
            click.echo(f"{label:<12}{printable(text)}")
    print_cards((card,))
    if "rows_error" in document:
        tell(f"gcms-tui: {printable(document['rows_error'])}")
    elif "rows" in document:
        _print_rows(document["rows"])
    click.echo("")


def _print_rows(kept: dict[str, Any]) -> None:
    shown = [tuple("" if cell is None else str(cell) for cell in row) for row in kept["rows"]]
    click.echo("")
    if kept["columns"]:
        print_table((tuple(name.upper() for name in kept["columns"]), *shown))
    missing = kept["total"] - len(shown)
    if missing > 0:
        tell(f"gcms-tui: {missing:,} more rows are not shown.")
    if kept["masked"]:
        tell(f"gcms-tui: masked: {', '.join(map(printable, kept['masked']))}; --reveal shows them.")
    if kept["note"]:
        tell(f"gcms-tui: {printable(kept['note'])}")


@click.command()
@click.argument("run")
@click.option("--level", type=click.Choice(LEVEL_NAMES), help="Print the lines of this level and above.")
@click.option("--grep", "pattern", metavar="RE", help="Print the lines that match; a capital makes the case count.")
@headless
def log(invocation: Invocation, run: str, level: str | None, pattern: str | None) -> int | None:
    """dbt's text log of RUN: its id, the beginning of it, or `last`.

    Of a run that was started elsewhere, what the project's own dbt.log tells of it.
    """
    with open_run_desk(load_settings(invocation).settings, invocation) as desk:
        known = desk.history.summary(run).run
        if not known.record.foreign:
            return print_log(invocation, desk.shelf.log(known.run_id), level, pattern)
        told = desk.history.invocation(known.run_id)
        only = told.invocation_id if told is not None else None
        return print_log(invocation, desk.project_log, level, pattern, invocation_id=only)
