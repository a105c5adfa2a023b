from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from gcms_tui.core.errors import Refused
from gcms_tui.core.scd2.repair import Repair, current_flags_missing, decide, shared_ids
from gcms_tui.core.scd2.version import Convention, Version
from tests.core.scd2_judge import crowded, is_ever_valid, is_inverted

DAY_BEFORE, SAME_INSTANT = Convention.DAY_BEFORE, Convention.SAME_INSTANT
GUARDS = {
    "no_current", "one_current", "null_id", "null_begin", "shared_scd_id", "tie", "not_current", "begins_after_winner",
    "out_of_calendar", "would_make_worse",
}  # fmt: skip


def at(text: str | None) -> str | None:
    """`01-10`, `01-10 12:30`, `2999-01-10 12:30:00.000000001` as a moment."""
    if text is None:
        return None
    day, _, clock = text.partition(" ")
    whole, _, fraction = clock.partition(".")
    return (
        f"{day if len(day) > 5 else f'2026-{day}'} {whole or '00:00'}{':00' if len(whole) < 8 else ''}.{fraction:0<9}"
    )


def version(
    scd_id: str | None,
    begin: str | None,
    end: str | None = None,
    *,
    current: bool | None = True,
    recorded: str | None = "01-01",
    inserted: str | None = "01-01",
    rest: str = "",
) -> Version:
    return Version(scd_id, at(begin), at(end), current, at(recorded), at(inserted), at("01-02 03:04"), rest)


def ends(repair: Repair) -> dict[str | None, str | None]:
    return {closing.after.scd_id: closing.after.effective_to for closing in repair.closings}


def refused(versions: Sequence[Version], convention: Convention = DAY_BEFORE, **options: object) -> Refused:
    with pytest.raises(Refused) as caught:
        decide(versions, convention, **options)  # type: ignore[arg-type]
    return caught.value


# -- who wins ---------------------------------------------------------------------------------------------------------


@pytest.mark.covers("E2 2")
@pytest.mark.parametrize(
    ("one", "other", "reason"),
    [
        (version("a", "01-01", recorded="01-02"), version("w", "01-01", recorded="01-03"), "recorded last, 2026-01-03"),
        (
            version("a", "01-01", recorded="01-03", inserted="01-04"),
            version("w", "01-01", recorded="01-03", inserted="01-04 00:00:00.000000001"),
            "inserted last, 2026-01-04 00:00:00.000000001",
        ),
        (version("a", "01-01"), version("w", "01-05 06:00"), "begins last, 2026-01-05 06:00:00"),
        (version("a", "01-01", recorded=None), version("w", "01-01"), "recorded last, 2026-01-01"),
        (
            version("a", "01-01", recorded=None, inserted=None),
            version("w", "01-01", recorded=None),
            "inserted last, 2026-01-01",
        ),
    ],
)
def test_the_latest_wins_by_recorded_then_inserted_then_begun_and_null_is_earliest(
    one: Version, other: Version, reason: str
) -> None:
    repair = decide([one, other], DAY_BEFORE)
    assert (repair.winner.scd_id, repair.reason) == ("w", reason)
    assert repair == decide([other, one], DAY_BEFORE)


def test_recorded_outweighs_inserted_and_begun() -> None:
    early = version("a", "01-01", recorded="01-09", inserted="01-01")
    late = version("b", "01-05", recorded="01-08", inserted="01-09")
    assert refused([early, late]).guard == "begins_after_winner", "the one recorded last wins, whatever that leads to"


def test_a_full_tie_has_no_default_and_is_chosen() -> None:
    tied = [version("a", "01-05"), version("b", "01-05"), version("c", "01-01")]
    error = refused(tied)
    assert error.guard == "tie" and "a, b" in error.message and "--keep" in error.next_step
    repair = decide(tied, DAY_BEFORE, keep="a")
    assert (repair.winner.scd_id, repair.reason) == ("a", "chosen by hand")
    assert ends(repair) == {"c": at("01-04"), "b": at("01-04")}, "c ends where b begins, which is never valid itself"


def test_a_tie_among_those_that_lose_anyway_is_none() -> None:
    versions = [version("a", "01-01"), version("b", "01-01"), version("w", "01-05", recorded="01-06")]
    assert ends(decide(versions, SAME_INSTANT)) == {"a": at("01-01"), "b": at("01-05")}


