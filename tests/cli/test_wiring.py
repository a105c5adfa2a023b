"""What of the configuration reaches whoever starts dbt, and that read-only means that there is nothing which writes."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from gcms_tui.adapters.dbt_reading import ReadingDbt
from gcms_tui.adapters.snowflake_writer import SnowflakeWriteAccess
from gcms_tui.cli.invocation import Invocation
from gcms_tui.cli.wiring import (
    console_services,
    dbt_project,
    load_settings,
    open_anchors,
    open_run_desk,
    open_scd2_desk,
)
from gcms_tui.cli.wiring import open_store as opened_store
from gcms_tui.core.errors import Refused
from gcms_tui.core.identifier import Relation
from gcms_tui.operations.scd2.desk import Scd2Desk

CONFIG = """
state_dir = "state"

[dbt]
project_dir = "."
target = "prod"

[[scd2]]
table = "bronze.history"
"""


def test_a_full_refresh_knows_the_configured_scd2_tables_and_a_preview_the_profile(tmp_path: Path) -> None:
    (tmp_path / "dbt_project.yml").write_text("name: gcms\nprofile: gcms\n", encoding="utf-8")
    (tmp_path / "profiles.yml").write_text("gcms: {outputs: {prod: {type: snowflake}}}\n", encoding="utf-8")
    (tmp_path / "gcms.toml").write_text(CONFIG, encoding="utf-8")
    invocation = Invocation(config=tmp_path / "gcms.toml")
    settings = load_settings(invocation).settings
    with open_run_desk(settings, invocation) as desk:
        launcher = desk.runs._launcher
        assert isinstance(launcher, ReadingDbt)
        place = launcher._place
    assert place.scd2 == (Relation("BRONZE", "HISTORY"),)
    assert place.profiles == tmp_path / "profiles.yml"
    assert place.written == (dbt_project(settings).target_path, dbt_project(settings).log_path)


WRITABLE = """
state_dir = "state"
{head}
[dbt]
project_dir = "."
target = "prod"

[store]
anchor_file = "data/anchor.json"

[snowflake]
{snowflake}
"""


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was built that writes to the warehouse."""
    found: list[str] = []

    def build(*_: object, **__: object) -> None:
        found.append("a writer")

    monkeypatch.setattr(SnowflakeWriteAccess, "__init__", build)
    monkeypatch.delenv("GCMS_READ_ONLY", raising=False)
    return found


def configured(directory: Path, monkeypatch: pytest.MonkeyPatch, head: str, snowflake: str = "") -> Path:
    (directory / "dbt_project.yml").write_text("name: gcms\nprofile: gcms\n", encoding="utf-8")
    login = "type: snowflake, account: a, user: u, password: p, database: d, schema: s, warehouse: w"
    (directory / "profiles.yml").write_text(f"gcms: {{outputs: {{prod: {{{login}}}}}}}\n", encoding="utf-8")
    (directory / "connections.toml").write_text('[live]\naccount = "a"\nuser = "u"\npassword = "p"\n', encoding="utf-8")
    (directory / "connections.toml").chmod(0o600)
    monkeypatch.setenv("SNOWFLAKE_HOME", str(directory))
    config = directory / "gcms.toml"
    config.write_text(WRITABLE.format(head=head, snowflake=snowflake), encoding="utf-8")
    return config


@pytest.mark.parametrize(
    ("given", "env", "head", "snowflake"),
    [
        ({}, "", "", ""),
        ({}, "", "read_only = true", ""),
        ({"read_only": True}, "", "read_only = false", ""),
        ({}, "1", "read_only = false", ""),
        ({}, "", 'read_only = false\nread_only_targets = ["PROD"]', ""),
        ({"target": "prod"}, "", 'read_only = false\nread_only_targets = ["prod"]', ""),
        ({}, "", 'read_only = false\nread_only_targets = ["live"]', 'connection = "live"'),
    ],
    ids=["unset", "file", "flag", "environment", "target", "typed target", "connection"],
)
def test_where_nothing_may_be_written_nothing_that_writes_is_built(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    built: list[str],
    given: dict[str, Any],
    env: str,
    head: str,
    snowflake: str,
) -> None:
    config = configured(tmp_path, monkeypatch, head, snowflake)
    monkeypatch.setenv("GCMS_READ_ONLY", env)
    invocation = Invocation(config=config, **given)
    settings = load_settings(invocation).settings
    actions: list[Callable[[Scd2Desk], object]] = [
        lambda desk: desk.required_bench(),
        lambda desk: desk.doubts.settle("20260301-090000-abcdef"),
        lambda desk: desk.causes.close("t", "k", "a note"),
        lambda desk: desk.corrections.note("t", "a note"),
    ]
    with ExitStack() as opened:
        services = console_services(invocation, settings, opened)
        assert services.read_only and services.open_scd2().bench is None
        desk = opened.enter_context(open_scd2_desk(settings, invocation))
        assert desk.bench is None and desk.read_only_reason
        for action in actions:
            with pytest.raises(Refused) as caught:
                action(desk)
            assert caught.value.guard == "read_only"
        store = opened_store(settings)
        assert not opened.enter_context(open_anchors(settings, invocation, store)).writable
        assert not store.journal.entries()
    assert not built


def test_where_it_is_allowed_the_write_side_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, built: list[str]
) -> None:
    config = configured(tmp_path, monkeypatch, 'read_only = false\nread_only_targets = ["other"]')
    invocation = Invocation(config=config)
    settings = load_settings(invocation).settings
    with open_scd2_desk(settings, invocation) as desk:
        assert desk.required_bench() is desk.bench and built == ["a writer"]
    with open_anchors(settings, invocation, opened_store(settings)) as anchors:
        assert anchors.writable and len(built) == 2
