"""The root cause as it is looked for: what each place tells, what is said where one tells nothing, and the note."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta

import pytest

from gcms_tui.core.dbt_results import ArtifactError
from gcms_tui.core.errors import Refused, StatementFailed, Unavailable, UsageError
from gcms_tui.core.finding import Scalar
from gcms_tui.core.scd2.cause import Overlap
from gcms_tui.core.scd2.cause_sessions import NONE_VISIBLE
from gcms_tui.core.scd2.version import Version
from gcms_tui.core.writing.journal import INTENT, OUTCOME
from gcms_tui.core.writing.plan_json import row_document
from gcms_tui.operations.scd2.cause import CAUSE
from gcms_tui.operations.scd2.corrections import CORRECTIONS
from tests.operations.scd2_scene import KEY, MINUTE, MOMENT, TABLE, WRITTEN, Known, Scene, building, row


@pytest.mark.covers("E2 5")
def test_two_runs_at_the_same_time_are_found_with_what_surrounds_them() -> None:
    scene = Scene(known=Known((building(1, begins=-MINUTE, took=2 * MINUTE), building(2))))
    found = scene.causes().look(f"bronze.{TABLE}", KEY)
    assert found.verdict is Overlap.OVERLAPPED and "run-1 and run-2, certainly" in found.words
    assert [(one.at, one.scd_ids, one.runs) for one in found.insertions] == [(MOMENT, ("b", "a"), ("run-1", "run-2"))]
    assert (found.table, found.natural_key, found.repaired_by) == ("bronze.br_t0_scd2", KEY, "")
    assert scene.git.asked == [(WRITTEN, ("models/t0.sql", "t0.yml"))]
    assert found.sessions.words == NONE_VISIBLE
    assert found.notes == ("one file could not be read",)
    assert [origin.source for origin in found.provenance][-1] == "git"
    assert found.provenance[-1].statement == "git log -- 'a b'"
    asked = next(one for one in scene.warehouse.asked if one.query == "dbt_query_history")
    assert asked.binds == (f"{WRITTEN - timedelta(seconds=5):%Y-%m-%d %H:%M:%S}.000000", "BR_T0_SCD2")


def test_what_cannot_be_looked_at_is_said_and_proves_nothing() -> None:
    missing = ArtifactError("No manifest.json", "dbt has left none")
    scene = Scene(known=Known(the_manifest=missing, error=Unavailable("No history", "The disk is gone.")))
    scene.warehouse.on("dbt_query_history", StatementFailed("Refused", "insufficient privileges"))
    found = scene.causes().look(TABLE, KEY)
    assert found.verdict is Overlap.NOT_KNOWN and "no run of this target is known" in found.words
    assert found.sessions.words == "not known: Refused: insufficient privileges"
    assert found.notes == (
        "which model builds the table is not known: dbt has left none",
        "the history of runs could not be read: The disk is gone.",
    )
    scene.versions(row("a", inserted_at=None), row("b", inserted_at=None))
    undated = scene.causes().look(TABLE, KEY)
    assert (undated.verdict, undated.changes) == (Overlap.NOT_KNOWN, None)
    scene.versions(row("a", inserted_at="2026-01-01 05:10:00.000000000"), row("b"))
    scene.warehouse.on("dbt_query_history", ())
    assert (
        scene.causes().look(TABLE, KEY).sessions.words
        == f"{NONE_VISIBLE}; of 1 older moment the history tells nothing any more"
    )
    scene.versions(row("a", inserted_at="2026-01-01 05:10:00.000000000"))
    assert "goes back seven days" in scene.causes().look(TABLE, KEY).sessions.words
    scene.versions()
    with pytest.raises(Refused) as refused:
        scene.causes().look(TABLE, KEY)
    assert refused.value.guard == "no_such_key"
    with pytest.raises(UsageError):
        scene.causes().look("br_unheard_of", KEY)


def test_a_repaired_key_is_told_by_what_the_repair_found() -> None:
    scene = Scene(known=Known((building(1),)))
    scene.versions(row("b"), row("a", current=False))
    before = [row_document(Version(name, MOMENT, None, True, MOMENT, MOMENT).row) for name in ("a", "b")]
    told = (
        ("w-1", KEY, "", "applied"),
        ("w-2", "another", "", "applied"),
        ("w-3", KEY, "w-1", "applied"),
        ("w-4", KEY, "", "not_applied"),
    )
    for write_id, key, undoes, outcome in told:
        payload = {"table": "bronze.br_t0_scd2", "key": key, "undoes": undoes, "before": before}
        scene.book.append(INTENT, write_id, payload)
        scene.book.append(OUTCOME, write_id, {"outcome": outcome})
    scene.book.append(INTENT, "w-5", {**payload, "key": KEY, "undoes": ""})  # in doubt
    scene.book.append(INTENT, "w-6", {**payload, "key": KEY, "undoes": "", "before": [{}]})  # edited
    scene.book.append(OUTCOME, "w-6", {"outcome": "applied"})
    scene.book.kept.append(replace(scene.book.kept[0], payload="[]"))
    found = scene.causes().look(TABLE, KEY)
    assert (found.repaired_by, found.insertions[0].scd_ids) == ("w-1", ("a", "b"))
    assert found.verdict is Overlap.ONE and "it wrote all of them" in found.words


def test_a_note_closes_it_and_is_kept_with_what_was_known() -> None:
    scene = Scene()
    causes = scene.causes()
    for blank in ("", " \n\t"):
        with pytest.raises(Refused) as refused:
            causes.close(TABLE, KEY, blank)
        assert refused.value.guard == "note"
    assert causes.notes(TABLE, KEY) == () and not scene.book.kept and "scd2_key_versions" not in scene.warehouse.names()
    first = causes.close(TABLE, KEY, "  cron and Anna at once \n")
    causes.close(TABLE, KEY, "cron was moved", causes.look(TABLE, KEY))
    assert [note.text for note in causes.notes(f"BRONZE.{TABLE}", KEY)] == ["cron and Anna at once", "cron was moved"]
    assert causes.notes(TABLE, KEY[:-1]) == ()
    entry = scene.book.kept[0]
    assert (entry.kind, entry.subject) == (CAUSE, f"bronze.br_t0_scd2 {KEY}")
    assert json.loads(entry.payload)["verdict"] == "not known"
    assert first.words[0].startswith("not known: no run is certainly known at")
    with pytest.raises(Refused) as forbidden:
        scene.causes("--read-only").close(TABLE, KEY, "a note")
    assert forbidden.value.guard == "read_only" and len(scene.book.kept) == 2
    scene.book.error = Unavailable("The journal cannot be written", "The disk is full.")
    with pytest.raises(Unavailable):
        causes.close(TABLE, KEY, "a note")


def test_notes_of_long_keys_are_told_apart() -> None:
    scene = Scene()
    causes = scene.causes()
    keys = [f"{'k' * 10_000}{end}" for end in "ab"]
    for key in keys:
        causes.close(TABLE, key, f"about {key[-1]}")
    assert [causes.notes(TABLE, key)[0].text for key in keys] == ["about a", "about b"]
    assert all(len(entry.subject) < 300 for entry in scene.book.kept)
    scene.book.kept.insert(0, replace(scene.book.kept[0], payload="{"))
    assert [note.text for note in causes.notes(TABLE, keys[0])] == ["about a"], "one that was edited hides no other"


@pytest.mark.covers("Monthly 2")
def test_a_review_counts_what_is_late_and_is_noted() -> None:
    scene = Scene()
    late: dict[str, Scalar] = {"correction_month": date(2026, 2, 1), "correction_count": 3, "corrected_keys": 2}
    scene.warehouse.on("row_count", ({"row_count": 10},))
    scene.warehouse.on("scd2_late_corrections", (late, {**late, "correction_month": None}))
    corrections = scene.corrections()
    review = corrections.review(TABLE, timedelta(hours=36))
    assert [(one.label, one.corrections) for one in review.months] == [("2026-02", 3), ("2026-03", 0), ("no date", 3)]
    assert review.known and review.total == 6 and review.provenance[0].binds == (2160,)
    with pytest.raises(Refused):
        corrections.note(TABLE, " ", review)
    with pytest.raises(Refused):
        scene.corrections("gcms.toml says so").note(TABLE, "a note", review)
    corrections.note(TABLE, "late sheets of the tour", review)
    assert [(entry.kind, entry.subject) for entry in scene.book.kept] == [(CORRECTIONS, "bronze.br_t0_scd2")]
    assert corrections.notes(TABLE)[0].words[1:] == (
        "2026-02: 3 of 2 keys",
        "2026-03: 0 of 0 keys",
        "no date: 3 of 2 keys",
    )
    scene.warehouse.on("row_count", ({"row_count": 0},))
    scene.warehouse.on("scd2_late_corrections", ())
    assert not corrections.review(TABLE).known