@pytest.mark.parametrize("keep", ["old", "nobody", ""])
def test_only_a_current_version_of_the_key_can_be_kept(keep: str) -> None:
    versions = [version("old", "01-01", "01-02", current=False), version("a", "01-03"), version("b", "01-04")]
    error = refused(versions, keep=keep)
    assert error.guard == "not_current" and "a, b" in error.message


# -- where the others end ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("convention", "wanted"),
    [
        (DAY_BEFORE, {"a": "01-04", "b": "01-08 12:00"}),
        (SAME_INSTANT, {"a": "01-05", "b": "01-09 12:00"}),
    ],
)
def test_losers_are_chained_each_closed_where_the_next_begins(convention: Convention, wanted: dict[str, str]) -> None:
    versions = [version("b", "01-05"), version("w", "01-09 12:00", recorded="01-09"), version("a", "01-01")]
    repair = decide(versions, convention)
    assert ends(repair) == {scd_id: at(end) for scd_id, end in wanted.items()}
    assert [closing.why for closing in repair.closings] == ["ends where b begins", "ends where w begins"]
    for closing in repair.closings:
        assert closing.after == replace(
            closing.before, is_current=False, effective_to=closing.after.effective_to, updated_at=None
        )


@pytest.mark.parametrize(
    ("convention", "end"), [(DAY_BEFORE, "01-04 06:00:00.000000001"), (SAME_INSTANT, "01-05 06:00:00.000000001")]
)
def test_a_loser_that_begins_with_its_successor_is_closed_empty(convention: Convention, end: str) -> None:
    begin = "01-05 06:00:00.000000001"
    repair = decide([version("a", begin), version("w", begin, recorded="01-06")], convention)
    assert ends(repair) == {"a": at(end)}
    [closing] = repair.closings
    assert closing.after.is_empty(convention) and not closing.after.is_inverted(convention)
    assert closing.why == "begins with w: superseded, never valid"


def test_a_nanosecond_apart_is_apart() -> None:
    versions = [version("a", "01-05"), version("w", "01-05 00:00:00.000000001", recorded="01-06")]
    assert ends(decide(versions, SAME_INSTANT)) == {"a": at("01-05 00:00:00.000000001")}
    assert ends(decide(versions, DAY_BEFORE)) == {"a": at("01-04 00:00:00.000000001")}, "empty, and not inverted"


@pytest.mark.parametrize("convention", Convention)
def test_a_loser_that_begins_after_the_winner_is_refused_with_two_ways_out(convention: Convention) -> None:
    versions = [version("w", "01-01", recorded="01-09"), version("late", "01-05"), version("early", "01-01")]
    error = refused(versions, convention)
    assert error.guard == "begins_after_winner"
    assert "late (2026-01-05)" in error.message and "hole" in error.message
    assert "--keep late" in error.next_step and "--supersede" in error.next_step
    kept = decide(versions, convention, keep="late")
    assert not is_ever_valid(kept.closings[0].after, day_before=convention is DAY_BEFORE)
    assert ends(kept)["w"] == at("01-04" if convention is DAY_BEFORE else "01-05")
    superseded = decide(versions, convention, supersede=True)
    assert superseded.winner.scd_id == "w"
    assert ends(superseded)["late"] == at("01-04" if convention is DAY_BEFORE else "01-05")
    assert "declared superseded" in superseded.closings[-1].why


@pytest.mark.parametrize(
    ("end", "closed_at", "why"),
    [
        ("01-03", "01-03", "had ended already; only its flag changes"),
        ("01-01", "01-01", "had ended already; only its flag changes"),
        ("2025-12-31", "2025-12-31", "had ended already; only its flag changes"),
        ("2025-12-30 23:59:59.999999999", "2025-12-31", "ended before it began; closed empty"),
        ("01-04", "01-04", "ends where w begins"),
        ("01-20", "01-04", "ends where w begins"),
        ("9999-12-31", "01-04", "ends where w begins"),
    ],
)
def test_a_current_version_that_has_ended_already_never_ends_later_nor_before_an_empty_end(
    end: str, closed_at: str, why: str
) -> None:
    repair = decide([version("a", "01-01", end), version("w", "01-05", recorded="01-06")], DAY_BEFORE)
    assert ends(repair) == {"a": at(closed_at)} and repair.closings[0].why == why


