"""`gcms-tui runs`: dbt's runs without the console. Each sub-command is imported when it is called."""

from __future__ import annotations

from typing import ClassVar

import click

from gcms_tui.cli.main import LazyGroup


class RunsGroup(LazyGroup):
    table: ClassVar[dict[str, tuple[str, str]]] = {
        "attach": ("gcms_tui.cli.run_control:attach", "Watch a run that is going on; ends as it does."),
        "cancel": ("gcms_tui.cli.run_control:cancel", "Ask a run to stop."),
        "failures": ("gcms_tui.cli.run_failures:failures", "The failing tests of a run, and the rows that failed."),
        "list": ("gcms_tui.cli.run_list:list_runs", "The history, foreign runs among it."),
        "log": ("gcms_tui.cli.run_failures:log", "dbt's log of one run."),
        "prune": ("gcms_tui.cli.run_review:prune", "What is kept, and remove what is old or too much."),
        "retry": ("gcms_tui.cli.run_control:retry", "Run again what did not succeed."),
        "show": ("gcms_tui.cli.run_list:show", "Everything that is known of one run."),
        "start": ("gcms_tui.cli.run_control:start", "Start a dbt command and watch it."),
        "trend": ("gcms_tui.cli.run_review:trend", "How long each node takes, and how often runs succeed."),
    }


@click.group(cls=RunsGroup)
def runs() -> None:
    """Start dbt, watch it, and look back at what it did.

    A run is one dbt command with a directory of its own: its log, its results, and the rows that failed its tests.
    Those that cron or another shell started are listed too, as foreign ones. A run is named by its id, the beginning
    of it, or `last`.

    \b
    gcms-tui runs start --yes -- test --select gold    run the gold tests
    gcms-tui runs failures last                        what failed
    gcms-tui runs retry last --preview                 what would run again

    `start`, `retry` and `attach` end as dbt does: 0, 1 where a node failed, 2 where dbt could not do it at all; with 65
    where nothing was started because a guard refused it, 69 where nobody saw the end, 130 after Ctrl-C.
    """
