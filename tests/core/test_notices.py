"""What may be said to the team: safe for every service, without addresses and amounts, each under its key."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from gcms_tui.core import notices
from gcms_tui.core.notices import Event, Notice, is_repeat, plain, together
from gcms_tui.core.payroll.roles import Role
from gcms_tui.core.verdict import Verdict

HOSTILE = (
    "<!channel> @here <@U123> *bold* [x](https://evil.example/a) `c` ~s~ a|b\r\nBcc: x@y.org {{t}} &lt; \x1b[31m\u202e"
)
NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)


def every() -> list[Notice]:
    """Each text, with hostile words wherever words from outside come in."""
    return [
        notices.verdict_changed(HOSTILE, HOSTILE, HOSTILE, "OK", Verdict.FAIL),
        notices.payroll_held(HOSTILE, "hold-1", HOSTILE),
        notices.payroll_held(HOSTILE, "", HOSTILE),
        notices.incident_opened(HOSTILE, "inc-1", HOSTILE, HOSTILE, "high"),
        notices.incident_ended(HOSTILE, "inc-1", HOSTILE, "closed", HOSTILE),
        notices.escalated(HOSTILE, "inc-1", HOSTILE, 2, HOSTILE, "overdue by 2 min 05 s"),
        notices.approval_wanted(HOSTILE, "pay-1", HOSTILE, "a" * 64, [Role.FINANCE, Role.MANAGER]),
        notices.payroll_delayed(HOSTILE, "inc-1", HOSTILE, "2026-03-01 10:00 CET", closed=False),
        notices.trial(HOSTILE),
    ]


def test_no_text_from_outside_mentions_anybody_or_is_markup() -> None:
    for notice in every():
        for text in (notice.title, *notice.lines):
            assert not set(text) & set("@<>*`~[]{}|&\r\n\x1b\u202e"), text
            assert "://" not in text and "y.org" not in text
    assert {notice.event for notice in every()} == {*Event, None}
    assert len({notice.key for notice in every()}) == len(every()) - 1  # an incident's opening and end have one


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (
            "fct_musician_payment: net_amount = gross - deductions",
            "fct_musician_payment: net_amount = gross - deductions",
        ),
        ("pay Ada 1,234.50 EUR", "pay Ada masked"),
        ("@channel #general", "\uff20channel \uff03general"),
        ("x" * 400, "x" * 299 + "…"),
    ],
)
def test_ordinary_words_stay_as_they_are(text: str, shown: str) -> None:
    assert plain(text) == shown


def test_the_same_is_said_again_only_after_a_while_and_another_state_at_once() -> None:
    half_a_day = timedelta(hours=12)
    told = [
        is_repeat(state, "FAIL", NOW, NOW + timedelta(hours=hours), half_a_day)
        for state, hours in (("FAIL", 0), ("FAIL", 11.9), ("FAIL", 12), ("OK", 0), ("FAIL", -5000))
    ]
    assert told == [True, True, False, False, True]


def test_several_are_one_message() -> None:
    fail = [notices.verdict_changed("prod", name, "Daily 3", "OK", Verdict.FAIL) for name in ("a", "b")]
    assert together("prod", fail[:1]) == ("prod: a is FAIL, was OK", "a: FAIL, was OK (runbook, Daily 3)")
    title, body = together("prod", [*fail, notices.payroll_held("prod", "", "critical test")])
    assert title == "prod: 3 changes"
    assert body.splitlines()[:3] == [
        "a: FAIL, was OK (runbook, Daily 3)",
        "b: FAIL, was OK (runbook, Daily 3)",
        "prod: payroll is held",
    ]


def test_the_configurable_events_are_those_that_are_documented() -> None:
    from dataclasses import fields

    from gcms_tui.core.settings import NOTICES, NotifySettings

    doc = next(item.metadata["doc"] for item in fields(NotifySettings) if item.name == "events")
    assert tuple(Event) == NOTICES and ", ".join(NOTICES) in doc
