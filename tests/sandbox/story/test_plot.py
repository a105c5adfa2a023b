from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise
from typing import Any

import pytest

from gcms_tui.sandbox.story.plot import Story, tell_story
from gcms_tui.sandbox.story.rows import Attendance, Concert, Musician, Payment, Rehearsal, Version
from tests.sandbox.story.expected import gold_payments

NOW = datetime(2026, 3, 10, 14, 25, 36, tzinfo=UTC)
MOMENTS = [
    NOW,
    datetime(2026, 1, 1, 0, 0, 0, tzinfo=UTC),
    datetime(2024, 2, 29, 23, 59, 59, 999_999, tzinfo=UTC),
    datetime(2025, 10, 26, 2, 30, tzinfo=timezone(timedelta(hours=2))),
]


@pytest.fixture(scope="module", params=MOMENTS, ids=str)
def story(request: pytest.FixtureRequest) -> Story:
    return tell_story(request.param)


def rows(story: Story, table: str, kind: type[Any]) -> Sequence[Any]:
    found = story.tables[table]
    assert found and all(isinstance(row, kind) for row in found)
    return found


def by_key(versions: Sequence[Version[Any]]) -> dict[str, list[Version[Any]]]:
    grouped = defaultdict(list)
    for version in versions:
        grouped[version.natural_key].append(version)
    return grouped


def digest(story: Story) -> str:
    return hashlib.sha256(repr(story).encode()).hexdigest()


def test_the_same_now_tells_the_same_story_in_every_process() -> None:
    told = (
        "import hashlib, sys; from datetime import datetime; from gcms_tui.sandbox.story.plot import tell_story;"
        "story = tell_story(datetime.fromisoformat(sys.argv[1]));"
        "sys.stdout.write(hashlib.sha256(repr(story).encode()).hexdigest())"
    )
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        ran = subprocess.run(
            [sys.executable, "-c", told, NOW.isoformat()], env=environment, capture_output=True, text=True, check=True
        )
        assert ran.stdout == digest(tell_story(NOW))


def test_a_later_now_tells_it_later_and_otherwise_alike() -> None:
    today, tomorrow = tell_story(NOW), tell_story(NOW + timedelta(days=1))

    def essence(story: Story) -> list[tuple[Any, ...]]:
        return [(p.id, p.musician_id, p.net_amount, p.paid) for p in rows(story, "payment", Payment)]

    assert essence(today) == essence(tomorrow)
    assert today.duplicate_keys == tomorrow.duplicate_keys


def test_a_moment_without_time_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        tell_story(NOW.replace(tzinfo=None))


def test_its_size(story: Story) -> None:
    assert len(story.tables["musician"]) == 200
    concerts = rows(story, "concert", Concert)
    assert len(concerts) == 40
    assert Counter(concert.status for concert in concerts) == {"completed": 34, "scheduled": 5, "cancelled": 1}
    dates = sorted(concert.concert_date for concert in concerts)
    assert timedelta(days=360) < dates[-1] - dates[0] < timedelta(days=390)
    services = Counter(service.concert_id for service in rows(story, "rehearsal", Rehearsal))
    assert all(4 <= services[concert.id] <= 6 for concert in concerts)


def test_one_source_is_stale_and_all_others_are_hours_old(story: Story) -> None:
    ages = {table: story.calendar.now - story.extracted_at(table) for table in story.tables}

    assert ages.pop("instrument") > timedelta(hours=48)
    assert all(timedelta(0) < age < timedelta(hours=12) for age in ages.values())


def test_nothing_was_pulled_before_it_was_written_nor_written_before_it_was_recorded(story: Story) -> None:
    for table, found in story.tables.items():
        assert all(row.created_at <= row.updated_at < story.extracted_at(table) for row in found), table
    for version in (*story.attendance_versions, *story.musician_versions, *story.concert_versions):
        assert version.recorded_at <= version.inserted_at <= version.updated_at < story.calendar.now


def test_every_reference_leads_somewhere(story: Story) -> None:
    ids = {table: {row.id for row in found} for table, found in story.tables.items()}
    assert all(len(ids[table]) == len(found) for table, found in story.tables.items())
    for table, found in story.tables.items():
        for parent in ("instrument", "musician", "concert", "rehearsal"):
            if hasattr(found[0], f"{parent}_id"):
                assert {getattr(row, f"{parent}_id") for row in found} <= ids[parent], (table, parent)


def test_nobody_is_in_two_places_at_once(story: Story) -> None:
    starts = {service.id: service.starts_at for service in rows(story, "rehearsal", Rehearsal)}
    places = Counter((entry.musician_id, starts[entry.rehearsal_id]) for entry in rows(story, "attendance", Attendance))

    assert max(places.values()) == 1


def test_hard_but_legal_text_is_in_it(story: Story) -> None:
    concerts = rows(story, "concert", Concert)
    musicians = rows(story, "musician", Musician)
    titles = " ".join(concert.title for concert in concerts)
    names = Counter((musician.first_name, musician.last_name) for musician in musicians)
    surnames = " ".join(musician.last_name for musician in musicians)

    assert "[encore]" in next(concert.title for concert in concerts if concert.id == story.held_concert_id)
    assert "🎻" in titles and '"' in titles and "'" in titles
    assert sum(concert.venue is None for concert in concerts) == 1
    assert "'" in surnames and "ü" in surnames and " " in "".join(m.last_name for m in musicians)
    assert max(names.values()) == 2
    assert len({musician.email for musician in musicians}) == 200
    assert all(musician.email.isascii() for musician in musicians)


