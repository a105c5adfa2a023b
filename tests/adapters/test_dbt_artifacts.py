from __future__ import annotations

import json
import os
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from gcms_tui.adapters import dbt_artifacts
from gcms_tui.adapters.dbt_artifacts import DbtArtifacts
from gcms_tui.core.dbt_manifest import critical_tests, gold_tests
from gcms_tui.core.dbt_results import ArtifactError, MissingArtifact

RULE = "=" * 30
METADATA = {"invocation_id": "id-1", "generated_at": "2026-03-01T08:00:00Z"}


@pytest.fixture
def artifacts(tmp_path: Path) -> DbtArtifacts:
    (tmp_path / "target").mkdir()
    (tmp_path / "logs").mkdir()
    return DbtArtifacts(tmp_path / "target", tmp_path / "logs")


def write_results(root: Path, status: str = "pass") -> Path:
    file = root / "target" / "run_results.json"
    results = [{"unique_id": "test.gcms.t", "status": status}]
    file.write_text(json.dumps({"metadata": METADATA, "results": results, "args": {"which": "test"}}))
    return file


def write_manifest(root: Path, text: str | None = None, **parts: Any) -> Path:
    file = root / "target" / "manifest.json"
    metadata = {"dbt_schema_version": "https://schemas.getdbt.com/dbt/manifest/v12.json"}
    file.write_text(text if text is not None else json.dumps({"metadata": metadata, "nodes": {}, **parts}, indent=1))
    return file


def whole_run(number: int, at: str) -> str:
    return (
        f"\n\n{RULE} {at} | 00000000-0000-0000-0000-{number:012} {RULE}\n"
        f"\x1b[0m{at} [debug] [MainThread]: Command `dbt run` succeeded at {at} after 1.00 seconds\n"
    )


def write_log(root: Path, text: str, name: str = "dbt.log", modified_at: datetime | None = None) -> None:
    file = root / "logs" / name
    file.write_text(text)
    if modified_at:
        os.utime(file, (modified_at.timestamp(), modified_at.timestamp()))


def test_missing_files_are_errors_that_say_what_to_do(artifacts: DbtArtifacts) -> None:
    for read in (artifacts.run_results, artifacts.manifest, artifacts.log):
        with pytest.raises(ArtifactError) as caught:
            read()
        assert "dbt has left no" in caught.value.message
        assert "dbt build" in caught.value.next_step


def test_a_file_is_read_again_only_when_it_has_changed(artifacts: DbtArtifacts, tmp_path: Path) -> None:
    write_results(tmp_path)
    first = artifacts.run_results()
    assert artifacts.run_results() is first
    write_results(tmp_path, "fail")
    assert artifacts.run_results().results[0].status == "fail"


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"null", b"[1, 2", b"[" * 100_000])
def test_what_is_no_json_or_of_another_shape_is_an_error(
    artifacts: DbtArtifacts, tmp_path: Path, content: bytes
) -> None:
    for name, read in (("run_results.json", artifacts.run_results), ("manifest.json", artifacts.manifest)):
        (tmp_path / "target" / name).write_bytes(content)
        with pytest.raises(ArtifactError) as caught:
            read()
        assert name in caught.value.message


def test_a_half_written_artifact_is_an_error_wherever_it_ends(artifacts: DbtArtifacts, tmp_path: Path) -> None:
    node = {"unique_id": "test.gcms.t", "resource_type": "test", "name": "t", "fqn": ["gcms", "gold", "t"]}
    files = (
        (write_results(tmp_path), artifacts.run_results),
        (write_manifest(tmp_path, nodes={"test.gcms.t": node}, unit_tests={}), artifacts.manifest),
    )
    for file, read in files:
        whole = file.read_bytes()
        read()
        for length in range(1, len(whole.rstrip()), 7):
            file.write_bytes(whole[:length])
            with pytest.raises(ArtifactError):
                read()


