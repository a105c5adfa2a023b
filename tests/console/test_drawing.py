"""The pure parts of drawing: rows, columns, bars, ages, sparklines, sequences."""

from __future__ import annotations

import base64
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.text import Text

from gcms_tui.console import board_state
from gcms_tui.console.board_state import BoardState, overall, rows, section_title, spaced
from gcms_tui.console.cadence import next_look
from gcms_tui.console.clipboard import osc52
from gcms_tui.console.columns import GAP, MARK, VERDICT, fit
from gcms_tui.console.glyphs import ASCII, UNICODE
from gcms_tui.console.present import age_text, ago, interval_text, scalar_text, value_text
from gcms_tui.console.status_bar import Escalation, Payroll, Place, Status, status_line
from gcms_tui.console.theme import CALM, SIXTEEN, Look
from gcms_tui.console.widgets.bars import Part, changed, fit_parts
from gcms_tui.console.widgets.document import flow
from gcms_tui.console.widgets.row_list import cell
from gcms_tui.console.widgets.sparkline import sparkline
from gcms_tui.core.errors import Unavailable
from gcms_tui.core.finding import HealthReport, Point
from gcms_tui.core.target import is_production
from gcms_tui.core.verdict import Verdict
from tests.console.small_platform import NOON, finding, story

LOOK = Look(CALM, UNICODE)
HOUR = timedelta(hours=1)


def state_of(*findings: object) -> BoardState:
    return board_state.known(HealthReport("sandbox", NOON, findings))  # type: ignore[arg-type]


def test_sections_and_rows_stand_worst_first() -> None:
    state = state_of(
        finding("a", "Daily 1", Verdict.OK),
        finding("b", "Daily 2", Verdict.WARN),
        finding("c", "K1", Verdict.FAIL),
        finding("d", "Monthly 1", Verdict.UNKNOWN),
        finding("e", "Monthly 3", Verdict.FAIL),
    )
    titles = ["Monthly review", "d", "e", "Key metrics", "c", "Daily morning check", "b", "a"]
    assert [row.heading or row.key for row in rows(state, NOON, HOUR)] == titles


def test_rows_keep_their_places_while_a_look_is_under_way() -> None:
    state = state_of(finding("a", "Daily 1", Verdict.FAIL), finding("b", "Daily 2", Verdict.OK))
    state = board_state.begin(state, ("a", "b"), None)
    state = board_state.answer(state, finding("b", "Daily 2", Verdict.UNKNOWN))
    assert [row.key for row in rows(state, NOON, HOUR) if not row.heading] == ["a", "b"]
    ended = HealthReport("t", NOON, (finding("a", "Daily 1", Verdict.OK), state.findings["b"]))
    state = board_state.finish(state, ended, {}, whole=True)
    assert [row.key for row in rows(state, NOON, HOUR) if not row.heading] == ["b", "a"]


def test_what_no_longer_exists_goes_with_a_whole_look_only() -> None:
    state = state_of(finding("a", "Daily 1", Verdict.OK), finding("b", "Daily 2", Verdict.OK))
    only_a = HealthReport("t", NOON, (finding("a", "Daily 1", Verdict.FAIL),))
    assert set(board_state.finish(state, only_a, {}, whole=False).findings) == {"a", "b"}
    assert set(board_state.finish(state, only_a, {}, whole=True).findings) == {"a"}


def test_nothing_looked_at_is_unknown() -> None:
    assert overall(BoardState(), NOON, HOUR).verdict is Verdict.UNKNOWN


@pytest.mark.parametrize("age_min, verdict", [(0, Verdict.OK), (60, Verdict.OK), (61, Verdict.UNKNOWN)])
def test_one_old_answer_takes_the_green_away(age_min: int, verdict: Verdict) -> None:
    old = finding("a", "Daily 1", Verdict.OK, taken_at=NOON - timedelta(minutes=age_min))
    state = state_of(old, finding("b", "Daily 2", Verdict.OK))
    assert overall(state, NOON, HOUR).verdict is verdict


def test_a_missing_answer_or_a_failed_look_takes_the_green_away() -> None:
    green = state_of(finding("a", "Daily 1", Verdict.OK))
    assert overall(green, NOON, HOUR).verdict is Verdict.OK
    assert overall(board_state.begin(green, ("a", "b"), None), NOON, HOUR).verdict is Verdict.UNKNOWN
    assert overall(board_state.begin(green, ("a", "b"), ("a",)), NOON, HOUR).verdict is Verdict.UNKNOWN
    assert overall(board_state.fail(green, Unavailable("t", "m")), NOON, HOUR).verdict is Verdict.UNKNOWN


