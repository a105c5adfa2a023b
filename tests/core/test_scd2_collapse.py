from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gcms_tui.core.errors import Refused
from gcms_tui.core.scd2.collapse import Collapse, collapse
from gcms_tui.core.scd2.table import Closed, convention_of
from gcms_tui.core.scd2.version import Convention, Version

M = [f"2026-01-0{day} 00:00:00.00000000{nano}" for day in (1, 2, 3) for nano in (0, 1)]
ROW = Version("a", M[0], None, True, M[1], M[1], M[1], "x")
OTHER = Version("b", M[0], None, True, M[5], M[5], M[5], "x")


def refused(versions: Sequence[Version]) -> str:
    with pytest.raises(Refused) as caught:
        collapse(versions, "a")
    return caught.value.guard


@pytest.mark.parametrize("copies", [2, 3, 50])
def test_of_identical_rows_one_stays(copies: int) -> None:
    versions = [*[ROW] * copies, OTHER]
    made = collapse(versions, "a")
    assert (made.kept, made.removed, made.warnings) == (ROW, (ROW,) * (copies - 1), ())
    assert Counter(made.applied_to(versions)) == Counter([ROW, OTHER])
    assert made.reason == "all copies are the same"


@pytest.mark.parametrize(
    ("later", "reason"),
    [
        (replace(ROW, recorded_at=M[2], inserted_at=M[0]), "recorded last, 2026-01-02"),
        (replace(ROW, inserted_at=M[3], rest="y"), "inserted last, 2026-01-02 00:00:00.000000001"),
        (replace(ROW, effective_from=M[4], updated_at=None), "begins last, 2026-01-03"),
        (replace(ROW, updated_at=M[2], effective_to="2030-01-01 00:00:00.000000000"), "written last, 2026-01-02"),
    ],
)
def test_of_copies_that_differ_the_latest_stays_and_it_is_told(later: Version, reason: str) -> None:
    earlier = replace(ROW, recorded_at=M[0]) if later.recorded_at == M[1] and "recorded" in reason else ROW
    made = collapse([earlier, later], "a")
    assert (made.kept, made.removed, made.reason) == (later, (earlier,), reason)
    assert "backup" in made.warnings[0]
    assert made == collapse([later, earlier], "a")


@pytest.mark.parametrize(
    "other",
    [
        replace(ROW, rest="y"),
        replace(ROW, effective_to=M[3]),
        replace(ROW, is_current=False),
        replace(ROW, updated_at=M[4]),  # the statement that puts one back could not tell which
        replace(ROW, updated_at=None),
    ],
)
def test_copies_that_are_as_late_and_say_different_things_are_not_chosen_between(other: Version) -> None:
    assert refused([ROW, other]) == refused([other, ROW]) == "cannot_tell_apart"


@pytest.mark.parametrize("versions", [[], [OTHER], [ROW, OTHER], [OTHER, OTHER]])
def test_an_id_that_no_two_rows_have_is_not_shared(versions: list[Version]) -> None:
    assert refused(versions) == "not_shared"


def test_a_key_does_not_lose_its_only_current_version() -> None:
    closed = replace(ROW, is_current=False, effective_to=M[3], recorded_at=M[4])
    assert refused([ROW, closed]) == "would_make_worse"
    assert refused([ROW, closed, replace(OTHER, is_current=False)]) == "would_make_worse"
    assert collapse([ROW, closed, OTHER], "a").kept == closed, "another one is current"
    assert collapse([closed, closed], "a").kept == closed, "there was none before"


some = st.sampled_from([None, *M[:3]])
copies = st.builds(
    Version, st.sampled_from(["a", "a", "b", None]), some, some, st.sampled_from([True, False, None]), some, some, some,
    st.sampled_from(["x", "y"]),
)  # fmt: skip


@given(st.lists(copies, max_size=8).map(lambda rows: rows + rows[:2]), st.randoms())
def test_nothing_but_further_copies_goes(versions: list[Version], dice: random.Random) -> None:
    shuffled = list(versions)
    dice.shuffle(shuffled)
    answers: list[Collapse | str] = []
    for order in (versions, shuffled):
        try:
            answers.append(collapse(order, "a"))
        except Refused as error:
            assert error.guard in ("not_shared", "cannot_tell_apart", "would_make_worse")
            answers.append(error.guard)
    made, again = answers
    if isinstance(made, str) or isinstance(again, str):
        assert made == again
        return
    assert (made.kept, Counter(made.removed)) == (again.kept, Counter(again.removed))
    after = made.applied_to(versions)
    assert [one for one in after if one.scd_id == "a"] == [made.kept]
    assert Counter(versions) == Counter(after) + Counter(made.removed)
    assert {one.scd_id for one in made.removed} == {"a"}
    assert any(one.is_current for one in after) == any(one.is_current for one in versions)
    place = ("effective_from", "effective_to", "recorded_at", "inserted_at")
    found = [one for one in versions if all(getattr(one, name) == getattr(made.kept, name) for name in place)]
    assert {one for one in found if one.scd_id == "a"} == {made.kept}, "what is put back is what was planned for"


@pytest.mark.parametrize(
    ("configured", "day_before", "same_instant", "wanted", "told"),
    [
        (None, 9, 0, Convention.DAY_BEFORE, ""),
        (None, 0, 1, Convention.SAME_INSTANT, ""),
        (None, 1200, 3, Convention.DAY_BEFORE, "1,200 end the day before its successor begins, 3 where"),
        (None, 3, 4, Convention.SAME_INSTANT, "of two minds"),
        (None, 4, 4, Convention.DAY_BEFORE, "of two minds"),
        (None, 0, 0, Convention.DAY_BEFORE, "no closed version to infer"),
        ("day_before", 0, 0, Convention.DAY_BEFORE, ""),
        ("same_instant", 2, 5, Convention.SAME_INSTANT, ""),
        ("same_instant", 5, 2, Convention.SAME_INSTANT, "5 closed versions of the table end the day before"),
        ("day_before", 0, 7, Convention.DAY_BEFORE, "(0 as configured)"),
    ],
)
def test_the_convention_is_the_configured_one_or_what_most_closed_rows_follow(
    configured: str | None, day_before: int, same_instant: int, wanted: Convention, told: str
) -> None:
    in_force = convention_of(configured, Closed(day_before, same_instant))
    assert in_force.convention is wanted
    assert told in in_force.warning and bool(in_force.warning) == bool(told)
