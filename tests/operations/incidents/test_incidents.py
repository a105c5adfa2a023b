"""Incidents over the real store: opened, worked on, closed; who is refused; two consoles at once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Barrier

import pytest

from gcms_tui.adapters.last_health import StateError
from gcms_tui.core.errors import GcmsError, Refused, UsageError
from gcms_tui.core.incidents.clock import due
from gcms_tui.core.incidents.incident import Severity
from gcms_tui.core.verdict import Verdict
from gcms_tui.operations.incidents.incidents import Done, Incidents
from tests.operations.incidents.scene import Scene, finding


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def guard(act: Callable[[], object]) -> str:
    with pytest.raises(Refused) as caught:
        act()
    return caught.value.guard


@pytest.mark.covers("E1 5")
def test_from_a_finding_to_its_close_with_a_hold_that_remains(scene: Scene) -> None:
    done = scene.acts().open_from(finding(), hold=True)
    opened = done.incident
    assert (opened.title, opened.section, opened.severity) == ("tests.gold is FAIL", "Daily 3", Severity.HIGH)
    assert opened.critical_test and opened.finding is not None and opened.finding.rows == ("not_null_x",)
    (hold,) = scene.holds().open()
    assert (opened.holds, hold.cause) == ((hold.hold_id,), "incident")
    assert hold.reason == f"{opened.incident_id}: tests.gold is FAIL"
    scene.acts().note(opened.incident_id[:20], "asked ada@example.org: 777.77 EUR")
    scene.acts("jane").acknowledge("last")
    scene.acts().hand_over("last", "bo", "she knows")
    assert guard(lambda: scene.acts().close("last", cause="c", done="d")) == "failed_run"
    assert guard(lambda: scene.acts().close("last", cause="c", done="d", run="green")) == "failed_run"
    with pytest.raises(UsageError):
        scene.acts().close("last", cause="c", done="d", run="no such run")
    closed = scene.acts().close("last", cause="duplicates", done="rebuilt", run="red")
    assert closed.incident.closed is not None and closed.incident.closed.run == "20260301-083000-1a2b"
    assert closed.incident.owner == "bo"
    told = [body for _, body in scene.channels.sent if "handed over" in body]
    assert told == [f"{opened.incident_id} was handed over to bo by erin."]
    (words,) = closed.notes
    assert f"payroll lift {hold.hold_id}" in words and "set by erin, and anybody else lifts it" in words
    assert scene.holds().open() == (hold,)
    assert guard(lambda: scene.holds().lift(hold.hold_id, "done")) == "second_person"
    scene.holds("jane").lift(hold.hold_id, "it is mended")
    assert not scene.holds().open()
    for word in ("Lovelace", "ada@example.org", "777"):
        assert word not in scene.journalled()


def test_one_of_a_finding_is_open_at_a_time_and_a_closed_one_goes_on_as_another(scene: Scene) -> None:
    first = scene.acts().open_from(finding("fact.x")).incident
    with pytest.raises(Refused, match=first.incident_id) as caught:
        scene.acts("jane").open_from(finding("fact.x", Verdict.UNKNOWN))
    assert caught.value.guard == "open_incident" and f"note {first.incident_id}" in caught.value.next_step
    other = scene.acts().open_from(finding("fact.y", Verdict.WARN)).incident
    assert (other.severity, other.critical_test) == (Severity.MEDIUM, False)
    assert guard(lambda: scene.acts().reopen(first.incident_id)) == "not_closed"
    scene.acts().close(first.incident_id, cause="c", done="d")
    again = scene.acts().reopen(first.incident_id).incident
    assert (again.follows, again.finding) == (first.incident_id, first.finding)
    assert guard(lambda: scene.acts().reopen(first.incident_id)) == "open_incident"
    assert guard(lambda: scene.acts().open_from(finding("fact.x"))) == "open_incident"
    assert [item.incident_id for item in scene.book().open_ones().incidents] == [again.incident_id, other.incident_id]
    assert len(scene.book().all().incidents) == 3


@pytest.mark.parametrize(
    ("act", "wanted"),
    [
        (lambda acts: acts.open_from(finding("fact.x", Verdict.OK)), "finding_ok"),
        (lambda acts: acts.open_by_hand(" \u200b\n"), "title"),
        (lambda acts: acts.open_by_hand("x" * 161), "title"),
        (lambda acts: acts.note("last", "\u2800"), "note"),
        (lambda acts: acts.note("last", "x" * 501), "note"),
        (lambda acts: acts.hand_over("last", "jane doe; rm"), "login"),
        (lambda acts: acts.close("last", cause="", done="d"), "cause"),
        (lambda acts: acts.close("last", cause="c", done="\t"), "done"),
    ],
)
def test_what_is_not_enough_is_refused_and_leaves_nothing(
    scene: Scene, act: Callable[[Incidents], Done], wanted: str
) -> None:
    scene.acts().open_by_hand("Airbyte stands still")
    before = scene.journalled()
    assert guard(lambda: act(scene.acts())) == wanted
    assert scene.journalled() == before


def test_read_only_and_a_closed_one_refuse_every_act(scene: Scene) -> None:
    scene.acts().open_by_hand("Airbyte stands still", hold=True)
    scene.acts().close("last", cause="c", done="d")
    acts: list[Callable[[Incidents], Done]] = [
        lambda incidents: incidents.note("last", "n"),
        lambda incidents: incidents.acknowledge("last"),
        lambda incidents: incidents.hand_over("last", "jane"),
        lambda incidents: incidents.hold("last"),
        lambda incidents: incidents.close("last", cause="c", done="d"),
    ]
    opening: list[Callable[[Incidents], Done]] = [
        lambda incidents: incidents.open_from(finding()),
        lambda incidents: incidents.open_by_hand("t"),
        lambda incidents: incidents.reopen("last"),
    ]
    assert {guard(lambda act=act: act(scene.acts())) for act in acts} == {"closed"}  # type: ignore[misc]
    reading = scene.acts(read_only_reason="--read-only")
    assert {guard(lambda act=act: act(reading)) for act in (*acts, *opening)} == {"read_only"}  # type: ignore[misc]
    assert scene.book().get("last").state == "closed"


def test_of_two_consoles_that_acknowledge_at_once_one_has_it(scene: Scene) -> None:
    scene.acts().open_by_hand("Airbyte stands still")
    ready = Barrier(2)

    def acknowledge(user: str) -> str:
        acts = scene.acts(user)
        ready.wait()
        try:
            return acts.acknowledge("last").incident.owner
        except Refused as refused:
            return f"{refused.guard}: {refused.message}"

    with ThreadPoolExecutor(2) as threads:
        outcomes = dict(zip(("anna", "bo"), threads.map(acknowledge, ("anna", "bo")), strict=True))
    (winner,) = [user for user, outcome in outcomes.items() if outcome == user]
    (loser,) = [outcome for user, outcome in outcomes.items() if user != winner]
    assert loser.startswith("acknowledged: ") and f"acknowledged by {winner} " in loser
    assert scene.kinds("incident.acknowledged") == ["incident.acknowledged"]


def test_of_two_who_open_one_of_the_same_finding_at_once_one_does(scene: Scene) -> None:
    scene.store().journal.prepare()
    ready = Barrier(2)

    def open_it(user: str) -> str:
        acts = scene.acts(user)
        ready.wait()
        try:
            return acts.open_from(finding("fact.x")).incident.state
        except Refused as refused:
            return refused.guard

    with ThreadPoolExecutor(2) as threads:
        outcomes = sorted(threads.map(open_it, ("anna", "bo")))
    assert outcomes[1] == "open" and outcomes[0] in ("lease", "open_incident")
    assert len(scene.book().all().incidents) == 1


@pytest.mark.covers("Escalation")
def test_the_clock_goes_on_over_a_restart_and_is_not_set_back(scene: Scene) -> None:
    scene.acts().open_by_hand("Airbyte stands still")
    scene.clock.now += timedelta(minutes=31)
    assert [step.number for step in due(scene.book().get("last"), scene.clock())] == [1, 2]
    scene.acts().note("last", "seen late")
    scene.clock.now -= timedelta(days=400)
    assert [step.number for step in due(scene.book().get("last"), scene.clock())] == [1, 2]
    scene.acts().acknowledge("last")
    assert due(scene.book().get("last"), scene.clock()) == ()


def test_a_hold_that_cannot_be_set_is_told_with_the_incident_that_is_open(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    acts = scene.acts()

    def full(*_: object) -> None:
        raise StateError("The journal cannot be written", "disk full")

    monkeypatch.setattr(acts._holds, "set", full)
    with pytest.raises(GcmsError, match="Payroll is not held: inc-.* is open.*disk full"):
        acts.open_by_hand("Airbyte stands still", hold=True)
    assert scene.book().get("last").holds == () and not scene.holds().open()
    assert scene.acts().hold("last").incident.holds
    assert guard(lambda: scene.acts().hold("last")) == "held"


def test_with_a_full_journal_nothing_is_opened_and_nobody_is_told(scene: Scene) -> None:
    scene.full = StateError("The journal cannot be written", "disk full")
    with pytest.raises(StateError, match="disk full"):
        scene.acts().open_by_hand("Airbyte stands still")
    assert not scene.channels.sent and not scene.book().all().incidents


@pytest.mark.parametrize(
    "edit",
    [
        "UPDATE journal SET payload = '{}' WHERE sequence = 1",
        "UPDATE journal SET payload = replace(payload, 'prod', 'dev') WHERE sequence = 1",
        "UPDATE journal SET kind = 'incident.closed' WHERE kind = 'incident.noted'",
        "DELETE FROM journal WHERE sequence = 1",
    ],
)
def test_one_that_somebody_edited_is_told_and_hides_no_other(scene: Scene, edit: str) -> None:
    scene.acts().open_by_hand("first")
    scene.acts().note("last", "seen")
    edited = scene.book().get("last").incident_id
    scene.clock.now += timedelta(minutes=1)
    scene.acts().open_by_hand("second")
    with scene.store().database.transaction(StateError, alone=True) as connection:
        connection.exec_driver_sql("DROP TRIGGER journal_no_update")
        connection.exec_driver_sql("DROP TRIGGER journal_no_delete")
        connection.exec_driver_sql(edit)
    listed = scene.book().open_ones()
    assert [item.title for item in listed.incidents] == ["second"]
    assert len(listed.unreadable) == 1 and edited in listed.unreadable[0]
    with pytest.raises(GcmsError, match=r"cannot be read|is none"):
        scene.book().get(edited)
    with pytest.raises(GcmsError, match=edited):  # it may be the one that is open
        scene.acts().open_from(finding())


def test_what_is_none_of_this_target_is_not_found(scene: Scene) -> None:
    scene.acts().open_by_hand("first")
    other = type(scene.book())("dev", scene.store().journal)
    assert not other.all().incidents
    with pytest.raises(UsageError, match="None has been opened on dev"):
        other.get("last")
    with pytest.raises(UsageError, match="is not of dev"):
        other.get(scene.book().get("last").incident_id)
    scene.holds().set("by hand", "r")
    with pytest.raises(UsageError, match="No such incident"):
        scene.book().get("payroll-hold:prod")
