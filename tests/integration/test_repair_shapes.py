"""Repairs of every shape of table, key and history, against the warehouse; judged row by row by the plain connector."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from gcms_tui.core.errors import Refused
from gcms_tui.core.identifier import Relation
from gcms_tui.core.settings import Scd2TableSettings
from gcms_tui.operations.writing.guarded_write import Outcome
from gcms_tui.sandbox.warehouse.process import WarehouseProcess
from tests.integration.repair_scene import KEY, TABLE, Scene, Values, pair, scene, warehouse
from tests.integration.scd2_oracle import Version, defects

RELATION = Relation("BRONZE", TABLE.upper())
BEGIN = datetime(2026, 1, 5, 10)  # noqa: DTZ001 - as the warehouse keeps them: UTC without a zone
HOSTILE = {
    " it's \"; DROP TABLE bronze.versions_scd2; -- [red]x[/red] \U0001f3bb Größe\nbreak\\' ": "it's",
    "100%_?": "100 percent",
    "k" * 10_000: "k" * 9_999,
}
"""Keys that may not be taken for anything else, and what each might be taken for."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WarehouseProcess]:
    with warehouse(tmp_path_factory.mktemp("warehouse")) as running:
        yield running


@pytest.fixture(scope="module")
def here(server: WarehouseProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    described = Scd2TableSettings(RELATION, closing="day_before")
    with scene(server, tmp_path_factory.mktemp("state"), described=described) as opened:
        yield opened


def repaired_and_undone(here: Scene, key: str = KEY, **options: Any) -> list[Values]:
    """The rows after the repair of one key, which is taken back."""
    before = here.rows()
    done = here.apply(here.plan(key, **options))
    assert done.outcome is Outcome.APPLIED and not done.note
    after = here.rows()
    assert here.apply(here.repairs.propose_undo(done.write_id)).outcome is Outcome.APPLIED
    assert here.rows() == before
    return after


def ends(rows: list[Values], key: str = KEY) -> dict[str, tuple[str | None, bool]]:
    """By id: where each version of the key ends, and whether it is current."""
    return {row[0]: (None if row[5] is None else str(row[5]), row[6]) for row in rows if row[1] == key}


@pytest.mark.parametrize(("key", "like"), HOSTILE.items(), ids=range(len(HOSTILE)))
def test_a_key_may_hold_anything(here: Scene, key: str, like: str) -> None:
    others = (like, key.strip(" "), key.lower()) if key.strip(" ") != key else (like,)
    here.fill([*pair(key=key), *(row for n, other in enumerate(others) for row in pair(f"c{n}", f"d{n}", key=other))])
    after = repaired_and_undone(here, key)
    assert {scd_id: current for scd_id, (_, current) in ends(after, key).items()} == {"a": False, "b": True}
    for other in others:
        assert len(ends(after, other)) == 2 and all(current for _, current in ends(after, other).values())


@pytest.mark.parametrize("moments", ["DATE", "TIMESTAMP_LTZ"])
def test_dates_and_local_timestamps_are_closed_as_any_other(here: Scene, moments: str) -> None:
    here.fill(pair(), moments=moments)
    end, current = ends(repaired_and_undone(here))["a"]
    assert (str(end)[:10], current) == ("2026-01-10", False)


@pytest.mark.parametrize(
    ("settings_of", "missing"),
    [
        ({"updated_at": "no_such_column"}, "unstamped"),
        ({"is_current": None, "updated_at": None, "closing": "same_instant"}, "no flag"),
    ],
    ids=["unstamped", "no flag"],
)
def test_a_table_may_lack_a_stamp_or_a_flag(
    server: WarehouseProcess, tmp_path: Path, settings_of: dict[str, Any], missing: str
) -> None:
    described = replace(Scd2TableSettings(RELATION), **settings_of)
    with scene(server, tmp_path / "state", described=described) as here:
        rows = pair()
        if missing == "no flag":
            rows = [(*row[:4], False, *row[5:]) for row in rows]  # the column is there and means nothing
        here.fill(rows)
        after = ends(repaired_and_undone(here))
        wanted = "2026-01-11 00:00:00" if missing == "no flag" else "2026-01-10 00:00:00"
        assert (after["a"][0], after["b"][0]) == (wanted, None)


def test_many_versions_are_chained_each_to_its_successor(here: Scene) -> None:
    days = [BEGIN + timedelta(days=day) for day in range(20)]
    here.fill([(f"v{n:02}", KEY, str(day), None, True, str(day), str(day)) for n, day in enumerate(days)])
    after = ends(repaired_and_undone(here))
    assert after["v19"] == (None, True)
    assert [after[f"v{n:02}"] for n in range(19)] == [(str(days[n + 1] - timedelta(days=1)), False) for n in range(19)]


def test_a_tie_has_to_be_chosen_and_what_loses_is_closed_empty(here: Scene) -> None:
    here.fill([(name, KEY, "2026-01-05", None, True, "2026-01-05", "2026-01-05") for name in ("a", "b", "c")])
    with pytest.raises(Refused) as caught:
        here.plan()
    assert caught.value.guard == "tie"
    after = ends(repaired_and_undone(here, keep="b"))
    assert after == {"a": ("2026-01-04 00:00:00", False), "b": (None, True), "c": ("2026-01-04 00:00:00", False)}


def test_what_begins_later_than_the_winner_is_refused_or_superseded(here: Scene) -> None:
    here.fill(pair())
    with pytest.raises(Refused) as caught:
        here.plan(keep="a")
    assert caught.value.guard == "begins_after_winner" and "--supersede" in caught.value.next_step
    after = ends(repaired_and_undone(here, keep="a", supersede=True))
    assert after == {"a": (None, True), "b": ("2026-01-10 00:00:00", False)}


def test_a_version_that_begins_in_the_future_is_told(here: Scene) -> None:
    here.fill([*pair()[:1], ("b", KEY, "2999-01-01", None, True, "2026-01-11", "2026-01-11")])
    assert "in the future" in " ".join(here.plan().warnings)
    assert ends(repaired_and_undone(here))["a"] == ("2998-12-31 00:00:00", False)


def test_rows_without_a_key_are_nobodys(here: Scene) -> None:
    here.fill(pair(key=None))
    before = here.rows()
    for key in ("", "None", "NULL"):
        with pytest.raises(Refused) as caught:
            here.plan(key)
        assert caught.value.guard == "no_such_key"
    assert here.rows() == before


def test_rows_that_share_an_id_are_collapsed_to_the_latest_and_put_back(here: Scene) -> None:
    twin = ("a", KEY, "2026-01-05", None, True, "2026-01-05", "2026-01-06")
    later = ("a", KEY, "2026-01-05", None, True, "2026-01-05", "2026-01-07")
    here.fill([twin, twin, later])
    with pytest.raises(Refused) as caught:
        here.plan()
    assert caught.value.guard == "shared_scd_id"
    before = here.rows()
    done = here.apply(here.repairs.propose_collapse(TABLE, KEY, "a"))
    assert done.outcome is Outcome.APPLIED
    [kept] = [row for row in here.rows() if row[1] == KEY]
    assert str(kept[8]) == "2026-01-07 00:00:00"
    here.apply(here.repairs.propose_undo(done.write_id))
    assert here.rows() == before


def test_a_batch_stops_at_the_first_surprise_and_goes_on_later(here: Scene) -> None:
    tie = [(name, "t", "2026-01-05", None, True, "2026-01-05", "2026-01-05") for name in ("t1", "t2")]
    here.fill([*(row for n in range(4) for row in pair(f"a{n}", f"b{n}", key=f"k{n}")), *tie])
    batch = here.repairs.propose_batch(TABLE, containing="")
    assert [one.natural_key for one in batch.refused] == ["t"] and batch.confirmation == "4 keys"
    here.ask(f"UPDATE bronze.{TABLE} SET status = 'absent' WHERE natural_key = 'k2'")
    ended = here.repairs.apply_batch(batch.batch_id, "4 keys", "two runs collided")
    assert [one.plan.subject for one in ended.applied] == ["k0", "k1"]
    assert isinstance(ended.surprise, Refused) and ended.surprise.guard == "rows_moved"
    assert (ended.stopped_at, ended.left) == ("k2", ("k3",))
    assert here.ask(f"SELECT COUNT(*) FROM {ended.backup}") == [(11,)]
    later = here.repairs.apply_batch(batch.batch_id, "4 keys", "the rest")
    assert [one.plan.subject for one in later.applied] == ["k3"] and not later.surprise
    current = here.ask(f"SELECT natural_key FROM bronze.{TABLE} WHERE is_current GROUP BY 1 HAVING COUNT(*) > 1")
    assert sorted(current) == [("k2",), ("t",)]


_DAYS = st.integers(0, 6).map(lambda day: str(BEGIN + timedelta(days=day, hours=day % 2)))
_HISTORIES = st.lists(
    st.tuples(_DAYS, st.none() | _DAYS, st.sampled_from([True, True, False, None]), _DAYS, st.none() | _DAYS),
    min_size=2,
    max_size=7,
)


@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck), phases=(Phase.generate,))
@given(history=_HISTORIES, supersede=st.booleans(), chosen=st.none() | st.integers(0, 6))
def test_any_history_is_made_sound_or_refused_and_can_be_put_back(
    here: Scene, history: list[tuple[Any, ...]], supersede: bool, chosen: int | None
) -> None:
    rows: list[Values] = [
        (f"v{n}", KEY, begin, end, current, recorded, inserted)
        for n, (begin, end, current, recorded, inserted) in enumerate(history)
    ]
    here.fill(rows)
    before = here.rows()
    keep = None if chosen is None else f"v{chosen}"
    try:
        plan = here.plan(keep=keep, supersede=supersede)
    except Refused as refused:
        assert refused.guard and here.rows() == before
        return
    done = here.apply(plan)
    after = here.rows()
    touched = {change.label for change in plan.changes}
    assert {row[0] for row in set(before) ^ set(after)} == touched
    was, now = _defects(before), _defects(after)
    assert now["duplicate_current_keys"] == now["no_current_keys"] == 0
    for name in ("overlaps", "inverted", "closed_but_open"):
        assert now[name] <= was[name], name
    assert _defects([row for row in after if row[0] in touched])["inverted"] == 0
    assert _defects([row for row in after if row[0] in touched | {plan.winner}])["overlaps"] == 0
    here.apply(here.repairs.propose_undo(done.write_id))
    assert here.rows() == before


def _defects(rows: list[Values]) -> dict[str, int]:
    """By the oracle; the table infers its convention, which is the day before where it says nothing."""
    versions = [Version(row[0], row[1], row[4], row[5], row[6]) for row in rows]
    return defects(versions, day_before=True)
