"""Which version of a key stays current, and where each of the others ends. The rules that a repair is made by."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, pairwise

from gcms_tui.core.errors import Refused
from gcms_tui.core.scd2 import moment
from gcms_tui.core.scd2.version import Convention, Version

_CLOCKS = (("recorded_at", "recorded last"), ("inserted_at", "inserted last"), ("effective_from", "begins last"))


@dataclass(frozen=True, slots=True)
class Closing:
    """A version that stops being current."""

    before: Version
    after: Version
    """`updated_at` is None: the warehouse's clock sets it."""
    why: str


@dataclass(frozen=True, slots=True)
class Repair:
    """What makes a key sound again."""

    winner: Version
    reason: str
    """Why that one."""
    closings: tuple[Closing, ...]
    warnings: tuple[str, ...] = ()

    def applied_to(self, versions: Iterable[Version]) -> tuple[Version, ...]:
        """The key's versions as they are to be afterwards."""
        after = {closing.before: closing.after for closing in self.closings}
        return tuple(after.get(version, version) for version in versions)


def decide(
    versions: Sequence[Version], convention: Convention, *, keep: str | None = None, supersede: bool = False
) -> Repair:
    """The repair of one key.

    `keep` names the winner by its scd_id; None takes the latest by recorded_at, then inserted_at, then effective_from.
    `supersede` closes empty what begins after the winner. Raises `Refused` with the guard's name: `no_current`,
    `one_current`, `null_id`, `null_begin`, `shared_scd_id`, `tie`, `not_current`, `begins_after_winner`,
    `out_of_calendar`, `would_make_worse`.
    """
    current = [version for version in versions if version.is_current]
    _require_duplicates(versions, current)
    winner, reason = _winner(current, keep)
    losers = sorted((version for version in current if version is not winner), key=_by_begin)
    late = [version for version in losers if _begin(version) > _begin(winner)]
    if late and not supersede:
        raise _begins_after(late, winner)
    before = [version for version in losers if _begin(version) <= _begin(winner)]
    try:
        closings = [_followed(version, successor, convention) for version, successor in pairwise([*before, winner])]
        closings += [_superseded(version, winner, convention) for version in late]
    except ValueError as error:
        raise Refused(
            "Cannot be closed",
            f"{error}.",
            "Correct the beginning of that version at its source.",
            guard="out_of_calendar",
        ) from None
    repair = Repair(winner, reason, tuple(closings), tuple(_warnings(versions, winner, closings, convention)))
    _require_no_worse(versions, repair, convention)
    return repair


def current_flags_missing(versions: Iterable[Version]) -> int:
    """How many versions do not say whether they are current."""
    return sum(version.is_current is None for version in versions)


def shared_ids(versions: Iterable[Version]) -> tuple[str, ...]:
    """Ids that more than one version of the key has."""
    uses = Counter(version.scd_id for version in versions if version.scd_id is not None)
    return tuple(scd_id for scd_id, number in uses.items() if number > 1)


def _require_duplicates(versions: Sequence[Version], current: Sequence[Version]) -> None:
    if not current:
        raise Refused(
            "No current version",
            f"None of the key's {len(versions)} versions is current: there is nothing to close."
            if versions
            else "The key has no versions.",
            "Run the model again: it opens a version for what the source says now.",
            guard="no_current",
        )
    shared = [scd_id for scd_id in shared_ids(versions) if any(version.scd_id == scd_id for version in current)]
    if shared:
        raise Refused(
            "Rows share an id",
            f"Several rows have the scd_id {', '.join(shared[:5])}: an UPDATE cannot tell them apart.",
            "Collapse them first, which keeps one copy of each: gcms-tui scd2 plan --collapse SCD_ID.",
            guard="shared_scd_id",
        )
    if len(current) == 1:
        raise Refused(
            "Nothing to repair",
            f"The key has one current version, {current[0].scd_id}.",
            "Look at the table again: somebody may have repaired it.",
            guard="one_current",
        )
    for guard, missing, what in (
        ("null_id", [version for version in current if version.scd_id is None], "no id"),
        ("null_begin", [version for version in current if version.effective_from is None], "no beginning"),
    ):
        if missing:
            raise Refused(
                "Cannot be told apart",
                f"{len(missing)} of the key's {len(current)} current versions {'has' if len(missing) == 1 else 'have'} "
                f"{what}.",
                "Correct it where it comes from; the console guesses nothing.",
                guard=guard,
            )


