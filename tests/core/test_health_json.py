from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gcms_tui.core.finding import Evidence, Finding, HealthReport, Provenance, Scalar
from gcms_tui.core.health_json import report_from_json, report_json
from gcms_tui.core.verdict import Verdict

NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)

texts = st.text(st.characters(codec="utf-8"), max_size=40)
moments = st.datetimes(timezones=st.just(UTC), min_value=datetime(1970, 1, 1), max_value=datetime(9999, 1, 1))  # noqa: DTZ001
decimals = st.decimals(allow_nan=False, allow_infinity=False, places=2)
kinds: list[st.SearchStrategy[Scalar]] = [
    texts,
    st.integers(),
    st.floats(allow_nan=False),
    st.booleans(),
    decimals,
    moments,
    st.dates(),
]
scalars: st.SearchStrategy[Scalar] = st.one_of(st.none(), *kinds)


@st.composite
def evidences(draw: st.DrawFn) -> Evidence:
    """Each column of one type, NULL apart, as a database answers."""
    columns = draw(st.lists(texts, unique=True, max_size=3))
    cells = [st.none() | draw(st.sampled_from(kinds)) for _ in columns]
    rows = draw(st.lists(st.tuples(*cells), max_size=4)) if columns else []
    return Evidence.of(columns, rows, draw(st.integers(0, 1000)))


findings = st.builds(
    Finding,
    name=texts,
    section=texts,
    verdict=st.sampled_from(Verdict),
    summary=texts,
    taken_at=moments,
    value=scalars,
    unit=texts,
    target=texts,
    alert=texts,
    elapsed_ms=st.integers(0, 10**6),
    provenance=st.lists(
        st.builds(Provenance, texts, texts, st.lists(scalars, max_size=3).map(tuple), st.none() | texts), max_size=2
    ).map(tuple),
    evidence=evidences(),
    next_step=texts,
)
reports = st.builds(
    HealthReport, texts, moments, st.lists(findings, max_size=3).map(tuple), st.lists(texts, max_size=2).map(tuple)
)


@given(reports)
def test_a_report_comes_back_as_it_was(report: HealthReport) -> None:
    assert report_from_json(json.dumps(report_json(report, NOW), allow_nan=False)) == report


def finding(value: Scalar = 3.2, evidence: Evidence | None = None) -> Finding:
    return Finding(
        name="freshness.supabase_attendance",
        section="Daily 2",
        verdict=Verdict.OK,
        summary="raw.supabase_attendance was last loaded 3 h 12 min ago",
        taken_at=NOW - timedelta(seconds=90),
        value=value,
        unit="h",
        target="< 24 h",
        provenance=(Provenance("queries/source_freshness.sql", "SELECT 1", (), "01b2"),),
        evidence=evidence or Evidence(),
    )


def test_the_headless_shape() -> None:
    document = report_json(HealthReport("prod", NOW, (finding(),)), NOW)
    assert (document["verdict"], document["target"], document["taken_at"]) == ("OK", "prod", "2026-03-01T09:00:00Z")
    wanted = {
        "name": "freshness.supabase_attendance",
        "section": "Daily 2",
        "verdict": "OK",
        "value": 3.2,
        "unit": "h",
        "target": "< 24 h",
        "taken_at": "2026-03-01T08:58:30Z",
        "age_s": 90,
        "query_id": "01b2",
        "source": "queries/source_freshness.sql",
        "evidence": [],
        "next": "",
    }
    assert wanted.items() <= document["findings"][0].items()


def test_amounts_are_exact_text_and_moments_are_utc() -> None:
    chicago = timezone(timedelta(hours=-6))
    evidence = Evidence.of(
        ("net", "due", "at", "who"),
        [(Decimal("1000000000000000.10"), date(2026, 3, 1), NOW.astimezone(chicago), None)],
    )
    cells = report_json(HealthReport("prod", NOW, (finding(evidence=evidence),)), NOW)["findings"][0]
    assert cells["evidence"] == [
        {"net": "1000000000000000.10", "due": "2026-03-01", "at": "2026-03-01T09:00:00Z", "who": None}
    ]
    assert [column["type"] for column in cells["evidence_columns"]] == ["decimal", "date", "timestamp", "null"]


def test_a_column_of_several_types_stays_as_it_is_written() -> None:
    evidence = Evidence.of(("cell",), [(Decimal("1.10"),), ("text",), (7,)])
    report = HealthReport("prod", NOW, (finding(evidence=evidence),))
    again = report_from_json(json.dumps(report_json(report, NOW)))
    assert [row[0] for row in again.findings[0].evidence.rows] == ["1.10", "text", 7]


def test_of_no_finding_at_all_the_verdict_is_unknown() -> None:
    assert report_json(HealthReport("prod", NOW, ()), NOW)["verdict"] == "UNKNOWN"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "null",
        "[]",
        "{}",
        '{"format": 2}',
        '{"format": 1, "target": 3, "taken_at": "2026-03-01T09:00:00Z", "findings": [], "notes": []}',
        '{"format": 1, "target": "x", "taken_at": "2026-03-01T09:00:00", "findings": [], "notes": []}',
        '{"format": 1, "target": "x", "taken_at": "2026-03-01T09:00:00Z", "findings": [{}], "notes": []}',
        '{"format": 1, "target": "x", "taken_at": "2026-03-01T09:00:00Z", "findings": [3], "notes": []}',
        "[" * 100_000,
    ],
)
def test_anything_else_is_no_report(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        report_from_json(text)


def test_a_report_torn_at_any_point_is_no_report() -> None:
    text = json.dumps(report_json(HealthReport("prod", NOW, (finding(),)), NOW))
    for length in range(len(text)):
        with pytest.raises(ValueError, match=r".+"):
            report_from_json(text[:length])


def test_a_newer_partial_report_takes_its_findings_places() -> None:
    old = HealthReport("prod", NOW, (finding(1.0), Finding("tests.gold", "Daily 3", Verdict.OK, "", NOW)), ("note",))
    new = HealthReport("prod", NOW + timedelta(hours=1), (finding(2.0),))
    merged = old.updated(new)
    assert [(item.name, item.value) for item in merged.findings] == [
        ("freshness.supabase_attendance", 2.0),
        ("tests.gold", None),
    ]
    assert merged.taken_at == new.taken_at
    assert merged.notes == ()
