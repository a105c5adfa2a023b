"""`gcms-tui scd2 plans`: the plans that were made, used and expired ones too."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import click

from gcms_tui.cli.invocation import Invocation, headless
from gcms_tui.cli.output import as_json, print_json, print_table, tell
from gcms_tui.cli.scd2_plan import plan_json, plan_lines
from gcms_tui.cli.wiring import load_settings, open_store
from gcms_tui.cli.wiring.base import utc_now
from gcms_tui.core.text import printable
from gcms_tui.core.writing.kept_plan import KeptPlan

_WIDEST_KEY = 40


@click.command()
@click.argument("plan_id", metavar="[PLAN]", required=False)
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1), help="How many of the newest.")
@headless
def plans(invocation: Invocation, plan_id: str | None, limit: int) -> None:
    """The plans that were made, newest first, or one PLAN as it was shown: its id, or the beginning of it.

    Asks the store alone, neither the warehouse nor dbt.
    """
    shelf, now = open_store(load_settings(invocation).settings).plans, utc_now()
    if plan_id is not None:
        _tell(shelf.get(plan_id), now, invocation)
        return
    kept = shelf.newest(limit)
    if invocation.json:
        print_json({"plans": [_document(one, now) for one in kept]})
    elif not kept:
        tell("gcms-tui: no plan was made yet.")
    else:
        print_table((_HEADER, *(_line(one, now) for one in kept)))


_HEADER = ("PLAN", "MADE (UTC)", "KIND", "STATE", "KEY")


def _tell(kept: KeptPlan, now: datetime, invocation: Invocation) -> None:
    if invocation.json:
        print_json(_document(kept, now))
        return
    for line in plan_lines(kept.plan):
        click.echo(line)
    click.echo(f"  {_state(kept, now)}")


def _document(kept: KeptPlan, now: datetime) -> dict[str, Any]:
    return {
        **plan_json(kept.plan),
        "state": _state(kept, now),
        "used_by": kept.used_by or None,
        "used_at": as_json(kept.used_at),
        "batch": kept.batch or None,
    }


def _line(kept: KeptPlan, now: datetime) -> tuple[str, ...]:
    plan = kept.plan
    key = printable(plan.subject, _WIDEST_KEY)
    return plan.short_id, f"{plan.made_at:%Y-%m-%d %H:%M:%S}", plan.kind.value, _state(kept, now), key


def _state(kept: KeptPlan, now: datetime) -> str:
    if kept.used_by:
        return f"used by {kept.used_by}"
    return "open" if kept.plan.made_at <= now < kept.plan.expires_at else "expired"
