"""Notices: told once, by whichever process comes first, and never in the way of what they tell of."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from gcms_tui.adapters.last_health import StateError
from gcms_tui.core import notices
from gcms_tui.core.errors import ConfigError
from gcms_tui.core.notices import Notice, subject
from gcms_tui.core.payroll.roles import Role
from gcms_tui.core.payroll.run import By, Exported, PayrollRun, Signature
from gcms_tui.core.run import Person
from gcms_tui.core.settings import NotifySettings
from gcms_tui.core.verdict import Verdict
from gcms_tui.operations.notices import Outcome, words_of
from tests.operations.incidents.scene import BAD, GOOD, TARGET, Scene, finding, report

HELD = notices.payroll_held(TARGET, "hold-1", "incident")
OPENED = notices.incident_opened(TARGET, "inc-1", "t", "", "high")


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def outcome(scene: Scene, notice: Notice = HELD) -> Outcome:
    (told,) = scene.notices().tell(notice)
    return told.outcome


def test_the_same_is_told_once_whichever_process_tells_it(scene: Scene) -> None:
    assert [outcome(scene) for _ in range(2)] == [Outcome.SENT, Outcome.REPEAT]
    scene.clock.now += timedelta(hours=11, minutes=59)
    assert outcome(scene) is Outcome.REPEAT
    scene.clock.now += timedelta(minutes=1)
    assert [outcome(scene) for _ in range(2)] == [Outcome.SENT, Outcome.REPEAT]
    scene.clock.now -= timedelta(days=3)
    assert outcome(scene) is Outcome.REPEAT
    assert outcome(scene, replace(HELD, state="another")) is Outcome.SENT
    assert len(scene.channels.sent) == 3
    (entry, *_) = scene.store().journal.entries(1)
    assert (entry.kind, entry.subject) == ("notice.sent", "notice:prod:hold:hold-1")
    assert entry.said == {"event": "hold", "state": "another", "channels": 1, "failed": 0, "why": []}


def test_what_another_process_is_telling_is_left_to_it(scene: Scene) -> None:
    lease = scene.store("bo").leases.take(subject(TARGET, HELD.key), "telling")
    told = scene.notices().tell(HELD, OPENED)
    assert [item.outcome for item in told] == [Outcome.ELSEWHERE, Outcome.SENT] and not words_of(told)
    lease.release()
    assert outcome(scene) is Outcome.SENT


def test_nothing_is_told_unless_it_is_configured(scene: Scene) -> None:
    scene.notify = NotifySettings(events=("incident",))
    assert [outcome(scene, notice) for notice in (HELD, OPENED)] == [Outcome.OFF, Outcome.SENT]
    scene.notify = NotifySettings()
    assert outcome(scene, notices.incident_opened(TARGET, "inc-2", "t", "", "low")) is Outcome.OFF
    assert len(scene.channels.sent) == 1 and scene.kinds("notice.") == ["notice.sent"]


def test_a_failure_is_told_once_journalled_as_not_sent_and_tried_again(scene: Scene) -> None:
    scene.channels.answers = (BAD,)
    told = [scene.notices().tell(HELD) for _ in range(3)]
    assert [words_of(item) for item in told] == [
        ("Notice not told: 2 JSON: it refused with status 500",),
        (),
        (),
    ]
    assert len(scene.channels.sent) == 3 and scene.kinds("notice.") == ["notice.unsent"]
    scene.channels.answers = (replace(BAD, why="no answer within 10 s"),)
    assert words_of(scene.notices().tell(HELD)) == ("Notice not told: 2 JSON: no answer within 10 s",)
    scene.channels.answers = (GOOD, BAD)
    assert words_of(scene.notices().tell(HELD)) == ("Notice told, but not to all: 2 JSON: it refused with status 500",)
    assert outcome(scene) is Outcome.REPEAT
    assert scene.kinds("notice.") == ["notice.unsent", "notice.unsent", "notice.sent"]


def test_addresses_that_cannot_be_read_and_a_full_journal_break_nothing(scene: Scene) -> None:
    scene.channels.error = ConfigError("Nobody to tell", "the variable is not set")
    assert words_of(scene.notices().tell(HELD)) == ("Notice not told: Nobody to tell: the variable is not set",)
    scene.channels.error, scene.channels.answers = None, ()
    assert words_of(scene.notices().tell(HELD)) == ("Notice not told: no channel is configured",)
    scene.channels.answers = (GOOD,)
    scene.full = StateError("The journal cannot be written", "disk full")
    (told,) = scene.notices().tell(HELD)
    assert (told.outcome, told.channels) == (Outcome.SENT, 1)
    assert "told again, as this could not be kept: The journal cannot be written" in told.words


def test_where_the_store_cannot_be_used_nothing_is_sent_and_that_is_said(scene: Scene) -> None:
    (scene.directory / "state").write_text("a file in its place")
    (told,) = scene.notices().tell(HELD)
    assert told.outcome is Outcome.UNSENT and told.words.startswith("not told: ")
    assert not scene.channels.sent


def test_several_go_in_one_message_and_are_each_remembered(scene: Scene) -> None:
    told = scene.notices().tell(HELD, OPENED, HELD)
    assert [item.outcome for item in told] == [Outcome.SENT] * 3
    assert [title for title, _ in scene.channels.sent] == ["prod: 2 changes"]
    assert scene.notices().state(OPENED.key) == "opened"
    assert scene.notices().state("incident:inc") == ""  # the beginning of a key is not the key


# -- from time to time -------------------------------------------------------------------------------------------------


def told_now(scene: Scene, **verdicts: Verdict) -> list[str]:
    """The titles of what one pass over this report tells."""
    before = len(scene.channels.sent)
    assert scene.watch().tell(report(**verdicts)) == ()
    return [title for title, _ in scene.channels.sent[before:]]


def test_a_verdict_is_told_when_it_is_another_than_was_told_last(scene: Scene) -> None:
    scene.notify = NotifySettings(events=("verdict",))
    ok, warn, fail = Verdict.OK, Verdict.WARN, Verdict.FAIL
    assert told_now(scene, fact_x=ok, fact_y=ok) == []
    assert told_now(scene, fact_x=fail, fact_y=ok) == ["prod: fact.x is FAIL"]
    scene.clock.now += timedelta(days=3)
    assert told_now(scene, fact_x=fail, fact_y=ok) == []
    scene.channels.answers = (BAD,)
    assert len(scene.watch().tell(report(fact_x=ok))) == 1
    scene.channels.answers = (GOOD,)
    assert told_now(scene, fact_x=warn) == ["prod: fact.x is WARN, was FAIL"]
    assert told_now(scene, fact_x=Verdict.UNKNOWN, fact_y=fail) == ["prod: 2 changes"]
    assert scene.channels.sent[-1][1].splitlines() == [
        "fact.x: UNKNOWN, was WARN (runbook, Daily 3)",
        "fact.y: FAIL (runbook, Daily 3)",
    ]
    assert told_now(scene, fact_x=ok, fact_y=fail) == ["prod: fact.x is OK, was UNKNOWN"]


def test_an_overdue_step_is_told_once_and_is_in_the_incidents_log(scene: Scene) -> None:
    incident = scene.acts().open_by_hand("Airbyte stands still\n@channel <!here>").incident
    scene.clock.now += timedelta(minutes=16)
    scene.channels.answers = (BAD,)
    assert scene.watch().tell(report())[:2] == (
        f"{incident.incident_id} (Airbyte stands still @channel <!here>): Data Engineer is overdue by 1 min 00 s",
        "Notice not told: 2 JSON: it refused with status 500",
    )
    assert not scene.book().get("last").escalated
    scene.channels.answers = (GOOD, GOOD)
    scene.watch().tell(report())
    assert scene.channels.sent[-1] == (
        "prod: nobody has taken incident Airbyte stands still \uff20channel \u2039!here\u203a",
        "Step 1: Data Engineer. Overdue by 1 min 00 s.\nTake it: gcms-tui incident ack " + incident.incident_id,
    )
    scene.clock.now -= timedelta(hours=2)
    before = len(scene.channels.sent)
    assert scene.watch().tell(report()) == ()
    assert len(scene.channels.sent) == before
    scene.clock.now += timedelta(hours=4)
    assert len(scene.watch().tell(report())) == 2
    assert scene.kinds("incident.escalated.") == [f"incident.escalated.{step}" for step in (1, 2, 3)]
    assert scene.book().get("last").escalated[1].channels == 2


def test_what_was_told_before_the_process_died_is_journalled_and_not_told_again(scene: Scene) -> None:
    incident = scene.acts().open_by_hand("t").incident
    scene.clock.now += timedelta(minutes=16)
    scene.notices().tell(notices.escalated(TARGET, incident.incident_id, "t", 1, "x", "overdue by 1 s"))
    before = len(scene.channels.sent)
    scene.watch().escalate()
    assert len(scene.channels.sent) == before and scene.book().get("last").escalated


def test_without_notices_an_overdue_step_is_said_and_stays_overdue(scene: Scene) -> None:
    scene.notify = NotifySettings()
    scene.acts().open_by_hand("t")
    scene.clock.now += timedelta(minutes=16)
    for _ in range(2):
        (words,) = scene.watch().tell(report())
        assert words.endswith("Data Engineer is overdue by 1 min 00 s")
    scene.acts().acknowledge("last")
    assert scene.watch().tell(report()) == ()


def test_holds_are_told_and_an_unreadable_part_stops_no_other(scene: Scene) -> None:
    scene.holds().set("by hand", "Ada was paid 1,234.50 EUR too little")
    scene.critical = "not_null_net (3 rows) fails"

    def broken() -> tuple[()]:
        raise StateError("Payroll runs are not kept", "disk full")

    scene.waiting = broken
    words = scene.watch().tell(report(fact_x=Verdict.FAIL))
    assert words == ("Notice not told: Payroll runs are not kept: disk full",)
    assert [title for title, _ in scene.channels.sent] == ["prod: fact.x is FAIL", "prod: 2 changes"]
    assert "Ada" not in repr(scene.channels.sent) and "1,234" not in repr(scene.channels.sent)


def test_holds_and_signatures_are_not_even_read_where_nobody_is_told_of_them(scene: Scene) -> None:
    scene.notify = NotifySettings(events=("verdict",))
    scene.waiting = lambda: pytest.fail("nobody wants them")
    watch = scene.watch()
    watch._holds = lambda: pytest.fail("nobody wants them")
    assert watch.tell(report()) == ()


def test_signatures_are_asked_for_once_for_each_file_and_each_that_is_missing(scene: Scene) -> None:
    by = By(Person("erin", "ops-1"), scene.clock())
    exported = Exported(by, "h", "d", "f.csv", "a" * 64, "m", {}, "fp", "p", {})
    run = PayrollRun("pay-1", "33", "Sibelius", None, TARGET, "f", by, exported=exported)
    signed = {Role.FINANCE: Signature(by, Role.FINANCE, "", "a" * 64)}
    asked = []
    for now in (run, run, replace(run, signatures=signed), replace(run, exported=replace(exported, sha256="b" * 64))):
        scene.waiting = lambda now=now: (now,)  # type: ignore[misc]
        assert scene.watch().tell(report()) == ()
        asked.append([body.splitlines()[0] for _, body in scene.channels.sent])
    everybody = "Wanted: Data engineer, Finance, Manager."
    assert asked[-1] == [everybody, "Wanted: Data engineer, Manager.", everybody] and len(asked[1]) == 1
    scene.waiting = lambda: (replace(run, exported=None),)
    scene.watch().tell(report())
    assert len(scene.channels.sent) == 3


def test_an_incident_is_told_after_payroll_is_held_and_a_failure_to_tell_breaks_nothing(scene: Scene) -> None:
    scene.channels.answers = (BAD,)
    done = scene.acts().open_from(finding(), hold=True)
    assert done.incident.holds and done.notes == ("Notice not told: 2 JSON: it refused with status 500",)
    assert [title for title, _ in scene.channels.sent] == [
        "prod: payroll is held",
        "prod: incident tests.gold is FAIL",
    ]
