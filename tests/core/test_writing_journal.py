from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gcms_tui.core.run import Person
from gcms_tui.core.writing.journal import FIRST, Anchor, Entry, verify
from gcms_tui.core.writing.lease import DEAD_AFTER, LeaseHolder
from tests.core.writing_samples import chain, sealed

WHOLE = chain(9)
AT = "2026-03-01T10:00:00.000000+00:00"


def anchor(count: int, head: str | None = None) -> Anchor:
    return Anchor(count, head or WHOLE[count - 1].own, AT, "the file")


def rewritten(entries: list[Entry], first: int, **changed: Any) -> list[Entry]:
    """Entry number `first` changed, and every hash from it on made to fit."""
    made = entries[: first - 1]
    for entry in entries[first - 1 :]:
        said = {field.name: getattr(entry, field.name) for field in fields(Entry) if field.name != "own"}
        said |= {"previous": made[-1].own if made else FIRST, **(changed if entry.sequence == first else {})}
        made.append(sealed(said))
    return made


def test_a_whole_chain_is_whole_and_proven_by_an_anchor_alone() -> None:
    report = verify(WHOLE, [anchor(3), anchor(9)])
    assert (report.count, report.head, report.broken_at, report.problem) == (9, WHOLE[-1].own, None, "")
    assert report.whole and report.proven
    alone = verify(iter(WHOLE))
    assert alone.whole and not alone.proven
    assert not replace(report, unread=("the warehouse is away",)).proven
    nothing = verify([], [Anchor(0, FIRST, AT)])
    assert (nothing.count, nothing.head, nothing.whole, nothing.proven) == (0, FIRST, True, False)


@pytest.mark.parametrize("name", [field.name for field in fields(Entry) if field.name != "sequence"])
@pytest.mark.parametrize("place", [1, 5, 9])
def test_an_edited_entry_is_named_whatever_was_edited_in_it(name: str, place: int) -> None:
    spoiled = list(WHOLE)
    value = getattr(WHOLE[place - 1], name)
    spoiled[place - 1] = replace(WHOLE[place - 1], **{name: value[:-1] + ("0" if value[-1:] != "0" else "1")})
    report = verify(spoiled)
    assert (report.broken_at, report.count, report.whole) == (place, place - 1, False)
    assert report.head == (WHOLE[place - 2].own if place > 1 else FIRST)


Spoil = Callable[[list[Entry]], list[Entry]]


@pytest.mark.parametrize(
    ("spoil", "broken_at", "told"),
    [
        (lambda entries: entries[1:], 1, "entry 1 is missing"),
        (lambda entries: entries[:4] + entries[5:], 5, "entry 5 is missing: 6 is the next"),
        (lambda entries: entries[:4] + entries[7:], 5, "entry 5 is missing: 8 is the next"),
        (lambda entries: entries[:4] + [entries[5], entries[4]] + entries[6:], 5, "entry 5 is missing"),
        (lambda entries: [*entries[:4], replace(entries[5], sequence=5), replace(entries[4], sequence=6), *entries[6:]],
         5, "does not continue"),
        (lambda entries: entries[:5] + entries[4:], 5, "one too many"),
        (lambda entries: [replace(entries[0], sequence=0), *entries], 0, "one too many"),
        (lambda entries: [*entries[:4], *(replace(entry, sequence=entry.sequence + 1) for entry in entries[3:])],
         5, "does not continue"),
        (lambda entries: [*entries[:4], *(replace(entry, sequence=entry.sequence - 1) for entry in entries[5:])],
         5, "does not continue"),
        (lambda entries: [*entries[:4], rewritten(entries, 5, subject="x")[4], *entries[5:]], 6, "does not continue"),
        (lambda entries: [*entries[:4], replace(entries[4], payload=b"{}"), *entries[5:]], 5, "edited"),
        (lambda entries: [*entries[:4], replace(entries[4], user=None), *entries[5:]], 5, "edited"),
    ],
    ids=["first removed", "one removed", "several removed", "reordered", "renumbered", "twice", "before the first",
         "put in", "removed and renumbered", "edited with its hash", "bytes", "null"],
)  # fmt: skip
def test_what_was_done_to_it_is_named_at_the_right_entry(spoil: Spoil, broken_at: int, told: str) -> None:
    report = verify(spoil(list(WHOLE)))
    assert report.broken_at == broken_at and told in report.problem, report


@pytest.mark.parametrize(
    ("entries", "anchors", "broken_at", "told"),
    [
        (WHOLE[:6], [anchor(9)], 7, "ends after 6 entries, and the file knew 9: cut off"),
        ([], [anchor(9)], 1, "ends after 0 entries"),
        (WHOLE[:6], [anchor(3), anchor(7), anchor(9)], 7, "knew 9"),
        (rewritten(WHOLE, 7, subject="x"), [anchor(9)], 9, "the file knew another entry here"),
        (rewritten(WHOLE, 7, subject="x"), [anchor(9), anchor(7)], 7, "written anew"),
        (rewritten(WHOLE, 9, subject="x"), [anchor(9)], 9, "written anew"),
        (rewritten(WHOLE, 1, subject="x"), [anchor(2), Anchor(12, FIRST, AT)], 2, "written anew"),
        (rewritten(WHOLE, 7, subject="x")[:8], [anchor(9)], 9, "cut off"),
        (WHOLE, [anchor(9), Anchor(9, "f" * 64, AT)], 9, "an anchor knew another entry"),
    ],
)
def test_an_end_that_was_cut_off_or_written_anew_is_found_by_an_anchor(
    entries: list[Entry], anchors: list[Anchor], broken_at: int, told: str
) -> None:
    assert verify(entries).whole, "by itself nothing is wrong with it"
    report = verify(entries, anchors)
    assert report.broken_at == broken_at and told in report.problem
    assert report.anchors == tuple(anchors) and not report.proven


@pytest.mark.parametrize("count", [0, 1, 9])
def test_a_chain_may_have_grown_since_it_was_anchored(count: int) -> None:
    known = [anchor(count)] if count else [Anchor(0, FIRST, AT)]
    assert verify(WHOLE, known).whole


NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("silent", "gone", "told"),
    [
        (timedelta(), False, ""),
        (DEAD_AFTER, False, ""),
        (DEAD_AFTER + timedelta(seconds=1), False, "not been seen for 31 s"),
        (timedelta(), True, "process 7 on ops-1 is no longer there"),
        (timedelta(days=-1), False, ""),
    ],
)
def test_a_holder_is_dead_when_its_process_is_gone_or_its_heart_still(silent: timedelta, gone: bool, told: str) -> None:
    holder = LeaseHolder("write:t", Person("ana", "ops-1"), 7, "repair", NOW, NOW - silent, "token")
    dead = holder.is_dead(NOW, process_is_gone=gone)
    assert told in dead and bool(told) == bool(dead)