def test_one_that_ended_late_and_is_superseded_is_empty_all_the_same() -> None:
    versions = [version("w", "01-01", recorded="01-09"), version("late", "01-05", "01-07")]
    assert ends(decide(versions, SAME_INSTANT, supersede=True)) == {"late": at("01-05")}


def test_versions_that_are_not_current_are_left_alone_whatever_they_say() -> None:
    history = [
        version("h1", "01-01", "01-03", current=False),
        version("h2", None, None, current=False),
        version(None, "01-01", "01-01", current=None),
        version("h4", "02-01", "01-01", current=False),
    ]
    versions = [*history, version("a", "01-05"), version("w", "01-06", recorded="01-07")]
    repair = decide(versions, DAY_BEFORE)
    assert repair.applied_to(versions)[:4] == tuple(history)
    assert any("1 of the key's versions do not say" in warning for warning in repair.warnings)


def test_what_a_person_should_know_is_a_warning() -> None:
    crossing = version("h", "01-01", "01-20", current=False)
    repair = decide([crossing, version("a", "01-05"), version("w", "01-10", "01-25", recorded="01-11")], DAY_BEFORE)
    assert len(repair.warnings) == 3
    assert "winner itself has ended, 2026-01-25" in repair.warnings[0]
    assert "closed here" in repair.warnings[1] and "the winner" in repair.warnings[2]
    assert decide([version("a", "01-05"), version("w", "01-10")], DAY_BEFORE).warnings == ()


# -- what is refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("versions", "guard"),
    [
        ([], "no_current"),
        ([version("a", "01-01", "01-02", current=False)], "no_current"),
        ([version("a", "01-01", current=None), version("b", "01-01", current=None)], "no_current"),
        ([version("a", "01-01")], "one_current"),
        ([version("a", "01-01"), version("b", "01-02", "01-03", current=False)], "one_current"),
        ([version("a", "01-01"), version("a", "01-02")], "shared_scd_id"),
        ([version("a", "01-01"), version("a", "01-01")], "shared_scd_id"),
        ([version("a", "01-01"), version("b", "01-02"), version("a", "01-01", current=False)], "shared_scd_id"),
        ([version(None, "01-01"), version("b", "01-02")], "null_id"),
        ([version("a", None), version("b", "01-02")], "null_begin"),
        ([version("a", "0001-01-01"), version("b", "0001-01-01", recorded="01-02")], "out_of_calendar"),
        ([version("a", "01-05"), version("w", "01-05", "01-01", recorded="01-06")], "would_make_worse"),
        ([version("a", "9999-02-01"), version("w", "9999-02-02", recorded="01-06")], "would_make_worse"),
    ],
)
def test_what_cannot_be_repaired_is_refused_by_name(versions: list[Version], guard: str) -> None:
    error = refused(versions)
    assert error.guard == guard and error.title and error.message and error.next_step


def test_an_id_shared_by_history_alone_does_not_stand_in_the_way() -> None:
    history = [version("h", "01-01", "01-02", current=False)] * 2
    versions = [*history, version("a", "01-05"), version("w", "01-06")]
    assert shared_ids(versions) == ("h",)
    assert decide(versions, DAY_BEFORE).winner.scd_id == "w"


def test_missing_flags_are_counted() -> None:
    assert current_flags_missing([version("a", "01-01", current=None), version("b", "01-01"), version("c", None)]) == 1


# -- whatever the history ---------------------------------------------------------------------------------------------

_MOMENTS = [
    f"{day} {clock}"
    for day in ("2026-01-01", "2026-01-02", "2026-01-03", "2026-01-05", "2030-06-30", "2999-01-01")
    for clock in ("00:00:00.000000000", "00:00:00.000000001", "12:30:00.999999999")
]
_OPEN = [None, None, None, "9999-12-31 00:00:00.000000000"]
moments = st.sampled_from(_MOMENTS)


