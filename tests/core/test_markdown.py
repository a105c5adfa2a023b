"""Text from outside in a Markdown document is no markup, wherever it stands."""

from __future__ import annotations

import pytest

from gcms_tui.core.markdown import escaped, paragraph, table


@pytest.mark.parametrize(
    "text",
    ["a | b", "a\nb", "<script>", "[x](http://e)", "`x`", "**x**", "\x1b[31mx", "https://e.example/a", "~~x~~", "&lt;"],
)
def test_outside_text_is_no_markup(text: str) -> None:
    shown = escaped(text)
    assert "\n" not in shown and "\x1b" not in shown
    for character in "|<[`*~&:":
        assert character not in shown.replace(f"\\{character}", "")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("# Approved", "\\# Approved"),
        ("- one", "\\- one"),
        ("+ one", "\\+ one"),
        ("---", "\\---"),
        ("===", "\\==="),
        ("1. one", "1\\. one"),
        ("12) one", "12\\) one"),
        ("> quoted", "\\> quoted"),
        ("    code", "code"),
        ("2026-03-01 was it", "2026-03-01 was it"),
        ("", "(none)"),
    ],
)
def test_no_line_begins_with_markup(text: str, shown: str) -> None:
    assert paragraph(text) == shown


def test_a_table_has_its_head_and_its_rows() -> None:
    assert table((("a", "b"), ("1", escaped("x|y")))) == "| a | b |\n| --- | --- |\n| 1 | x\\|y |"