def test_three_keys_have_more_than_one_current_version_and_no_other_key(story: Story) -> None:
    for versions in (story.musician_versions, story.concert_versions, story.attendance_versions):
        assert len({version.scd_id for version in versions}) == len(versions)
        for key, found in by_key(versions).items():
            duplicate = key in story.duplicate_keys
            assert (sum(version.is_current for version in found) == 1) is not duplicate
            assert all(version.is_current is (version.effective_to is None) for version in found)

    plain, triple, tied = (
        [version for version in by_key(story.attendance_versions)[key] if version.is_current]
        for key in story.duplicate_keys
    )
    assert (len(plain), len(triple), len(tied)) == (2, 3, 2)
    for found in (plain, triple):
        assert len({version.recorded_at for version in found}) == len(found)
        assert len({version.effective_from for version in found}) == len(found)
    first, second = tied
    assert (first.recorded_at, first.inserted_at, first.effective_from) == (
        second.recorded_at,
        second.inserted_at,
        second.effective_from,
    )
    assert first.state.remark != second.state.remark


def test_the_duplicates_are_of_one_unpaid_concert_and_of_musicians_paid_by_the_service(story: Story) -> None:
    payments = {(p.concert_id, p.musician_id): p for p in rows(story, "payment", Payment)}
    entries = [by_key(story.attendance_versions)[key][0].state for key in story.duplicate_keys]

    assert {entry.concert_id for entry in entries} == {story.held_concert_id}
    assert len({entry.musician_id for entry in entries}) == 3
    for entry in entries:
        payment = payments[entry.concert_id, entry.musician_id]
        assert payment.pay_type == "per_service"
        assert payment.attended_services == payment.required_services
        assert not payment.paid


def test_apart_from_the_duplicates_each_version_ends_the_day_before_the_next_begins(story: Story) -> None:
    corrected = 0
    for versions in (story.musician_versions, story.concert_versions, story.attendance_versions):
        for key, found in by_key(versions).items():
            if key in story.duplicate_keys:
                continue
            corrected += len(found) > 1
            for before, after in pairwise(found):
                assert before.effective_to == after.effective_from - timedelta(days=1)
                assert before.effective_to >= before.effective_from
                assert before.state != after.state
    assert corrected > 100


def test_the_source_says_what_a_current_version_says(story: Story) -> None:
    current = defaultdict(set)
    for version in story.attendance_versions:
        if version.is_current:
            current[version.natural_key].add(version.state)
    for entry in rows(story, "attendance", Attendance):
        key = f"{entry.concert_id}-{entry.musician_id}-{entry.rehearsal_id}"
        assert (entry.status, entry.remark) in {(state.status, state.remark) for state in current[key]}


def test_completed_concerts_are_paid_but_for_the_last_three(story: Story) -> None:
    completed = [concert for concert in rows(story, "concert", Concert) if concert.status == "completed"]
    payments = rows(story, "payment", Payment)
    unpaid = {payment.concert_id for payment in payments if not payment.paid}

    assert {payment.concert_id for payment in payments} == {concert.id for concert in completed}
    assert unpaid == {concert.id for concert in sorted(completed, key=lambda c: c.concert_date)[-3:]}
    assert story.held_concert_id in unpaid
    assert all(payment.paid is (payment.payment_date is not None) for payment in payments)
    assert all(p.payment_date is None or p.payment_date < story.calendar.now.date() for p in payments)


def test_gold_and_supabase_differ_for_the_three_musicians_and_nobody_else(story: Story) -> None:
    source = {(p.concert_id, p.musician_id): p for p in rows(story, "payment", Payment)}
    gold = gold_payments(story)
    contested = {
        (story.held_concert_id, by_key(story.attendance_versions)[key][0].state.musician_id)
        for key in story.duplicate_keys
    }

    assert gold.keys() == source.keys()
    assert {key for key in gold if gold[key].net_amount != source[key].net_amount} == contested
    assert {key for key in gold if gold[key].attended_services > gold[key].required_services} == contested
    for key, payment in source.items():
        assert payment.net_amount == payment.gross_amount - payment.deductions >= 0
        if key not in contested:
            assert (gold[key].gross_amount, gold[key].deductions) == (payment.gross_amount, payment.deductions)


def test_payroll_has_its_usual_odd_cases(story: Story) -> None:
    payments = rows(story, "payment", Payment)
    deducted = [payment for payment in payments if payment.deductions]

    assert {payment.pay_type for payment in deducted} == {"per_concert"}
    assert sum(payment.deductions * payment.required_services % 1 != 0 for payment in deducted) > 10
    assert any(payment.net_amount == 0 for payment in payments)
    assert any(p.pay_type == "per_service" and p.attended_services < p.required_services for p in payments)
    musicians = {musician.id: musician for musician in rows(story, "musician", Musician)}
    assert any(payment.pay_type != musicians[payment.musician_id].pay_type for payment in payments)
    assert any(not musicians[payment.musician_id].active for payment in payments)
