"""Payroll runs in the store: a concert has one that has not ended, however many ask at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from gcms_tui.core.errors import Refused, UsageError
from tests.adapters.store.address import BO, NOW, Address


def test_one_run_of_a_concert_until_it_has_ended(address: Address) -> None:
    runs = address.open().payroll
    runs.open("pay-1-aaaaaa", "prod", "31", NOW)
    for other in (runs, address.open(BO).payroll):
        with pytest.raises(Refused, match="pay-1-aaaaaa") as refused:
            other.open("pay-2-bbbbbb", "prod", "31", NOW)
        assert refused.value.guard == "open_run"
    runs.open("pay-3-cccccc", "prod", "032", NOW + timedelta(seconds=1))  # another concert, and another target
    runs.open("pay-4-dddddd", "dev", "31", NOW)
    assert [run.run_id for run in runs.runs("prod")] == ["pay-3-cccccc", "pay-1-aaaaaa"]
    active = runs.active("prod", "31")
    assert active is not None and (active.run_id, active.opened_at, active.ended_at) == ("pay-1-aaaaaa", NOW, None)
    runs.end("pay-1-aaaaaa", NOW)
    runs.end("pay-1-aaaaaa", NOW + timedelta(days=1))
    assert runs.active("prod", "31") is None
    assert runs.get("prod", "pay-1-").ended_at == NOW
    runs.open("pay-2-bbbbbb", "prod", "31", NOW)


def test_runs_are_named_by_their_beginning_or_as_the_last(address: Address) -> None:
    runs = address.open().payroll
    with pytest.raises(UsageError, match="None has been opened"):
        runs.get("prod", "last")
    runs.open("pay-1-aaaaaa", "prod", "1", NOW)
    runs.open("pay-1-bbbbbb", "prod", "2", NOW + timedelta(seconds=1))
    assert runs.get("prod", " last ").run_id == "pay-1-bbbbbb"
    assert runs.get("prod", "pay-1-a").run_id == "pay-1-aaaaaa"
    for wrong in ("pay-1-", "pay", "pay-9-cccccc", ""):
        with pytest.raises(UsageError):
            runs.get("prod", wrong)
    with pytest.raises(UsageError, match="not of dev"):
        runs.get("dev", "pay-1-aaaaaa")


def test_of_many_who_open_at_once_one_does(address: Address) -> None:
    def opened(number: int) -> str:
        try:
            address.open().payroll.open(f"pay-{number}-aaaaaa", "prod", "31", NOW)
        except Refused as refused:
            return refused.guard
        return "opened"

    with ThreadPoolExecutor(4) as several:
        told = sorted(several.map(opened, range(6)))
    assert told == ["open_run"] * 5 + ["opened"]
