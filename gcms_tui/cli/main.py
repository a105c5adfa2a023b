"""The command line. Imports nothing but click here: `--version` and `--help` must not wait for what they do not use."""

from __future__ import annotations

import gc
import importlib
import os
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, NoReturn

import click

from gcms_tui import __version__
from gcms_tui.cli.invocation import EVERYWHERE, Invocation
from gcms_tui.core.errors import GcmsError, UsageError

EXIT_USAGE = 64
EXIT_BUG = 70
EXIT_INTERRUPTED = 130
EXIT_BROKEN_PIPE = 141
"""As a shell tells of a program that SIGPIPE ended."""

COMMANDS: dict[str, tuple[str, str]] = {
    "backup": (
        "gcms_tui.cli.backup:backup",
        "Backups before a refresh, row counts after it, and the way back: create, list, counts, restore.",
    ),
    "demo": ("gcms_tui.cli.demo:demo", "The practice platform, complete and on this machine."),
    "doctor": ("gcms_tui.cli.doctor:doctor", "Configuration, files, connections: what works, and what to do."),
    "health": ("gcms_tui.cli.health:health", "The morning check."),
    "incident": (
        "gcms_tui.cli.incident:incident",
        "Incidents: list, open, show, note, ack, hand-over, close, postmortem, contacts.",
    ),
    "init": ("gcms_tui.cli.init:init", "Write a commented gcms.toml for a dbt project."),
    "journal": (
        "gcms_tui.cli.journal:journal",
        "Who wrote what, and whether that record is whole: list, show, verify, doubts, anchor.",
    ),
    "log": ("gcms_tui.cli.log:log", "A log of any size: follow, filter, search."),
    "metrics": ("gcms_tui.cli.health:metrics", "The five key metrics with their thresholds and history."),
    "notify": ("gcms_tui.cli.incident_notify:notify", "Notices to the team: test."),
    "payroll": (
        "gcms_tui.cli.payroll:payroll",
        "A concert's payroll, from its checks to three signatures, the payment and the archive.",
    ),
    "pipeline": (
        "gcms_tui.cli.pipeline:pipeline",
        "From Supabase into the warehouse: status, sync, watch.",
    ),
    "queries": ("gcms_tui.cli.queries:queries", "Every SQL statement: list, show, check."),
    "report": ("gcms_tui.cli.report:report", "Reports as documents: monthly."),
    "runbook": (
        "gcms_tui.cli.runbook:runbook",
        "The runbook's procedures: list, show, start, resume, step, close, coverage, docs.",
    ),
    "runs": (
        "gcms_tui.cli.runs:runs",
        "dbt runs: list, show, start, attach, cancel, retry, log, failures, trend, prune.",
    ),
    "scd2": (
        "gcms_tui.cli.scd2:scd2",
        "SCD2 tables: list, show, plan, plans, apply, undo, cause, corrections.",
    ),
}
"""Where each sub-command is, and its line in the help, so that the help need not import it."""


class LazyGroup(click.Group):
    """A group whose sub-commands are imported when they are called."""

    table: ClassVar[dict[str, tuple[str, str]]] = COMMANDS

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(self.table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.table:
            return None
        module, _, attribute = self.table[cmd_name][0].partition(":")
        command = getattr(importlib.import_module(module), attribute)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, self.table[name][1]) for name in self.list_commands(ctx)])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in self.table:
            import difflib

            near = difflib.get_close_matches(args[0], self.table, n=1)
            ctx.fail(f"No such command {args[0]!r}." + (f" Did you mean {near[0]}?" if near else ""))
        return super().resolve_command(ctx, args)


@click.group(cls=LazyGroup, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--ascii", "ascii_only", is_flag=True, help="Draw with ASCII characters only.")
@click.option("--slow-link", is_flag=True, help="Draw less, for a slow line.")
@click.option("--refresh", metavar="TIME", help="How often the health board looks again: 15m.")
@click.option("--replay", metavar="FILE", type=click.Path(path_type=Path), help="The wall as it was, from a record.")
@click.version_option(__version__, "--version", prog_name="gcms-tui", message="%(prog)s %(version)s")
@click.pass_context
def cli(
    ctx: click.Context,
    config: Path | None,
    target: str | None,
    read_only: bool,
    json: bool,
    ascii_only: bool,
    slow_link: bool,
    refresh: str | None,
    replay: Path | None,
) -> None:
    """The operations console of the GCMS data platform. Without a command it opens the console; with --read-only and
    --refresh together on the wall, to be read across a room."""
    ctx.obj = Invocation(config, target, read_only, json, ascii_only, slow_link, refresh)
    if ctx.invoked_subcommand is None:
        ctx.exit(_console(ctx.obj, replay))


cli.params[:0] = EVERYWHERE


def _console(invocation: Invocation, replay: Path | None) -> int:
    if invocation.json:
        raise UsageError("The console prints no JSON", "--json goes with a command.", "gcms-tui health --json")
    from gcms_tui.cli.terminal import refuse_without_terminal

    refuse_without_terminal()
    gc.disable()  # as `launch` does, for what is imported on the way to it
    from gcms_tui.cli.wiring import open_console, open_replay

    if replay is not None:
        return open_replay(invocation, replay)
    return open_console(invocation, wall=invocation.read_only and invocation.refresh is not None)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run and exit, with the status that the design gives to each outcome. Never shows a traceback."""
    _leave(run(arguments))


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command line and answer its exit status."""
    stdout = sys.stdout
    try:
        outcome = cli.main(arguments, prog_name="gcms-tui", standalone_mode=False)
    except click.exceptions.Abort:
        return EXIT_INTERRUPTED
    except click.ClickException as error:
        error.show()
        return EXIT_USAGE
    except GcmsError as error:
        from gcms_tui.cli.output import tell_error

        tell_error(error)
        return error.exit_code
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except SystemExit:
        # Where the reader has enough (`| head`), click replaces stdout and ends with 1, which would mean WARN here.
        if sys.stdout is not stdout:
            return EXIT_BROKEN_PIPE
        raise
    except Exception as error:  # noqa: BLE001 - the last line of defence: a bug is told in one line, not in a traceback
        from gcms_tui.cli.crash import report_crash

        report_crash(error)
        return EXIT_BUG
    return outcome if isinstance(outcome, int) else 0


def _leave(status: int) -> NoReturn:
    """End the process, without waiting for threads that still hang on a server or are about to start others."""
    if threading.active_count() > 1:
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except OSError:
                continue
        os._exit(status)
    sys.exit(status)
