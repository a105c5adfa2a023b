from __future__ import annotations

from datetime import timedelta

import pytest

from gcms_tui.core.duration import parse_duration, seconds_text


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


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(None, ""), (-1.0, "0.0 s"), (9.94, "9.9 s"), (9.96, "10 s"), (75, "1 min 15 s"), (4020.4, "1 h 07 min")],
)
def test_a_length_of_time_is_said_at_a_glance(seconds: float | None, said: str) -> None:
    assert seconds_text(seconds) == said