@st.composite
def histories(draw: st.DrawFn, *, sound: bool) -> list[Version]:
    """2 to 50 versions. `sound`: ids are told apart, and every current version says since when."""
    number = draw(st.one_of(st.integers(2, 6), st.integers(2, 50)))
    versions = []
    for place in range(number):
        current = draw(st.sampled_from([True, True, True, False, None]))
        unknown_begin = draw(st.integers(0, 19)) == 0 and not (sound and current)
        scd_id = f"v{place}"
        if not sound and draw(st.integers(0, 9)) == 0:
            scd_id = draw(st.sampled_from(["v0", "v1"]))
        versions.append(
            Version(
                None if not (sound and current) and draw(st.integers(0, 29)) == 0 else scd_id,
                None if unknown_begin else draw(moments),
                draw(st.sampled_from([*_OPEN, *_OPEN, *_MOMENTS])),
                current,
                draw(st.sampled_from([None, *_MOMENTS[:4]])),
                draw(st.sampled_from([None, *_MOMENTS[:3]])),
                draw(st.sampled_from([None, *_MOMENTS[:2]])),
                draw(st.sampled_from(["x", "y"])),
            )
        )
    return versions


def judge(versions: Sequence[Version], repair: Repair, convention: Convention) -> None:
    """After a decision that was accepted."""
    day_before = convention is DAY_BEFORE
    after = repair.applied_to(versions)
    assert [one for one in after if one.is_current] == [repair.winner]
    concerned = [one for one, before in zip(after, versions, strict=True) if before.is_current]
    assert len(concerned) == len(repair.closings) + 1
    assert not crowded(concerned, day_before=day_before)
    assert not any(is_inverted(one, day_before=day_before) for one in concerned)
    assert crowded(after, day_before=day_before) <= crowded(versions, day_before=day_before), "none new in the key"
    for one, before in zip(after, versions, strict=True):
        if before.is_current and before != repair.winner:
            assert one.effective_to is not None and one.effective_to < "9999"
            assert one == replace(before, is_current=False, effective_to=one.effective_to, updated_at=None)
        else:
            assert one == before, "no other row changes"


@given(histories(sound=False), st.sampled_from(Convention), st.booleans(), st.booleans(), st.integers())
def test_an_accepted_decision_makes_the_key_sound_and_a_refusal_has_a_name(
    versions: list[Version], convention: Convention, choose: bool, supersede: bool, seed: int
) -> None:
    keep = versions[seed % len(versions)].scd_id if choose else None
    answers: list[Repair | str] = []
    shuffled = list(versions)
    random.Random(seed).shuffle(shuffled)
    for order in (versions, shuffled):
        try:
            answers.append(decide(order, convention, keep=keep, supersede=supersede))
        except Refused as error:
            assert error.guard in GUARDS
            answers.append(error.guard)
    assert answers[0] == answers[1], "whatever the order of the rows"
    if isinstance(answers[0], Repair):
        judge(versions, answers[0], convention)


@given(histories(sound=True), st.sampled_from(Convention), st.integers())
def test_whoever_chooses_a_winner_and_supersedes_the_rest_is_refused_nothing(
    versions: list[Version], convention: Convention, seed: int
) -> None:
    """Where ids and beginnings are known there is always a way out, but to keep a version that was never valid."""
    current = [one for one in versions if one.is_current]
    assume(len(current) > 1)
    keep = current[seed % len(current)]
    inverted = is_inverted(keep, day_before=convention is DAY_BEFORE)
    try:
        repair = decide(versions, convention, keep=keep.scd_id, supersede=True)
    except Refused as error:
        assert (error.guard, inverted) == ("would_make_worse", True)
    else:
        assert repair.winner == keep and not inverted
        judge(versions, repair, convention)


@given(histories(sound=True), st.sampled_from(Convention))
def test_the_end_of_a_loser_is_its_own_or_where_the_next_begins(
    versions: list[Version], convention: Convention
) -> None:
    """Without a choice made by hand no version loses a moment that none of the others takes up."""
    try:
        repair = decide(versions, convention)
    except Refused as error:
        assert error.guard in GUARDS - {"null_id", "null_begin", "shared_scd_id", "not_current", "out_of_calendar"}
        return
    begins = sorted(one.effective_from or "" for one in versions if one.is_current)
    for closing in repair.closings:
        begin = closing.before.effective_from or ""
        successors = [other for other in begins if other > begin] or [begin]
        possible = {convention.end_before(successors[0]), convention.end_before(begin), closing.before.effective_to}
        assert closing.after.effective_to in possible
