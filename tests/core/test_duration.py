from __future__ import annotations

from datetime import timedelta

import pytest

from gcms_tui.core.duration import parse_duration


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("90s", timedelta(seconds=90)),
        (" 15M ", timedelta(minutes=15)),
        ("2 h", timedelta(hours=2)),
        ("1d", timedelta(days=1)),
    ],
)
def test_a_number_and_a_unit(text: str, wanted: timedelta) -> None:
    assert parse_duration(text) == wanted


@pytest.mark.parametrize("text", ["", "15", "m", "1.5h", "-1h", "15 minutes", "1h30m", "0s", "9999999s", "１５m"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="time"):
        parse_duration(text)