def test_after_a_failed_look_only_a_whole_one_gives_the_green_back() -> None:
    one, other = finding("a", "Daily 1", Verdict.OK), finding("b", "Daily 2", Verdict.OK)
    failed = board_state.fail(state_of(one, other), Unavailable("t", "m"))
    again = board_state.begin(failed, ("a", "b"), None)
    assert overall(again, NOON, HOUR).verdict is Verdict.UNKNOWN, "nothing has been answered yet"
    partly = board_state.finish(again, HealthReport("t", NOON, (one,)), {}, whole=False)
    assert overall(partly, NOON, HOUR).verdict is Verdict.UNKNOWN, "the other answer is from before the failure"
    whole = board_state.finish(again, HealthReport("t", NOON, (one, other)), {}, whole=True)
    assert overall(whole, NOON, HOUR).verdict is Verdict.OK and whole.error is None


def test_blank_lines_only_where_there_is_room() -> None:
    board = rows(state_of(*story()), NOON, HOUR)
    headings = sum(bool(row.heading) for row in board)
    assert spaced(board, len(board)) == board
    assert len(spaced(board, len(board) + headings)) == len(board) + headings - 1


@pytest.mark.parametrize(
    "section, title",
    [("Daily 2", "Daily morning check"), ("K5", "Key metrics"), ("Emergency 3", "Emergency"), ("12", "12"), ("", "")],
)
def test_section_titles(section: str, title: str) -> None:
    assert section_title(section) == title


@given(
    st.integers(0, 300),
    st.fixed_dictionaries({name: st.integers(0, 80) for name in ("name", "value", "target", "age", "spark")}),
)
def test_columns_never_pass_the_edge(width: int, natural: dict[str, int]) -> None:
    columns = fit(width, natural)
    others = [columns.value, columns.target, columns.age, columns.spark]
    used = MARK + VERDICT + 1 + columns.name + sum(cells + GAP for cells in others if cells)
    assert min(columns.name, *others) >= 0
    assert used <= max(width, MARK + VERDICT + 2)


@given(st.text(max_size=30), st.integers(0, 20))
def test_a_cell_is_exactly_as_wide_as_its_column(text: str, width: int) -> None:
    shown = UNICODE.text(text)
    assert Text(cell(shown, width, UNICODE.ellipsis)).cell_len == width
    assert Text(cell(shown, width, UNICODE.ellipsis, right=True)).cell_len == width


@given(st.integers(0, 200), st.booleans())
def test_the_status_bar_fits_and_keeps_the_target_longest(width: int, read_only: bool) -> None:
    status = Status("1 Health", "connected", "data 3 min old", False, ("refresh on demand", "on demand"))
    line = status_line(Place("prod", False, read_only), status, LOOK, width)
    assert line.cell_len <= max(width, 0)
    assert "PROD" in line.plain or width < 4
    assert ("READ-ONLY" if read_only else "WRITE") in line.plain or width < 30


def test_what_is_loud_is_told_in_a_word_before_the_age_of_what_is_shown_is_left_out() -> None:
    status = Status("5 Incidents", "", "read 12 min ago", True, ("every 15 s",))
    loud, late = Payroll(held=True), Escalation(overdue=1)
    line = status_line(Place("sandbox", True, False), status, LOOK, 80, payroll=loud, escalation=late).plain
    assert "read 12 min ago" in line and "HELD" in line and "OVERDUE" in line and line.endswith("5 Incidents ")
    wide = status_line(Place("sandbox", True, False), status, LOOK, 140, payroll=loud, escalation=late).plain
    assert "PAYROLL HELD → 4" in wide and "ESCALATION OVERDUE → 5" in wide


@pytest.mark.parametrize("name", ["prod", "PROD", "gcms_prod", "production", "prod-eu", "prod1", "live", "prd"])
def test_names_of_the_real_thing(name: str) -> None:
    assert is_production(name)


@pytest.mark.parametrize("name", ["dev", "sandbox", "product_dev", "reproduce", "olive", ""])
def test_names_of_something_else(name: str) -> None:
    assert not is_production(name)


def test_parts_are_shortened_and_dropped_by_rank() -> None:
    parts = [Part((Text("target"),), 0), Part((Text("long words"), Text("short")), 1), Part((Text("least"),), 2)]
    fitted = [fit_parts(parts, width, Text(" ")).plain for width in (30, 20, 12, 6, 3, 0)]
    assert fitted == ["target long words least", "target long words", "target short", "target", "tar", ""]


@given(st.text("ab漢 ", max_size=12), st.text("ab漢 ", max_size=12))
def test_what_changed_covers_every_difference(before: str, after: str) -> None:
    old, new = Text(before), Text(after)
    start, end = changed(old, new)
    width = max(old.cell_len, new.cell_len)
    if before == after:
        assert (start, end) == (0, 0)
        return

    def by_cell(text: Text) -> list[str]:
        cells = [part for letter in text.plain for part in ([letter] if Text(letter).cell_len == 1 else [letter, ""])]
        return cells + ["end"] * (width - len(cells))

    differing = [place for place, (a, b) in enumerate(zip(by_cell(old), by_cell(new), strict=True)) if a != b]
    assert differing and start <= differing[0] and end > differing[-1]


