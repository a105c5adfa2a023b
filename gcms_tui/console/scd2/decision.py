"""What a repair would make of each version of a key: by the rules of the repair itself, and without planning one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

from gcms_tui.core.errors import Refused
from gcms_tui.core.scd2.repair import Closing, Repair, decide, shared_ids
from gcms_tui.core.scd2.version import Convention, Version


class Role(Enum):
    """A version's part, in a word."""

    KEEP = "KEEP"
    """It stays current."""
    CLOSE = "close"
    EMPTY = "empty"
    """Closed as never valid."""
    LATER = "later"
    """It begins after the one that would be kept."""
    TIED = "tied"
    """As late as another, so that one must be chosen."""
    SHARED = "shared"
    """Another row has its id."""
    CURRENT = "current"
    PAST = "past"
    NO_FLAG = "no flag"


@dataclass(frozen=True, slots=True)
class Decision:
    roles: tuple[Role, ...]
    """In the order of the versions."""
    repair: Repair | None = None
    refused: Refused | None = None
    """Why there is no repair."""
    closings: Mapping[int, Closing] = field(default_factory=dict)
    """By the place of the version."""

    @property
    def winner(self) -> int | None:
        """The place of the version that would stay."""
        return next((place for place, role in enumerate(self.roles) if role is Role.KEEP), None)


def decision(versions: Sequence[Version], convention: Convention, keep: str | None, supersede: bool) -> Decision:
    try:
        repair = decide(versions, convention, keep=keep, supersede=supersede)
    except Refused as refused:
        return Decision(_refused_roles(versions, convention, keep, refused), None, refused)
    closings = {
        place: closing
        for place, version in enumerate(versions)
        for closing in repair.closings
        if closing.before is version
    }
    roles = []
    for place, version in enumerate(versions):
        closing = closings.get(place)
        if closing is not None:
            roles.append(Role.EMPTY if closing.after.is_empty(convention) else Role.CLOSE)
        else:
            roles.append(Role.KEEP if version is repair.winner else _plain(version))
    return Decision(tuple(roles), repair, None, closings)


def _plain(version: Version) -> Role:
    return {True: Role.CURRENT, False: Role.PAST, None: Role.NO_FLAG}[version.is_current]


def _refused_roles(
    versions: Sequence[Version], convention: Convention, keep: str | None, refused: Refused
) -> tuple[Role, ...]:
    """Which versions the refusal is about."""
    roles = [_plain(version) for version in versions]
    current = [version for version in versions if version.is_current]
    match refused.guard:
        case "tie":
            latest = max(version.clocks for version in current)
            about = {Role.TIED: [version for version in current if version.clocks == latest]}
        case "shared_scd_id":
            shared = shared_ids(versions)
            about = {Role.SHARED: [version for version in versions if version.scd_id in shared]}
        case "begins_after_winner":
            winner = _would_win(versions, convention, keep)
            begin = (winner.effective_from or "") if winner is not None else ""
            about = {
                Role.KEEP: [winner] if winner is not None else [],
                Role.LATER: [version for version in current if winner and (version.effective_from or "") > begin],
            }
        case _:
            about = {}
    for role, members in about.items():
        for place, version in enumerate(versions):
            if any(version is member for member in members):
                roles[place] = role
    return tuple(roles)


def _would_win(versions: Sequence[Version], convention: Convention, keep: str | None) -> Version | None:
    try:
        return decide(versions, convention, keep=keep, supersede=True).winner
    except Refused:
        return None
