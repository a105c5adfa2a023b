"""The log as Markdown: complete, the same for ever, and what it quotes is data."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from markdown_it import MarkdownIt

from gcms_tui.core.markdown import escaped
from gcms_tui.core.payroll import events
from gcms_tui.core.payroll.log_text import log_text
from gcms_tui.core.payroll.steps import Step
from gcms_tui.core.payroll.typed import typed
from gcms_tui.core.text import printable
from tests.core.payroll.test_gates import FROZEN, Story

TOTALS: dict[str, Any] = {
    **FROZEN["totals"],
    "net": "1234567.10",
    "by_pay_type": [
        {"pay_type": "per_service", "entries": 2, "gross": "1234567.10", "deductions": "0.00", "net": "1234567.10"}
    ],
}


def told(title: str = "Sibelius 2") -> Story:
    story = Story()
    story.entries.clear()
    story.tell(events.OPENED, concert="7", title=title, date="2026-02-20", target="prod", fact="GOLD.FCT")
    story.check(Step.FRESHNESS).check(Step.MODELS, run="run-models")
    story.check(Step.TESTS, run="run-tests", frozen={**FROZEN, "totals": TOTALS})
    return story


def finished(title: str = "Sibelius 2") -> Story:
    story = told(title)
    story.checks = lambda: story  # type: ignore[method-assign]
    story.released()
    story.tell(events.RECORDED, write="w-1", date="2026-03-01", entries=2, net="1234567.10", already=False)
    return story.tell(
        events.ARCHIVED, write="w-2", table="GOLD.FCT_20260301", kind="transient", fingerprint="f1", alike=True
    )


def rendered(text: str) -> list[list[str]]:
    """The tables' cells as a person reads them; a cell with anything but text in it fails."""
    rows: list[list[str]] = []
    for token in MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).parse(text):
        if token.type == "tr_open":
            rows.append([])
        if token.type == "inline" and rows and token.level > 3:
            assert {child.type for child in token.children or ()} <= {"text", "text_special"}, token.content
            rows[-1].append("".join(child.content for child in token.children or ()))
    return rows


def test_it_says_what_the_runbook_asks_for_and_what_proves_it() -> None:
    fields = {row[0]: row[1:] for row in rendered(log_text(finished().run, "none"))}
    assert fields["Concert ID"] == ["7"] and fields["Payment date"] == ["2026-03-01"]
    assert fields["Total amount paid"] == ["1,234,567.10"] and fields["Number of musicians"] == ["2"]
    assert fields["Exceptions or adjustments"] == ["none"]
    assert fields["per_service"] == ["2", "1,234,567.10", "0.00", "1,234,567.10"]
    assert fields["Manager"][:2] == ["manager-1", "ops-1"]
    assert fields["dbt run of the models"] == ["run-models"] and fields["dbt run of the tests"] == ["run-tests"]
    assert fields["SHA-256 of the file"] == ["s1"] and fields["Fingerprint of the payments"] == ["f1"]
    assert fields["Archive"] == ["GOLD.FCT_20260301 (transient) is what was signed, write w-2"]
    assert fields["Supabase"] == ["2 payments recorded, write w-1"]
    assert "Hash total of the musicians' ids: 3" in log_text(finished().run, "none")


def test_the_text_of_a_run_is_never_put_in_other_words() -> None:
    """The journals of closed runs hold its hash: whoever changes the form makes them read as if they were forged."""
    text = log_text(finished().run, "one | rate was late")
    assert hashlib.sha256(text.encode()).hexdigest() == (
        "3f95a0c4850fb695228d98a746441dc7aceccfd11c8883dffa7a4f768338fdcf"
    )


@pytest.mark.parametrize(
    "outside",
    [
        "a | b || c",
        "**bold** _it_ ~~gone~~ `code` ``",
        "# no heading",
        "ends in a backslash \\",
        "\\| and \\\\",
        "<b>x</b> <https://evil.example> https://evil.example &amp; &#65;",
        "[a](javascript:x) ![i](u) [^1] [x]: y",
        "two\nlines\r\n\n| a | b |\n# h",
        "\x1b[31mred\x1b[0m \x00\x07 \u202egnp.exe\u202c",
        "דוד أحمد Zoë e\u0301 😀",
    ],
)
def test_text_from_outside_is_data(outside: str) -> None:
    fields = {row[0]: row[1:] for row in rendered(log_text(finished(outside).run, typed(outside)))}
    wanted = printable(outside).strip()
    assert fields["Concert"] == [wanted] and fields["Exceptions or adjustments"] == [wanted]
    assert len(fields) == len({row[0] for row in rendered(log_text(finished().run, "none"))})
    assert "\n" not in escaped(outside)


@pytest.mark.parametrize("stage", [Story, told, finished])
def test_what_has_not_been_done_is_left_open(stage: Any) -> None:
    run = stage().run
    fields = {row[0]: row[1:] for row in rendered(log_text(run, ""))}
    assert fields["Exceptions or adjustments"] == ["(open)"]
    assert (fields["Payment date"] == ["(open)"]) is (run.recorded is None)
    assert (fields.get("Fingerprint of the payments") == ["(open)"]) is (run.frozen is None)


@pytest.mark.parametrize(
    "blank",
    ["", " ", "\t\n\r\v\f", "\u00a0\u2003\u3000\u2028\u2029\x85", "\u200b\u2060\ufeff\u00ad", "\u200d\ufe0f", "\u3164",
     "\u2800", "\u115f\u1160\uffa0", "\u0301", "\x00\x1b[0m", "\u202e\u2066"],
)  # fmt: skip
def test_what_nobody_sees_is_blank(blank: str) -> None:
    assert typed(blank) == ""
    assert typed(f"{blank}none{blank}").strip("\u200d\ufe0f\u3164\u2800\u115f\u1160\uffa0\u0301") == "none"
