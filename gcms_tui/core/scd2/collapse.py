"""Rows of one key that share an id: one copy is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gcms_tui.core.errors import Refused
from gcms_tui.core.scd2 import moment
from gcms_tui.core.scd2.version import Version

_CLOCKS = (
    ("recorded_at", "recorded last"),
    ("inserted_at", "inserted last"),
    ("effective_from", "begins last"),
    ("updated_at", "written last"),
)
"""What decides which copy is the latest, in this order."""

_TOLD_APART_BY = ("effective_from", "effective_to", "recorded_at", "inserted_at")
"""What the statement that puts the kept copy back looks for."""


@dataclass(frozen=True, slots=True)
class Collapse:
    """One of several rows stays."""

    kept: Version
    removed: tuple[Version, ...]
    reason: str
    warnings: tuple[str, ...] = ()

    def applied_to(self, versions: Sequence[Version]) -> tuple[Version, ...]:
        """The key's versions as they are to be afterwards."""
        left = list(versions)
        for version in self.removed:
            left.remove(version)
        return tuple(left)


def collapse(versions: Sequence[Version], scd_id: str) -> Collapse:
    """Keep the latest of the rows that have `scd_id`: by recorded_at, inserted_at, effective_from, then updated_at.

    Raises `Refused`: `not_shared` where one row or none has it, `cannot_tell_apart` where two rows are as late and
    say different things, `would_make_worse` where the latest is not current and no other version of the key would be.
    """
    copies = sorted((version for version in versions if version.scd_id == scd_id), key=_clocks, reverse=True)
    if len(copies) < 2:
        raise Refused(
            "Not shared",
            f"No two rows of the key have the scd_id {scd_id}: there is nothing to collapse.",
            "Look at the key again.",
            guard="not_shared",
        )
    kept = copies[0]
    for other in copies[1:]:
        if other != kept and (_clocks(other) == _clocks(kept) or _place(other) == _place(kept)):
            raise Refused(
                "Cannot be told apart",
                f"Two rows with the scd_id {scd_id} are as late as each other and say different things.",
                "Correct it where they come from; the console does not choose for you.",
                guard="cannot_tell_apart",
            )
    _require_current_left(versions, kept, copies[1:])
    identical = all(copy == kept for copy in copies)
    warnings = (
        ()
        if identical
        else (
            "The copies differ: what only the others say is gone from the table afterwards, and is kept in the backup.",
        )
    )
    reason = "all copies are the same" if identical else _why(kept, copies[1:])
    return Collapse(kept, tuple(copies[1:]), reason, warnings)


def _require_current_left(versions: Sequence[Version], kept: Version, removed: Sequence[Version]) -> None:
    """The key keeps a current version where it has one."""
    loses_one = not kept.is_current and any(version.is_current for version in removed)
    if loses_one and not any(version.is_current for version in versions if version.scd_id != kept.scd_id):
        raise Refused(
            "The key would lose its current version",
            f"Of the rows with the scd_id {kept.scd_id} the latest is not current, an earlier one is, and no other "
            "version of the key is.",
            "Correct them where they come from; the console does not choose for you.",
            guard="would_make_worse",
        )


def _why(kept: Version, removed: Sequence[Version]) -> str:
    """By the first clock that tells the kept copy from the next of the others."""
    runner_up = next(version for version in removed if version != kept)
    name, words = next(
        (name, words) for name, words in _CLOCKS if (getattr(kept, name) or "") != (getattr(runner_up, name) or "")
    )
    return f"{words}, {moment.short(getattr(kept, name))}"


def _clocks(version: Version) -> tuple[str, ...]:
    return tuple(getattr(version, name) or "" for name, _ in _CLOCKS)


def _place(version: Version) -> tuple[object, ...]:
    return tuple(getattr(version, name) for name in _TOLD_APART_BY)
