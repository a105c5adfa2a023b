"""JSON that loses nothing."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pytest

from gcms_tui.cli.output import as_json, print_json
from gcms_tui.core.secret import Secret
from gcms_tui.core.verdict import Verdict


@dataclass(frozen=True)
class Item:
    verdict: Verdict
    amount: Decimal


def test_every_kind_of_value_has_its_form() -> None:
    away = timezone(timedelta(hours=2))
    value = {
        "amounts": (Decimal("100.10"), Decimal("1E+3"), Decimal("-0.00")),
        "moment": datetime(2026, 3, 1, 2, 0, 0, 999, tzinfo=away),
        "utc": datetime(2026, 3, 1, tzinfo=UTC),
        "day": date(2026, 3, 1),
        "verdict": Verdict.UNKNOWN,
        "path": Path("/a"),
        "secret": Secret("planted"),
        "item": Item(Verdict.OK, Decimal("0.01")),
        "plain": [None, True, 1, 0.5, "ü"],
    }
    assert as_json(value) == {
        "amounts": ["100.10", "1000", "-0.00"],
        "moment": "2026-03-01T00:00:00Z",
        "utc": "2026-03-01T00:00:00Z",
        "day": "2026-03-01",
        "verdict": "UNKNOWN",
        "path": "/a",
        "secret": "Secret('**********')",
        "item": {"verdict": "OK", "amount": "0.01"},
        "plain": [None, True, 1, 0.5, "ü"],
    }


def test_what_has_no_form_is_an_error_and_not_a_guess() -> None:
    with pytest.raises(TypeError, match="object has no form"):
        as_json([object()])


def test_one_document_goes_to_stdout_alone(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"a": "ü"})
    shown = capsys.readouterr()
    assert json.loads(shown.out) == {"a": "ü"}
    assert shown.err == ""
