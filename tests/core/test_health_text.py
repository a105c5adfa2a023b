from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from gcms_tui.core.finding import Finding, HealthReport, Point, Scalar
from gcms_tui.core.health_text import Style, board, metric_lines, sparkline, value_text
from gcms_tui.core.verdict import Verdict

NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
HOSTILE = "[/b]\x1b[31m\nnew\tline 😀 é \x9b2J" + "x" * 10_000


def finding(name: str, verdict: Verdict, summary: str = "fine", value: Scalar = 1.0, next_step: str = "") -> Finding:
    return Finding(name, "Daily 1", verdict, summary, NOW, value, "h", "< 24 h", "> 48 h", next_step=next_step)


REPORT = HealthReport(
    "prod",
    NOW,
    (
        finding("a.ok", Verdict.OK, next_step="never shown"),
        finding("b.unknown", Verdict.UNKNOWN, HOSTILE, None, HOSTILE),
        finding("c.fail", Verdict.FAIL, "one two three " * 20, next_step="do this"),
        finding("d.warn", Verdict.WARN),
    ),
)


def test_the_worst_comes_first_and_a_line_says_it_all() -> None:
    lines = list(board(REPORT, Style()))
    assert lines[0] == "? UNKNOWN target prod, 2026-03-01 09:00:00 UTC: 1 UNKNOWN, 1 FAIL, 1 WARN, 1 OK"
    names = [match[1] for line in lines if (match := re.match(r"[^ ] [A-Z]+ +([a-d]\.\w+)", line))]
    assert names == ["b.unknown", "c.fail", "d.warn", "a.ok"]
    assert any(line.startswith("    -> do this") for line in lines)
    assert "never shown" not in "\n".join(lines)


@pytest.mark.parametrize("width", [20, 40, 80, 140])
@pytest.mark.parametrize("ascii_only", [False, True])
def test_no_line_is_wider_than_the_terminal_and_nothing_steers_it(width: int, ascii_only: bool) -> None:
    style = Style(width=width, ascii=ascii_only)
    history = {"c.fail": [Point(NOW, Verdict.OK, float(n)) for n in range(5)]}
    for line in [*board(REPORT, style), *metric_lines(REPORT, history, style)]:
        assert len(line) <= max(width, 40)
        assert not set(line) & {"\x1b", "\n", "\t", "\x9b"}
        if ascii_only:
            assert line.isascii()


def test_a_long_name_is_not_torn_in_two() -> None:
    name = "expression_is_true_fct_musician_payment_attended_services_required_services"
    report = HealthReport(
        "prod", NOW, (finding("freshness.supabase_instrument", Verdict.FAIL, f"failed: {name} (fail)"),)
    )
    for width in (80, 100, 140):
        lines = list(board(report, Style(width=width)))
        assert any(name in line for line in lines)
        assert all(len(line) <= width for line in lines)


def test_colour_is_added_around_words_that_stand_alone() -> None:
    coloured, plain = (list(board(REPORT, Style(colour=colour))) for colour in (True, False))
    assert [re.sub(r"\x1b\[\d+m", "", line) for line in coloured] == plain
    assert "\x1b[31m✗ FAIL   \x1b[0m" in "\n".join(coloured)


def test_metrics_show_value_target_alert_and_history() -> None:
    history = {"c.fail": [Point(NOW, Verdict.OK, value) for value in (1.0, None, Decimal("2.0"), 3)]}
    text = "\n".join(metric_lines(REPORT, history, Style(ascii=True)))
    assert "x FAIL    c.fail     1 h  target < 24 h, alert > 48 h" in text
    assert "    history _ =#" in text


def test_sparklines() -> None:
    assert sparkline([0, 7]) == "▁█"
    assert sparkline([5, 5, 5]) == "▁▁▁"
    assert sparkline([1, None, 2]) == "▁ █"
    assert sparkline([1, 2], ascii_only=True) == "_#"
    assert sparkline([]) == sparkline([None, "text"]) == ""


def test_values() -> None:
    assert value_text(None, "h") == "-"
    assert value_text(3.2, "h") == "3.2 h"
    assert value_text(1234, "rows") == "1,234 rows"
    assert value_text(100.0, "%") == "100 %"
    assert value_text("free", "") == "free"
