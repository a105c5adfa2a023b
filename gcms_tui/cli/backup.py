"""`gcms-tui backup`: backups without the console. Each sub-command is imported when it is called."""

from __future__ import annotations

from typing import ClassVar

import click

from gcms_tui.cli.main import LazyGroup


class BackupGroup(LazyGroup):
    table: ClassVar[dict[str, tuple[str, str]]] = {
        "counts": ("gcms_tui.cli.backup_list:counts", "Rows before the refresh and now, table by table."),
        "create": ("gcms_tui.cli.backup_create:create", "Clone every table that a refresh may spoil."),
        "list": ("gcms_tui.cli.backup_list:list_backups", "What backups there are, of what, since when and whose."),
        "restore": ("gcms_tui.cli.backup_restore:restore", "Bring one table back from one backup."),
    }


@click.group(cls=BackupGroup)
def backup() -> None:
    """Clone tables before a full refresh, count their rows after it, and bring one back.

    \b
    gcms-tui backup create                                                  what would be cloned
    gcms-tui backup create --confirm "3 tables" --reason "weekly refresh"   clone them
    gcms-tui backup counts                                                  after the refresh
    gcms-tui backup list
    gcms-tui backup restore gold.fct_musician_payment --from BACKUP         what would be done, and the command for it

    What is refused ends with 65 and names the guard; nothing was written then. What is in doubt ends with 69.
    """
