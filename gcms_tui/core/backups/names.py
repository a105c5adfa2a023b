"""What backups are called. Each name is nobody else's, so that none ever stands where another has stood."""

from __future__ import annotations

import re
from datetime import datetime

from gcms_tui.core.identifier import Relation

_MOST = 200
"""Characters of a table's own name: Snowflake allows 255 in all."""
_SET_TAIL = r"W(?P<day>\d{8})_(?P<token>[0-9A-F]{6})"
_TAILS = rf"(?P<set>{_SET_TAIL})|\d{{8}}_\d{{6}}_[0-9A-F]{{10}}|BEFORE_RESTORE_\d{{8}}_\d{{6}}_[0-9A-F]{{6}}"
_OURS = re.compile(rf"(?P<table>.+?)_(?:{_TAILS})")


def set_id(now: datetime, token: str) -> str:
    """Of a set of backups: `w20260104-3fa9c1`. `token`: six hexadecimal digits."""
    return f"w{now:%Y%m%d}-{token}"


def restore_id(now: datetime, token: str) -> str:
    """Of one restore: `20260104_021500_3fa9c1`."""
    return f"{now:%Y%m%d_%H%M%S}_{token}"


def clone_name(table: Relation, suffix: str, run_id: str) -> Relation:
    """`gold_backup.fct_musician_payment_w20260104_3fa9c1`: without the dash that a plain name cannot have."""
    return _in_backups(table, suffix, run_id.replace("-", "_"))


def before_name(table: Relation, suffix: str, of_restore: str) -> Relation:
    """Where a table goes before it is restored: `gold_backup.fct_musician_payment_before_restore_…`."""
    return _in_backups(table, suffix, f"before_restore_{of_restore}")


def beside_name(table: Relation, of_restore: str) -> Relation:
    """What a table is called once a backup was swapped into its place; in its own schema."""
    return Relation(table.schema, f"{table.name[:_MOST]}_REPLACED_{of_restore.upper()}", table.database)


def looks_ours(name: str) -> str:
    """The table that a clone of this stored name would be of; empty where it does not look like one of ours."""
    match = _OURS.fullmatch(name)
    return match["table"] if match else ""


def set_of(name: str) -> str:
    """The id of the set that a clone of this stored name would belong to; empty where it names none."""
    match = _OURS.fullmatch(name)
    return f"w{match['day']}-{match['token'].lower()}" if match and match["set"] else ""


def _in_backups(table: Relation, suffix: str, tail: str) -> Relation:
    return Relation(f"{table.schema}{suffix}", f"{table.name[:_MOST]}_{tail.upper()}", table.database)
