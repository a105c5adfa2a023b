from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gcms_tui.core.dbt_results import KNOWN_VERSIONS, ArtifactError, parse_run_results


def document(version: str = "v6", **changes: Any) -> dict[str, Any]:
    return {
        "metadata": {
            "dbt_schema_version": f"https://schemas.getdbt.com/dbt/run-results/{version}.json",
            "dbt_version": "1.11.16",
            "generated_at": "2026-03-01T08:00:00.123456Z",
            "invocation_id": "e4c1c6e9-a5a6-4e53-b786-626fbc42266d",
            "env": {},
        },
        "results": [
            {
                "status": "fail",
                "timing": [],
                "thread_id": "Thread-1 (worker)",
                "execution_time": 0.39,
                "adapter_response": {"_message": "SUCCESS 1", "query_id": "01b2-1"},
                "message": "Got 2 results, configured to fail if != 0",
                "failures": 2,
                "unique_id": "test.gcms.unique_dim_id.a3bd56e5bf",
                "relation_name": "GCMS.TEST_RESULTS.unique_dim_id",
            }
        ],
        "elapsed_time": 0.8,
        "args": {"which": "test", "target": "sandbox"},
        **changes,
    }


def test_everything_that_is_used_is_read() -> None:
    results = parse_run_results(document(), "target/run_results.json")
    assert results.invocation_id == "e4c1c6e9-a5a6-4e53-b786-626fbc42266d"
    assert results.generated_at == datetime(2026, 3, 1, 8, 0, 0, 123456, tzinfo=UTC)
    assert (results.command, results.target, results.schema_version) == ("test", "sandbox", "v6")
    assert not results.unknown_version
    (node,) = results.results
    assert (node.status, node.failures, node.query_id) == ("fail", 2, "01b2-1")
    assert node.relation_name == "GCMS.TEST_RESULTS.unique_dim_id"
    assert node.resource_type == "test"


def test_the_older_shapes_are_read() -> None:
    """v4 (dbt 1.0 to 1.6) says neither where failing rows are nor that its times are UTC."""
    old = document("v4")
    old["metadata"]["generated_at"] = "2026-03-01T08:00:00.123456"
    for node in old["results"]:
        del node["relation_name"]
    results = parse_run_results(old, "x")
    assert results.generated_at.tzinfo is UTC
    assert results.results[0].relation_name is None
    assert not parse_run_results(document("v5"), "x").unknown_version


def as_version(version: str) -> dict[str, Any]:
    """What each version of dbt wrote, by its own schema: keys came over time, none that is read has gone."""
    number = int(version[1:])
    old = document(version, elapsed_time=2.5)
    (node,) = old["results"]
    if number < 2:
        del node["failures"]
    if number < 5:
        for key in ("relation_name", "compiled", "compiled_code"):
            node.pop(key, None)
    if number < 4:
        old["args"] = {"which": "test", "rpc_method": "test", "target": "sandbox"}
    if number >= 6:
        old["metadata"]["invocation_started_at"] = "2026-03-01T07:59:50Z"
    return old


@pytest.mark.parametrize("version", KNOWN_VERSIONS)
def test_every_version_that_dbt_has_written_is_read(version: str) -> None:
    results = parse_run_results(as_version(version), "x")
    assert not results.unknown_version
    assert (results.command, results.target, results.schema_version) == ("test", "sandbox", version)
    (node,) = results.results
    assert (node.status, node.failures) == ("fail", None if version == "v1" else 2)
    assert node.relation_name == ("GCMS.TEST_RESULTS.unique_dim_id" if version in ("v5", "v6") else None)
    assert results.started_at is not None
    before = 10.1 if version == "v6" else 2.5
    assert (results.generated_at - results.started_at).total_seconds() == pytest.approx(before, abs=0.1)


@pytest.mark.parametrize("elapsed", [None, "long", -1, 1e12])
def test_when_it_began_is_not_made_up(elapsed: Any) -> None:
    assert parse_run_results(document("v4", elapsed_time=elapsed), "x").started_at is None


def test_an_unknown_version_is_read_where_its_shape_fits_and_says_so() -> None:
    results = parse_run_results(document("v9"), "x")
    assert results.unknown_version
    assert results.schema_version == "v9"


def test_what_is_not_said_is_not_guessed() -> None:
    bare = document(args={})
    bare["results"][0].update(failures=None, adapter_response={}, relation_name="", message=None, status="mended")
    results = parse_run_results(bare, "x")
    assert (results.command, results.target) == ("", None)
    assert results.results[0].status == "mended", "a word that is not known is kept, and is no pass"
    assert results.results[0].relation_name is None
    assert parse_run_results(document(args=None), "x").command == ""


@pytest.mark.parametrize(
    "wrong",
    [
        None,
        [],
        "run_results",
        {},
        {"metadata": {}, "results": []},
        document(results=None),
        document(results=["x"]),
        document(results=[{"status": "pass"}]),
        document(results=[{"status": None, "unique_id": "test.gcms.x"}]),
        document(metadata={"generated_at": "yesterday", "invocation_id": "x"}),
        document(metadata={"generated_at": "2026-03-01T08:00:00Z", "invocation_id": ""}),
    ],
)
def test_another_shape_is_an_error_naming_the_file(wrong: Any) -> None:
    with pytest.raises(ArtifactError) as caught:
        parse_run_results(wrong, "target/run_results.json")
    assert "target/run_results.json" in caught.value.message
    assert caught.value.next_step


JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.just(10**400)
    | st.text(max_size=8)
    | st.sampled_from(["0001-01-01T00:00:00+09:00", "9999-12-31T23:59:59-09:00", "2026-03-01T08:00:00Z"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
PLACES = [
    ("metadata",), ("results",), ("elapsed_time",), ("args",), ("metadata", "generated_at"),
    ("metadata", "invocation_id"), ("metadata", "invocation_started_at"), ("metadata", "dbt_schema_version"),
    ("args", "which"), ("args", "target"), ("results", 0), *(
        ("results", 0, key)
        for key in ("status", "execution_time", "adapter_response", "message", "failures", "unique_id", "relation_name")
    ),
]  # fmt: skip


@given(st.sampled_from(PLACES), JSON_VALUES)
def test_whatever_stands_in_a_place_is_read_or_told_in_words(place: tuple[str | int, ...], value: Any) -> None:
    broken: Any = as_version("v6")
    inside = broken
    for step in place[:-1]:
        inside = inside[step]
    inside[place[-1]] = value
    try:
        results = parse_run_results(broken, "x")
    except ArtifactError as error:
        assert error.next_step
    else:
        assert all(0 <= node.execution_time_s < 1e9 for node in results.results)
