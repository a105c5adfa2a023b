"""What the entries of an incident come to, what is kept of a finding, whom to call, and the post-mortem."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from gcms_tui.core.finding import Evidence, Finding, Scalar
from gcms_tui.core.incidents import events
from gcms_tui.core.incidents.contacts import contacts
from gcms_tui.core.incidents.escalation import parse_path
from gcms_tui.core.incidents.incident import fold
from gcms_tui.core.incidents.postmortem import postmortem
from gcms_tui.core.incidents.told import impersonal, kept, row_names, typed_kept
from gcms_tui.core.settings import ContactSettings, ExternalSettings
from gcms_tui.core.verdict import Verdict
from tests.core.incidents.entries import OPENED_AT, entries, incident

PATH = parse_path(("Data Engineer (15 min)", "Senior (30 min)", "Manager (1 hour)"))
UTC_ZONE = ZoneInfo("UTC")


def test_the_entries_are_folded_into_what_happened() -> None:
    found = incident(
        (events.HELD, {"hold": "hold-1"}, 1.0),
        (events.NOTED, {"note": "seen"}, 2.0),
        (events.HANDED_OVER, {"to": "jane", "note": ""}, 3.0),
        (events.ACKNOWLEDGED, {}, 4.0),
        ("incident.of-a-newer-program", {"x": 1}, 5.0),
        (events.CLOSED, {"cause": "c", "done": "d", "run": "r"}, 6.0),
        (events.CLOSED, {"cause": "another", "done": "d", "run": ""}, 7.0),
    )
    assert (found.holds, found.notes[0].text, found.owner, found.state) == (("hold-1",), "seen", "erin", "closed")
    assert found.closed is not None and found.closed.cause == "c" and len(found.entries) == 8
    assert incident((events.HANDED_OVER, {"to": "jane", "note": ""}, 3.0)).owner == "jane"


@pytest.mark.parametrize("edited", [{"severity": "huge"}, {"escalation": None}, {"finding": {"name": "x"}}])
def test_what_somebody_edited_tells_of_no_incident(edited: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="cannot be read"):
        incident(**edited)
    with pytest.raises(ValueError, match="do not begin"):
        fold(entries()[1:])


@pytest.mark.parametrize("edit", [{"payload": "{}"}, {"kind": events.CLOSED}, {"user": "bo"}, {"payload": b"{}"}])
def test_an_entry_that_is_not_what_it_was_written_with_is_not_believed(edit: dict[str, Any]) -> None:
    opened, noted = entries((events.NOTED, {"note": "seen", "cause": "c", "done": "d", "run": ""}, 1.0))
    with pytest.raises(ValueError, match="entry 2 .* edited"):
        fold((opened, replace(noted, **edit)))


def test_of_the_evidence_only_names_of_things_are_kept() -> None:
    columns = ("musician_id", "full_name", "natural_key", "difference")
    rows: list[tuple[Scalar, ...]] = [
        (17, "Ada", "17-501", "120.50"),
        (18, "Bo", "ada@example.org", "1.00"),
        (18, "Bo", None, "1"),
    ]
    evidence = Evidence.of(columns, rows, 40)
    finding = Finding(
        "scd2.x", "K4", Verdict.FAIL, "Ada is owed $120.50, ask ada@example.org", OPENED_AT, evidence=evidence
    )
    said = kept(finding)
    assert (said["rows"], said["total"], said["summary"]) == (
        ["17-501", "masked"],
        40,
        "Ada is owed masked, ask masked",
    )
    assert row_names(evidence, ["natural_*"]) == ()
    assert row_names(Evidence.of(("email", "net"), [("a@b.org", 1)])) == ()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("call +1 (555) 123-4567 or 0664/1234567", "call masked or masked"),
        ("net 1,234.50 EUR, €12, 99.50 and 100 USD", "net masked, masked, masked and masked"),
        ("2026-03-01 09:00, 1,234 rows, 24 h, v1.11.16", "2026-03-01 09:00, 1,234 rows, 24 h, v1.11.16"),
        ("inc-20260301-090000-abcdef, 20260301-083000-1a2b", "inc-20260301-090000-abcdef, 20260301-083000-1a2b"),
        ("a\nb\x1b[31m\u202ec", "a bc"),
    ],
)
def test_addresses_and_amounts_are_told_to_nobody(text: str, told: str) -> None:
    assert impersonal(text, 200) == told


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("off by 0.01, ask a.b@c.org", "off by 0.01, ask masked"),
        ("Ada was paid 1,234.50 EUR, and €12, too little", "Ada was paid masked, and masked, too little"),
        ("net 1 234,50 or 99.50 at 09:30", "net masked or masked at 09:30"),
        ("dbt 1.11.16 took 12.50 s over 1,234 rows", "dbt 1.11.16 took 12.50 s over 1,234 rows"),
    ],
)
def test_what_is_typed_keeps_its_figures_but_no_amount(text: str, kept: str) -> None:
    assert typed_kept(text) == kept


HOSTILE = "# x | y\n# z [a](http://b) <script> `c` \x1b[2J @channel"


def test_a_post_mortem_tells_all_of_it_and_takes_nothing_for_markup() -> None:
    found = incident(
        (events.escalated(1), {"step": 1, "channels": 2}, 16.0),
        (events.NOTED, {"note": HOSTILE}, 17.0),
        (events.ACKNOWLEDGED, {}, 18.0),
        (events.CLOSED, {"cause": HOSTILE, "done": "rebuilt", "run": "20260301-083000-1a2b"}, 75.0),
        title=HOSTILE,
        follows="inc-old",
        user=HOSTILE,
    )
    text = postmortem(found, PATH, ZoneInfo("Europe/Vienna"))
    for wanted in (
        "| Lasted | 1 h 15 min |",
        "| Continues | inc-old |",
        "| dbt run whose tests failed | 20260301-083000-1a2b |",
        "escalated to Data Engineer, told to 2 channels",
        "| 2 | Senior | 2026-03-01 10:30 CET | stopped |",
        "- 1 row of evidence: not\\_null\\_x",
        "## What was done\n\nrebuilt\n",
    ):
        assert wanted in text, wanted
    assert "\x1b" not in text and "<script>" not in text.replace("\\<script\\>", "")
    rows = [line for line in text.splitlines() if line.startswith("| 2026")]
    assert len(rows) == 5 and all(line.replace("\\|", "").count("|") == 4 for line in rows)
    assert [line for line in text.splitlines() if line.startswith("#")] == [
        text.splitlines()[0],
        *(f"## {name}" for name in ("Timeline", "Evidence", "Who", "Escalation", "Cause", "What was done")),
    ]


def test_the_post_mortem_of_an_open_one_says_what_is_open() -> None:
    text = postmortem(replace(incident(), finding=None, escalation=()), PATH, UTC_ZONE)
    assert "| Closed | (open) |" in text and "## Cause\n\n(open)" in text
    assert "Opened by hand." in text and "No escalation was configured." in text


@pytest.mark.covers("Contacts", "External")
def test_whom_to_call_and_what_of_it_is_still_a_placeholder() -> None:
    external = (
        ExternalSettings("Snowflake", "support@snowflake.com", "2026-02-01"),
        ExternalSettings("Supabase", "support@supabase.com"),
        ExternalSettings("Airbyte", "", "2026-02-01"),
        ExternalSettings("A", "a@b.org", "soon"),
        ExternalSettings("B", "a@b.org", "2026-03-02"),
        ExternalSettings("C", "a@b.org", "2025-03-01"),
    )
    path = ("Data Engineer (15 min)", "Boss")
    found = contacts(ContactSettings(escalation=path, external=external), date(2026, 3, 1))
    assert [(item.role, item.flag) for item in found] == [
        ("team", "the runbook's default: nobody has confirmed it"),
        ("on call", "a placeholder"),
        ("escalation", ""),
        ("escalation", "the minutes are missing in 'Boss': \"Data Engineer (15 min)\" is wanted"),
        ("external", ""),
        ("external", "never verified"),
        ("external", "not filled in"),
        ("external", "verified 'soon' is no date"),
        ("external", "verified on a day that has not come"),
        ("external", "verified 365 days ago"),
    ]
    real = ContactSettings(team="ops@gcms.io", on_call="+43 1 234567", escalation=())
    assert [item.flag for item in contacts(real, date(2026, 3, 1))] == ["", ""]