def test_a_manifests_nodes_unit_tests_and_sources_are_read_and_the_rest_passed_over(
    artifacts: DbtArtifacts, tmp_path: Path
) -> None:
    hostile = "[/b]\x1b[31m\n😀" + "x" * 10_000
    node = {
        "unique_id": "test.gcms.t", "resource_type": "test", "name": hostile, "tags": ["critical"],
        "fqn": ["gcms", "gold", "t"], "columns": {"a": {"b": ["}", '"', "\\"]}},
    }  # fmt: skip
    unit = {"unique_id": "unit_test.gcms.u", "resource_type": "unit_test", "name": "u"}
    landed = {"unique_id": "source.gcms.s.t", "resource_type": "source", "name": "t", "relation_name": "RAW.S_T"}
    write_manifest(
        tmp_path,
        sources={"source.gcms.s.t": landed, "source.gcms.s.odd": {"name": 3}, "source.gcms.s.none": None},
        macros={"macro.dbt.x": {"macro_sql": "{% if '\"' %}"}},
        nodes={"test.gcms.t": node},
        parent_map={},
        unit_tests={"unit_test.gcms.u": unit},
    )
    manifest = artifacts.manifest()
    assert set(manifest.nodes) == {"test.gcms.t", "unit_test.gcms.u"}
    assert manifest.nodes["test.gcms.t"].name == hostile
    assert {name: source.relation_name for name, source in manifest.sources.items()} == {"source.gcms.s.t": "RAW.S_T"}
    assert manifest.schema_version == "v12"
    assert not manifest.unknown_version


@pytest.mark.parametrize(
    "text",
    ["{}", '{"nodes": 3}', '{"nodes": {"x": 3}}', '{"nodes": {"x": {"name": "x"}}}', '{"metadata": 3, "nodes": {}}'],
)
def test_a_manifest_of_another_shape_is_an_error(artifacts: DbtArtifacts, tmp_path: Path, text: str) -> None:
    write_manifest(tmp_path, text)
    with pytest.raises(ArtifactError):
        artifacts.manifest()


def test_the_log_is_read_over_its_rotated_files(artifacts: DbtArtifacts, tmp_path: Path) -> None:
    write_log(tmp_path, whole_run(1, "23:00:00.0"), "dbt.log.2", datetime(2026, 2, 27, 23, 0, 1, tzinfo=UTC))
    write_log(tmp_path, whole_run(2, "08:00:00.0"), "dbt.log.1", datetime(2026, 2, 28, 8, 0, 1, tzinfo=UTC))
    write_log(tmp_path, whole_run(3, "07:00:00.0"), "dbt.log", datetime(2026, 3, 1, 7, 0, 1, tzinfo=UTC))
    log = artifacts.log()
    assert [item.invocation_id[-1] for item in log.invocations] == ["1", "2", "3"]


def test_text_times_are_in_the_zone_of_this_machine(
    artifacts: DbtArtifacts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "America/Chicago")
    time.tzset()
    try:
        write_log(tmp_path, whole_run(1, "07:00:00.0"), modified_at=datetime(2026, 3, 1, 13, 0, 1, tzinfo=UTC))
        assert artifacts.log().invocations[0].started_at == datetime(2026, 3, 1, 13, 0, tzinfo=UTC)
    finally:
        monkeypatch.undo()
        time.tzset()


def test_only_the_end_of_a_long_log_is_read(
    artifacts: DbtArtifacts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dbt_artifacts, "LOG_TAIL", 2_000)
    write_log(tmp_path, "".join(whole_run(number, "07:00:00.0") for number in range(1, 100)))
    ids = [int(item.invocation_id[-12:]) for item in artifacts.log().invocations]
    assert ids == list(range(ids[0], 100))
    assert 1 < ids[0] < 99


def test_a_tail_without_any_beginning_is_looked_for_further_back(
    artifacts: DbtArtifacts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dbt_artifacts, "LOG_TAIL", 2_000)
    noise = "\x1b[0m07:00:00.1 [debug] [Thread-1 (]: SQL status: SUCCESS 1 in 0.1 seconds\n" * 1000
    head, _, end = whole_run(1, "07:00:00.0").partition("\x1b[0m")
    write_log(tmp_path, head + noise + "\x1b[0m" + end)
    assert [item.success for item in artifacts.log().invocations] == [True]


def test_a_long_log_is_read_in_blocks_of_whole_lines(
    artifacts: DbtArtifacts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dbt_artifacts, "_BLOCK", 7)
    write_log(tmp_path, whole_run(1, "07:00:00.0") + whole_run(2, "08:00:00.0").rstrip())
    assert [item.success for item in artifacts.log().invocations] == [True, True]


def test_bytes_that_are_no_text_do_no_harm(artifacts: DbtArtifacts, tmp_path: Path) -> None:
    (tmp_path / "logs" / "dbt.log").write_bytes(b"\xff\xfe\x00\n" + whole_run(1, "07:00:00.0").encode())
    assert len(artifacts.log().invocations) == 1


def test_a_file_that_may_not_be_read_says_so(artifacts: DbtArtifacts, tmp_path: Path) -> None:
    (tmp_path / "target" / "run_results.json").mkdir()
    with pytest.raises(ArtifactError) as caught:
        artifacts.run_results()
    assert "Is a directory" in caught.value.message


