"""A run's documents, there and back, and what is not taken for one."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gcms_tui.core.dbt_command import DbtCommand
from gcms_tui.core.run import CancelAsked, GitState, Holder, Person, RunEnd, RunRecord
from gcms_tui.core.run_json import (
    Lease,
    cancel_text,
    end_text,
    lease_text,
    read_cancel,
    read_end,
    read_lease,
    read_record,
    record_text,
)

NOON = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
ANNA = Person("anna", "ops1", "10.0.0.7")
RECORD = RunRecord(
    run_id="20260301-120000-1a2b",
    command=DbtCommand("test", ("tag:critical", "+a"), ("b",), True, True, "20260301-110000-1a2b", ("--fail-fast",)),
    argv=("dbt", "test", "--select", "tag:critical"),
    project_dir="/srv/dbt/\udcff",
    target="prod",
    person=ANNA,
    started_at=NOON,
    git=GitState("abc", dirty=True),
    engine="warm",
    dbt_version="1.11.16",
    selected=("test.gcms.a", "test.gcms.b"),
    expected_s=12.5,
    retry_of="20260301-110000-1a2b",
    foreign=True,
    takeover="another's",
)


def test_every_field_comes_back() -> None:
    assert read_record(record_text(RECORD)) == RECORD
    default = RunRecord("x", DbtCommand("run"), (), "", "", ANNA, NOON)
    assert read_record(record_text(default)) == default
    for field in fields(RunRecord):
        if field.name not in ("run_id", "command", "argv", "project_dir", "target", "person", "started_at"):
            assert getattr(RECORD, field.name) != getattr(default, field.name)


@given(st.text(), st.text(), st.lists(st.text()), st.floats(allow_nan=False, allow_infinity=False) | st.none())
def test_any_text_comes_back(one: str, other: str, words: list[str], seconds: float | None) -> None:
    person = Person(one, other, one)
    record = replace(RECORD, argv=tuple(words), person=person, target=other, expected_s=seconds)
    assert read_record(record_text(record)) == record
    lease = Lease(one, other, Holder(one, person, 7, NOON, tuple(words)))
    assert read_lease(lease_text(lease)) == lease


def test_moments_are_utc() -> None:
    local = NOON.astimezone(timezone(timedelta(hours=-6)))
    for end in (RunEnd(local, 0, None, "id", "note"), RunEnd(local, None, 9)):
        read = read_end(end_text(end))
        assert read == replace(end, ended_at=NOON)
        assert read.ended_at.utcoffset() == timedelta()
    assert read_cancel(cancel_text(CancelAsked(local, ANNA))) == CancelAsked(NOON, ANNA)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"version": 2}, "a newer gcms-tui"),
        ({"version": "1"}, "version is"),
        ({"exit_code": True}, "exit_code is"),
        ({"exit_code": "0"}, "exit_code is"),
        ({"exit_code": 0.0}, "exit_code is"),
        ({"ended_at": "2026-03-01T12:00:00"}, "no time zone"),
        ({"ended_at": "yesterday"}, "yesterday"),
        ({"note": None}, "note is"),
        ({"signal": ...}, "signal is missing"),
    ],
)
def test_what_does_not_fit_is_not_guessed_at(changed: dict[str, object], message: str) -> None:
    document = {**json.loads(end_text(RunEnd(NOON, 0))), **changed}
    text = json.dumps({name: value for name, value in document.items() if value is not ...})
    with pytest.raises(ValueError, match=message):
        read_end(text)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '"x"', "[" * 100_000, '{"version": 1e400}'])
def test_what_is_no_document_at_all(text: str) -> None:
    for read in (read_record, read_end, read_cancel, read_lease):
        with pytest.raises(ValueError):
            read(text)
