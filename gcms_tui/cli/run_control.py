"""`gcms-tui runs start`, `attach`, `cancel` and `retry`."""

from __future__ import annotations

from collections.abc import Callable

import click

from gcms_tui.cli.invocation import Invocation, headless
from gcms_tui.cli.output import print_json, tell
from gcms_tui.cli.preview_lines import preview_lines
from gcms_tui.cli.run_stream import follow, looks
from gcms_tui.cli.wiring import load_settings, open_run_desk
from gcms_tui.core.errors import Refused
from gcms_tui.core.query import Access
from gcms_tui.core.run import Run
from gcms_tui.core.run_preview import Preview
from gcms_tui.core.text import printable
from gcms_tui.operations.run_desk import RunDesk

_REFUSED = 65

_YES = click.option("--yes", is_flag=True, help="Start it although it may write.")
_CONFIRM = click.option("--confirm", metavar="TEXT", default="", help="What the preview asks to be typed.")
_DETACH = click.option("--detach", is_flag=True, help="Start it and do not watch it.")
_PREVIEW = click.option("--preview", "only_preview", is_flag=True, help="Show what would happen, and start nothing.")


@click.command(context_settings={"allow_interspersed_args": False})
@_YES
@_CONFIRM
@_DETACH
@_PREVIEW
@click.argument("argv", nargs=-1, metavar="-- DBT-COMMAND...")
@headless
def start(
    invocation: Invocation, argv: tuple[str, ...], yes: bool, confirm: str, detach: bool, only_preview: bool
) -> int:
    """Start a dbt command and watch it to its end: what stands behind -- is typed as behind `dbt`.

    \b
    gcms-tui runs start --preview -- build --select +fct_musician_payment
    gcms-tui runs start --yes -- test --select gold

    What may write wants --yes, or --confirm with the text that its preview asks for; tests store their failing rows,
    and so they write. Ends with dbt's own exit code, or with 65 where it was refused. Ctrl-C stops watching, not the
    run. With --json each node is a JSON object on a line of its own.
    """

    def preview(desk: RunDesk) -> Preview:
        return desk.runs.preview(desk.runs.parse(argv))

    return _preview_and_start(invocation, preview, yes, confirm, detach, only_preview)


@click.command()
@click.argument("run")
@_YES
@_CONFIRM
@_DETACH
@_PREVIEW
@headless
def retry(invocation: Invocation, run: str, yes: bool, confirm: str, detach: bool, only_preview: bool) -> int:
    """Run again what did not succeed in RUN: its id, the beginning of it, or `last`.

    The nodes are shown first, and it runs on the target of RUN and no other. Otherwise as `runs start`.
    """

    def preview(desk: RunDesk) -> Preview:
        return desk.runs.retry(run)

    return _preview_and_start(invocation, preview, yes, confirm, detach, only_preview)


@click.command()
@click.argument("run")
@headless
def attach(invocation: Invocation, run: str) -> int:
    """Watch RUN from its beginning to its end: its id, the beginning of it, or `last`.

    Ends with dbt's own exit code. Ctrl-C stops watching, not the run.
    """
    with open_run_desk(load_settings(invocation).settings, invocation) as desk:
        found = desk.shelf.run(run)
        if found.record.foreign:
            raise Refused(
                "Not ours",
                f"{found.run_id} was started outside this console: there is nothing to watch.",
                f"What is known of it: gcms-tui runs show {found.run_id}",
            )
        return follow(desk, found.run_id, invocation)


@click.command()
@click.argument("run")
@click.option("--wait", is_flag=True, help="Wait until it has ended.")
@headless
def cancel(invocation: Invocation, run: str, wait: bool) -> None:
    """Ask RUN to stop. dbt then cancels its statements in the warehouse; asked again after 30 s, it ends at once."""
    with open_run_desk(load_settings(invocation).settings, invocation) as desk:
        asked = desk.runs.cancel(run)
        if not invocation.json:
            tell(f"gcms-tui: {asked.run_id} was asked to stop. It has not confirmed that yet.")
        end = _until_ended(desk, asked.run_id) if wait else asked
        left = desk.runs.may_still_run(end.run_id)
        if invocation.json:
            print_json({"run_id": end.run_id, "state": end.state, "confirmed": end.state.ended, "may_still_run": left})
        elif wait:
            tell(f"gcms-tui: {end.run_id} has ended: {end.state.value}.")
            if left:
                tell(f"gcms-tui: {printable(left)}")
        else:
            tell(f"  -> Whether it has: gcms-tui runs cancel --wait {end.run_id}, or runs show {end.run_id}")


def _preview_and_start(
    invocation: Invocation,
    make: Callable[[RunDesk], Preview],
    yes: bool,
    confirm: str,
    detach: bool,
    only_preview: bool,
) -> int:
    with open_run_desk(load_settings(invocation).settings, invocation) as desk:
        preview = make(desk)
        if only_preview:
            return _show(preview, invocation)
        for line in preview_lines(preview):
            tell(line)
        if preview.refusal:
            return _REFUSED
        if preview.access is Access.WRITE and not preview.confirmation and not yes:
            raise Refused("Not confirmed", "It may write, and this was not confirmed.", "Add --yes to start it.")
        started = desk.runs.start(preview, confirm)
        if detach:
            return _tell_started(started, invocation)
        tell(f"gcms-tui: {started.run_id} has begun. Ctrl-C stops watching, not the run.")
        return follow(desk, started.run_id, invocation)


def _show(preview: Preview, invocation: Invocation) -> int:
    if invocation.json:
        print_json(preview)
    else:
        for line in preview_lines(preview):
            click.echo(line)
    return _REFUSED if preview.refusal else 0


def _tell_started(run: Run, invocation: Invocation) -> int:
    if invocation.json:
        print_json({"run_id": run.run_id, "state": run.state})
    else:
        click.echo(run.run_id)
        tell(f"  -> Watch it: gcms-tui runs attach {run.run_id}")
    return 0


def _until_ended(desk: RunDesk, run_id: str) -> Run:
    last = None
    for look in looks(desk.runs, run_id):
        last = look.run
    assert last is not None
    return last
