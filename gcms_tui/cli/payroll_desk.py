"""What the payroll commands work with, and the person they work for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import click

from gcms_tui.cli.invocation import Invocation
from gcms_tui.cli.output import print_json
from gcms_tui.cli.payroll_words import run_json, run_lines
from gcms_tui.cli.refusal import told_refusal
from gcms_tui.cli.wiring import load_settings, open_payroll_desk
from gcms_tui.core.payroll.run import PayrollRun
from gcms_tui.operations.payroll.desk import PayrollBench, PayrollDesk

F = TypeVar("F", bound=Callable[..., Any])

RUN = click.argument("run_id", metavar="ID")
REASON = click.option("--reason", metavar="TEXT", required=True, help="Why; it is journalled.")


def acting(command: F) -> F:
    """--as NAME: whom to play. On the practice platform alone; anywhere else it is refused."""
    return click.option(
        "--as", "acting_as", metavar="NAME", default="", help="Play one of the practice platform's people."
    )(command)


@contextmanager
def open_desk(invocation: Invocation, acting_as: str) -> Iterator[PayrollDesk]:
    """A refusal is told on stdout too where JSON is wanted."""
    with told_refusal(invocation), open_payroll_desk(load_settings(invocation).settings, invocation, acting_as) as desk:
        yield desk


@contextmanager
def open_bench(invocation: Invocation, acting_as: str) -> Iterator[tuple[PayrollDesk, PayrollBench]]:
    """The write side. Raises `Refused` where nothing may be written."""
    with open_desk(invocation, acting_as) as desk:
        yield desk, desk.required_bench()


def tell_run(desk: PayrollDesk, run: PayrollRun, invocation: Invocation) -> None:
    """The run as it stands now."""
    looks = desk.book.looks(run)
    if invocation.json:
        print_json(run_json(run, looks, desk.book.next_step(run)))
        return
    for line in run_lines(run, looks):
        click.echo(line)