def _winner(current: Sequence[Version], keep: str | None) -> tuple[Version, str]:
    if keep is not None:
        chosen = next((version for version in current if version.scd_id == keep), None)
        if chosen is None:
            raise Refused(
                "Not a current version",
                f"{keep!r} is none of the key's current versions: "
                f"{', '.join(str(version.scd_id) for version in current[:10])}.",
                "Name one of these.",
                guard="not_current",
            )
        return chosen, "chosen by hand"
    first, second = sorted(current, key=lambda version: version.clocks, reverse=True)[:2]
    if first.clocks == second.clocks:
        tied = [str(version.scd_id) for version in current if version.clocks == first.clocks]
        raise Refused(
            "A full tie",
            f"{len(tied)} current versions were recorded, inserted and begun at the same moments: "
            f"{', '.join(tied[:10])}.",
            "Compare them, and choose the one to keep by its scd_id (--keep).",
            guard="tie",
        )
    name, words = next(
        (name, words) for name, words in _CLOCKS if (getattr(first, name) or "") != (getattr(second, name) or "")
    )
    return first, f"{words}, {moment.short(getattr(first, name))}"


def _begins_after(late: Sequence[Version], winner: Version) -> Refused:
    named = ", ".join(f"{version.scd_id} ({moment.short(version.effective_from)})" for version in late[:5])
    return Refused(
        "A loser begins after the winner",
        f"{winner.scd_id} begins {moment.short(winner.effective_from)} and would stay current, but "
        f"{named} {'begins' if len(late) == 1 else 'begin'} later: closing what follows would leave a hole.",
        f"Keep that one instead (--keep {late[-1].scd_id}), or declare it superseded, never valid (--supersede).",
        guard="begins_after_winner",
    )


def _followed(version: Version, successor: Version, convention: Convention) -> Closing:
    """Closed where its successor begins; never later than it had ended already, nor before an empty end."""
    empty = convention.end_before(_begin(version))
    end = convention.end_before(_begin(successor))
    kept = version.effective_to
    if kept is not None and not version.is_open and kept < end:
        return _closed(
            version,
            max(kept, empty),
            "had ended already; only its flag changes" if kept >= empty else "ended before it began; closed empty",
        )
    if _begin(version) == _begin(successor):
        return _closed(version, empty, f"begins with {successor.scd_id}: superseded, never valid")
    return _closed(version, end, f"ends where {successor.scd_id} begins")


def _superseded(version: Version, winner: Version, convention: Convention) -> Closing:
    why = f"begins after {winner.scd_id} and was declared superseded: never valid"
    return _closed(version, convention.end_before(_begin(version)), why)


def _closed(version: Version, end: str, why: str) -> Closing:
    return Closing(version, replace(version, is_current=False, effective_to=end, updated_at=None), why)


def _warnings(
    versions: Sequence[Version], winner: Version, closings: Sequence[Closing], convention: Convention
) -> Iterable[str]:
    if not winner.is_open:
        yield f"The winner itself has ended, {moment.short(winner.effective_to)}: it stays current all the same."
    if missing := current_flags_missing(versions):
        yield f"{missing} of the key's versions do not say whether they are current; they are left alone."
    touched = {closing.before for closing in closings}
    others = [version for version in versions if version not in touched and version is not winner]
    if any(other.overlaps(closing.after, convention) for other in others for closing in closings):
        yield "An older version overlaps one that is closed here, as it did before: look at the timeline."
    if any(other.overlaps(winner, convention) for other in others):
        yield "An older version overlaps the winner, as it did before: look at the timeline."


def _require_no_worse(versions: Sequence[Version], repair: Repair, convention: Convention) -> None:
    """What the rules promise, reckoned a second time: whatever they overlook is refused, not written."""
    after = repair.applied_to(versions)
    concerned = [*(closing.after for closing in repair.closings), repair.winner]
    alone = sum(version.is_current is True for version in after) == 1
    crossed = any(one.overlaps(other, convention) for one, other in combinations(concerned, 2))
    inverted = any(version.is_inverted(convention) for version in concerned)
    if not alone or crossed or inverted or _overlaps_anew(versions, repair, convention):
        raise Refused(
            "It would not make the key sound",
            "Afterwards the key would still hold an overlap, an inversion, or not exactly one current version.",
            "Look at its timeline; choose another version to keep, or correct it where it comes from.",
            guard="would_make_worse",
        )


def _overlaps_anew(versions: Sequence[Version], repair: Repair, convention: Convention) -> bool:
    """Whether a closing makes a version overlap one that is left alone and that it did not overlap before."""
    touched = {closing.before for closing in repair.closings}
    others = [version for version in versions if version not in touched]
    return any(
        other.overlaps(closing.after, convention) and not other.overlaps(closing.before, convention)
        for closing in repair.closings
        for other in others
    )


def _begin(version: Version) -> str:
    return version.effective_from or ""


def _by_begin(version: Version) -> tuple[str, str, str, str]:
    return _begin(version), version.recorded_at or "", version.inserted_at or "", version.scd_id or ""