def versioned_nodes(version: int) -> dict[str, Any]:
    """A gold model and a test on it, with the keys that each version of the schema has for them."""
    model: dict[str, Any] = {
        "unique_id": "model.gcms.fct", "resource_type": "model", "name": "fct", "alias": "fct",
        "fqn": ["gcms", "gold", "fct"], "tags": [], "depends_on": {"macros": [], "nodes": []},
        "config": {"materialized": "table"}, "relation_name": "GCMS.GOLD.fct",
    }  # fmt: skip
    test: dict[str, Any] = {
        "unique_id": "test.gcms.t.1f", "resource_type": "test", "name": "t", "alias": "t",
        "fqn": ["gcms", "t"], "tags": ["critical"], "depends_on": {"macros": [], "nodes": ["model.gcms.fct"]},
        "config": {"severity": "ERROR", "store_failures": None},
    }  # fmt: skip
    for node in (model, test):
        node["raw_sql" if version < 7 else "raw_code"] = "select 1"
        node["refs"] = [["fct"]] if version < 9 else [{"name": "fct", "package": None, "version": None}]
        if version < 8:
            node["root_path"] = "/srv/gcms"
    if version >= 9:
        test["attached_node"] = "model.gcms.fct"
    if version >= 20:
        test["depends_on"] = {"nodes": ["model.gcms.fct"], "nodes_with_ref_location": [["model.gcms.fct", None]]}
    return {node["unique_id"]: node for node in (model, test)}


@pytest.mark.parametrize("version", [*range(4, 13), 20])
def test_manifests_of_every_version_tell_which_tests_guard_gold(
    artifacts: DbtArtifacts, tmp_path: Path, version: int
) -> None:
    metadata = {
        "dbt_schema_version": f"https://schemas.getdbt.com/dbt/manifest/v{version}.json",
        "generated_at": "2026-03-01T08:00:00.123456Z",
    }
    document = {"metadata": metadata, "nodes": versioned_nodes(version), "metrics": {}}
    write_manifest(tmp_path, json.dumps({**document, "unit_tests": {}} if version >= 12 else document))
    manifest = artifacts.manifest()
    assert [test.unique_id for test in gold_tests(manifest)] == ["test.gcms.t.1f"]
    assert critical_tests(manifest) == {"test.gcms.t.1f"}
    assert manifest.unknown_version == (version == 20)
    assert manifest.generated_at == datetime(2026, 3, 1, 8, 0, 0, 123456, tzinfo=UTC)


ID, OTHER = "a58fd776-ec5b-4872-b5f8-b24616790000", "a58fd776-ec5b-4872-b5f8-b24616790001"


def test_what_an_invocation_left_is_told_by_the_metadata_of_each_file(artifacts: DbtArtifacts, tmp_path: Path) -> None:
    target = tmp_path / "target"
    written = {"run_results.json": ID, "sources.json": OTHER, "manifest.json": ID}
    for name, invocation_id in written.items():
        document = {"metadata": {"invocation_id": invocation_id}, "results": ["x" * 100_000]}
        (target / name).write_text(json.dumps(document))
    assert artifacts.left_by(ID) == (target / "run_results.json", target / "manifest.json")
    assert artifacts.left_by(OTHER) == (target / "sources.json",)
    (target / "run_results.json").write_bytes(b"\xff{half")
    (target / "manifest.json").unlink()
    assert artifacts.left_by(ID) == ()


def test_results_are_those_of_the_invocation_that_is_asked_for(artifacts: DbtArtifacts, tmp_path: Path) -> None:
    write_results(tmp_path)
    assert artifacts.results_of("id-1") is artifacts.run_results()
    with pytest.raises(MissingArtifact, match="another invocation"):
        artifacts.results_of("id-2")


def test_a_log_that_has_not_grown_is_not_read_again(artifacts: DbtArtifacts, tmp_path: Path) -> None:
    assert artifacts.log_written_at() is None
    moment = datetime(2026, 3, 1, 8, 0, 2, tzinfo=UTC)
    write_log(tmp_path, whole_run(1, "08:00:00.0"), modified_at=moment)
    first = artifacts.log()
    assert artifacts.log() is first
    assert artifacts.log_written_at() == moment
    with (tmp_path / "logs" / "dbt.log").open("a") as stream:
        stream.write(whole_run(2, "09:00:00.0"))
    assert len(artifacts.log().invocations) == 2
