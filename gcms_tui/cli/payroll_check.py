"""`gcms-tui payroll spot-check`."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import click

from gcms_tui.cli.invocation import Invocation, headless
from gcms_tui.cli.output import as_json, print_json, print_table, tell
from gcms_tui.cli.payroll_desk import RUN, acting, open_bench, tell_run
from gcms_tui.cli.payroll_words import totals_words
from gcms_tui.core.errors import UsageError
from gcms_tui.core.payroll.run import PayrollRun
from gcms_tui.core.personal import MASK
from gcms_tui.core.text import printable
from gcms_tui.operations.payroll.desk import PayrollBench
from gcms_tui.operations.payroll.spot_checks import Sheet, SheetRow


@click.command("spot-check")
@RUN
@click.option("--row", "rows", metavar="R", multiple=True, help="A row: the musician's id. May be given again.")
@click.option("--ok", is_flag=True, help="It was looked at and makes sense.")
@click.option(
    "--query", metavar="TEXT", help="Something about it is not clear. No names, no amounts: it is journalled."
)
@click.option("--answer", metavar="TEXT", help="What became of the query.")
@click.option("--reveal", is_flag=True, help="Show names and addresses; that is journalled.")
@acting
@headless
def spot_check(
    invocation: Invocation,
    run_id: str,
    rows: tuple[str, ...],
    ok: bool,
    query: str | None,
    answer: str | None,
    reveal: bool,
    acting_as: str,
) -> None:
    """The rows to look at, with the variance against the last payroll; or a tick, a query, an answer for one of them.

    Amounts stand beside the musician's id; names and addresses are masked unless they are asked for.
    """
    said = [name for name, given in (("--ok", ok), ("--query", query), ("--answer", answer)) if given]
    if bool(said) != bool(rows) or len(said) > 1:
        raise UsageError(
            "What of which row?",
            "A --row goes with one of --ok, --query and --answer.",
            "Leave them all out to see the rows.",
        )
    with open_bench(invocation, acting_as) as (desk, bench):
        run = desk.book.get(run_id)
        if rows:
            for row in rows:
                run = _said(bench, run, row, query, answer)
            tell_run(desk, run, invocation)
            return
        if run.sample is None:
            run = bench.spot_checks.draw(run.run_id)
        sheet = bench.spot_checks.sheet(run)
        if reveal:
            bench.spot_checks.reveal(run.run_id, "spot check")
    if invocation.json:
        print_json(_json(run, sheet, reveal=reveal))
        return
    print_table([_HEAD, *(_cells(row, reveal=reveal) for row in sheet.rows)], right=frozenset({4, 5, 6, 7, 8}))
    for line in _variance(sheet):
        click.echo(line)
    tell(f"  -> gcms-tui payroll spot-check {run.run_id} --row R --ok")


def _said(bench: PayrollBench, run: PayrollRun, row: str, query: str | None, answer: str | None) -> PayrollRun:
    if query is not None:
        return bench.spot_checks.query(run.run_id, row, query)
    if answer is not None:
        return bench.spot_checks.answer(run.run_id, row, answer)
    return bench.spot_checks.tick(run.run_id, row)


_HEAD = ("row", "tick", "name", "pay type", "services", "gross", "deductions", "net", "last", "why")


def _cells(row: SheetRow, *, reveal: bool) -> tuple[str, ...]:
    payment = row.payment
    name = payment.full_name if reveal or payment.full_name is None else MASK
    return (
        row.row,
        row.tick.verdict.value if row.tick else "",
        name or "NULL",
        payment.pay_type or "NULL",
        f"{_count(payment.attended_services)}/{_count(payment.required_services)}",
        _money(payment.gross_amount),
        _money(payment.deductions),
        _money(payment.net_amount),
        _money(row.previous.net_amount) if row.previous else "none",
        ", ".join(row.reasons),
    )


def _variance(sheet: Sheet) -> Iterator[str]:
    yield f"this payroll: {totals_words(sheet.variance.now)}"
    before = sheet.variance.before
    if before is None:
        yield "the last one: there is none to compare with"
    else:
        yield f"the last one: {totals_words(before)} ({printable(sheet.variance.before_concert)})"


def _json(run: PayrollRun, sheet: Sheet, *, reveal: bool) -> dict[str, Any]:
    return {
        "run": run.run_id,
        "rows": [_row_json(row, reveal=reveal) for row in sheet.rows],
        "variance": {
            "now": sheet.variance.now.document(),
            "before": sheet.variance.before.document() if sheet.variance.before else None,
            "before_concert": sheet.variance.before_concert,
        },
    }


def _row_json(row: SheetRow, *, reveal: bool) -> dict[str, Any]:
    payment = row.payment
    masked = {
        name: value if reveal or value is None else MASK
        for name, value in (("full_name", payment.full_name), ("email", payment.email))
    }
    return {
        "row": row.row,
        "reasons": list(row.reasons),
        "tick": row.tick.verdict.value if row.tick else None,
        "note": row.tick.note if row.tick else None,
        **masked,
        "pay_type": payment.pay_type,
        "attended_services": payment.attended_services,
        "required_services": payment.required_services,
        "gross_amount": as_json(payment.gross_amount),
        "deductions": as_json(payment.deductions),
        "net_amount": as_json(payment.net_amount),
        "previous": as_json(row.previous),
    }


def _money(amount: Decimal | None) -> str:
    return "NULL" if amount is None else f"{amount:,.2f}"


def _count(number: int | None) -> str:
    return "NULL" if number is None else str(number)