def test_a_change_of_colour_alone_is_a_change() -> None:
    assert changed(Text("abc"), Text.assemble("a", ("b", "red"), "c")) == (1, 2)


@pytest.mark.parametrize(
    "seconds, text",
    [
        (-5, "< 1 min"),
        (0, "< 1 min"),
        (59, "< 1 min"),
        (60, "1 min"),
        (3599, "59 min"),
        (7200, "2 h"),
        (200_000, "2 d"),
    ],
)
def test_ages(seconds: int, text: str) -> None:
    assert age_text(timedelta(seconds=seconds)) == text


def test_words_for_figures() -> None:
    assert ago(timedelta(seconds=3)) == "just now" and ago(timedelta(hours=3)) == "3 h ago"
    assert [interval_text(seconds) for seconds in (900, 90, 3600, 30)] == ["15 min", "90 s", "1 h", "30 s"]
    assert (
        value_text(None, "h") == "-" and value_text(3.16, "h") == "3.2 h" and value_text(3412, "rows") == "3,412 rows"
    )
    assert value_text(Decimal("412.50"), "") == "412.50" and value_text(Decimal("1E+3"), "") == "1000"
    assert value_text(True, "") == "true" and value_text(0, "keys") == "0 keys"
    assert scalar_text(None) == "NULL" and scalar_text(datetime(2026, 3, 2, tzinfo=UTC)) == "2026-03-02 00:00:00"


def test_a_sparkline_shows_highs_lows_and_gaps() -> None:
    values = (1, 4, None, Decimal("2.5"), float("nan"), "x", True)
    points = [Point(NOON, Verdict.OK, value) for value in values]
    assert sparkline(points, 8, LOOK).plain == " ▁▇·▄···"
    assert sparkline(points[:2], 1, LOOK).plain == "▇" or sparkline(points[:2], 1, LOOK).plain == "▁"
    assert sparkline([replace(points[0])] * 3, 3, LOOK).plain == "▁▁▁"
    assert sparkline((), 0, LOOK).plain == ""


def test_looks_are_doubled_apart_by_failures_up_to_an_hour() -> None:
    assert [next_look(60, failures) for failures in (0, 1, 2, 10, 10_000)] == [60, 120, 240, 3600, 3600]
    assert next_look(7200, 3) == 7200 and next_look(None, 3) is None


@given(st.text(max_size=200), st.integers(2, 40))
def test_flowing_loses_nothing_and_fits(text: str, width: int) -> None:
    shown = Text("\n".join(UNICODE.lines(text)))
    lines = flow(shown, width)
    kept = "".join(letter for line in lines for letter in line.plain if not letter.isspace())
    assert kept == "".join(letter for letter in shown.plain if not letter.isspace())


def test_every_colour_survives_256_and_16_colours() -> None:
    levels = {0, 95, 135, 175, 215, 255}
    for name in (one.name for one in fields(CALM)):
        red, green, blue = bytes.fromhex(getattr(CALM, name)[1:])
        grey = red == green == blue and (red - 8) % 10 == 0
        assert grey or {red, green, blue} <= levels, f"{name} is not in xterm's cube"
        assert set(bytes.fromhex(getattr(SIXTEEN, name)[1:])) <= {0, 85, 170, 255}


def test_each_character_takes_one_cell_and_ascii_is_ascii() -> None:
    for glyphs in (UNICODE, ASCII):
        for value in (glyphs.rule, glyphs.bar, glyphs.cursor, glyphs.ellipsis, glyphs.waiting, *glyphs.sparks):
            assert Text(value).cell_len == 1
        assert len({glyphs.verdict(verdict) for verdict in Verdict}) == 4
    assert all(str(getattr(ASCII, name)).isascii() for name in (one.name for one in fields(ASCII)))
    assert all(ASCII.verdict(verdict).isascii() for verdict in Verdict)


def test_osc52_for_a_terminal_tmux_and_screen() -> None:
    payload = base64.b64encode("Dvořák".encode()).decode()
    plain = f"\x1b]52;c;{payload}\x07"
    assert osc52("Dvořák", {}) == plain
    assert osc52("Dvořák", {"TMUX": "x"}) == plain + f"\x1bPtmux;\x1b\x1b]52;c;{payload}\x07\x1b\\"
    chunks = osc52("x" * 2_000, {"STY": "x"}).split("\x1b\\")
    assert all(chunk.startswith("\x1bP") and len(chunk) < 760 for chunk in chunks if chunk)
    assert osc52("x" * 100_000, {}) == "", "a sequence that would be dropped is not sent"
