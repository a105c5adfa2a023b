"""`gcms-tui payroll`: a payroll run step by step, without the console. Each command is imported when it is called."""

from __future__ import annotations

from typing import ClassVar

import click

from gcms_tui.cli.main import LazyGroup


class PayrollGroup(LazyGroup):
    table: ClassVar[dict[str, tuple[str, str]]] = {
        "abandon": ("gcms_tui.cli.payroll_after:abandon", "Give a run up, with a reason."),
        "archive": ("gcms_tui.cli.payroll_after:archive", "8: clone the fact, and prove that it is what was signed."),
        "export": ("gcms_tui.cli.payroll_file:export", "5: prepare the file, its hash and its manifest."),
        "hold": ("gcms_tui.cli.payroll_hold:hold", "Hold every payroll, with a reason."),
        "lift": ("gcms_tui.cli.payroll_hold:lift", "Lift a hold that somebody else has set."),
        "list": ("gcms_tui.cli.payroll_show:list_concerts", "The concerts, what each comes to, and how it stands."),
        "log": ("gcms_tui.cli.payroll_after:log", "9: document it, which closes the run."),
        "open": ("gcms_tui.cli.payroll_steps:open_run", "Begin the payroll of a concert."),
        "record": ("gcms_tui.cli.payroll_after:record", "7: record exactly what was signed as paid in Supabase."),
        "reject": ("gcms_tui.cli.payroll_file:reject", "Say no to the file, with a reason."),
        "release": ("gcms_tui.cli.payroll_file:release", "Move the signed file to the outbox, proven once more."),
        "show": ("gcms_tui.cli.payroll_show:show", "A run: its steps, what each found, who signed."),
        "sign": ("gcms_tui.cli.payroll_file:sign", "6: sign the file in one of the three roles."),
        "spot-check": ("gcms_tui.cli.payroll_check:spot_check", "4: the rows to look at, ticked or queried."),
        "step": ("gcms_tui.cli.payroll_steps:step", "1 to 4: freshness, models, tests, the spot check's rows."),
        "verify": ("gcms_tui.cli.payroll_show:verify", "Prove a run anew: files, journal, signatures, archive."),
    }


@click.group(cls=PayrollGroup)
def payroll() -> None:
    """Pay a concert: checked, tested, signed by three, released, recorded, archived, documented.

    \b
    gcms-tui payroll list                                the concerts
    gcms-tui payroll open 31                             a run for one of them
    gcms-tui payroll step last freshness                 1, then models, tests, spot-check
    gcms-tui payroll spot-check last                     4: what is to be looked at
    gcms-tui payroll spot-check last --row 17 --ok
    gcms-tui payroll export last                         5
    gcms-tui payroll sign last --role engineer           6: and finance, and manager
    gcms-tui payroll record last --date 2026-03-01       7: shown, with the command that does it
    gcms-tui payroll archive last                        8: as 7
    gcms-tui payroll log last --exceptions none          9
    gcms-tui payroll verify last

    A run is named by its id, the beginning of it, or `last`. What a gate refuses ends with 65 and names the gate.
    """
