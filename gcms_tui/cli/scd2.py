"""`gcms-tui scd2`: SCD2 tables without the console. Each sub-command is imported when it is called."""

from __future__ import annotations

from typing import ClassVar

import click

from gcms_tui.cli.main import LazyGroup


class Scd2Group(LazyGroup):
    table: ClassVar[dict[str, tuple[str, str]]] = {
        "apply": ("gcms_tui.cli.scd2_repair:apply", "Carry out a plan that was shown."),
        "cause": ("gcms_tui.cli.scd2_cause:cause", "What may have made a key's duplicates, and a note on it."),
        "corrections": ("gcms_tui.cli.scd2_cause:corrections", "Corrections of the past, month by month."),
        "list": ("gcms_tui.cli.scd2_browse:list_tables", "Every table, its defects, and the keys with duplicates."),
        "plan": ("gcms_tui.cli.scd2_plan:plan", "What a repair would do; nothing is written."),
        "plans": ("gcms_tui.cli.scd2_plans:plans", "The plans that were made, and one as it was shown."),
        "show": ("gcms_tui.cli.scd2_browse:show", "Every version of one key, and what a repair would make of them."),
        "undo": ("gcms_tui.cli.scd2_repair:undo", "Take back a repair, if nothing has changed since."),
    }


@click.group(cls=Scd2Group)
def scd2() -> None:
    """Browse SCD2 tables, repair keys that have more than one current version, and undo it.

    \b
    gcms-tui scd2 list                                               what is wrong, and where
    gcms-tui scd2 show KEY --table br_attendance_scd2                its versions
    gcms-tui scd2 plan --table br_attendance_scd2 --key KEY          what would be done
    gcms-tui scd2 apply PLAN --confirm KEY --reason "colliding runs" do exactly that
    gcms-tui scd2 undo REPAIR --confirm KEY --reason "wrong winner"  take it back

    A plan holds for half an hour and is used once. What is refused ends with 65 and names the guard; nothing was
    written then.
    """
