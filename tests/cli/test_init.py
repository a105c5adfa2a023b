"""A first gcms.toml from a dbt project."""

from __future__ import annotations

import json
import os
import stat
from dataclasses import fields
from pathlib import Path

import pytest
import yaml

from gcms_tui.adapters.config import ConfigFile, load_settings
from gcms_tui.adapters.toml_settings import kinds, settable
from gcms_tui.cli.config_text import config_text
from gcms_tui.core.identifier import Relation
from gcms_tui.core.settings import Settings
from tests.cli.commands import gcms_tui
from tests.practice import RunningPlatform


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A small dbt project that has never been run."""
    directory = tmp_path / "work" / "dbt"
    (directory / "models" / "bronze").mkdir(parents=True)
    (directory / "dbt_project.yml").write_text("name: payroll\nprofile: p\n")
    outputs = {"prod": {"type": "snowflake", "account": "a", "user": "u", "password": "planted-hunter2"}}
    outputs["prod"] |= {"database": "D", "schema": "S"}
    (directory / "profiles.yml").write_text(yaml.safe_dump({"p": {"target": "prod", "outputs": outputs}}))
    source = {
        "name": "supabase",
        "schema": "landing",
        "loaded_at_field": "_airbyte_emitted_at",
        "freshness": {"warn_after": {"count": 1, "period": "day"}, "error_after": {"count": 3, "period": "day"}},
        "tables": [
            {"name": "attendance", "identifier": "supabase_attendance"},
            {
                "name": "payment",
                "loaded_at_field": "updated_at",
                "freshness": {"error_after": {"count": 90, "period": "minute"}},
            },
            {"name": "{{ var('x') }}"},
        ],
    }
    (directory / "models" / "sources.yml").write_text(yaml.safe_dump({"sources": [source]}))
    (directory / "models" / "broken.yml").write_text("a: [")
    (directory / "models" / "bronze" / "br_attendance_scd2.sql").write_text("select 1")
    return directory


def read(path: Path) -> Settings:
    return load_settings(ConfigFile(path, "--config"), {})


def test_the_file_holds_what_the_project_declares_and_is_read_back(project: Path) -> None:
    done = gcms_tui("init", "dbt", cwd=project.parent)
    assert done.status == 0, done.err
    path = project.parent / "gcms.toml"
    assert done.out == f"{path}\n"
    assert "2 sources and 1 SCD2 tables" in done.err
    assert "gcms-tui doctor" in done.err
    settings = read(path)
    assert settings.read_only is True
    assert (settings.dbt.project_dir, settings.dbt.target) == (project, "prod")
    first, second = settings.sources
    assert (first.table, first.timestamp_column) == (Relation("LANDING", "SUPABASE_ATTENDANCE"), "_airbyte_emitted_at")
    assert (first.warn_after_h, first.fail_after_h) == (24.0, 72.0)
    assert (second.table, second.timestamp_column) == (Relation("LANDING", "PAYMENT"), "updated_at")
    assert (second.warn_after_h, second.fail_after_h) == (1.5, 1.5)
    assert [item.table for item in settings.scd2] == [Relation("BRONZE", "BR_ATTENDANCE_SCD2")]


def test_it_holds_no_secret_and_only_its_owner_may_write_it(project: Path) -> None:
    old = os.umask(0)
    try:
        gcms_tui("init", "dbt", cwd=project.parent)
    finally:
        os.umask(old)
    path = project.parent / "gcms.toml"
    assert stat.S_IMODE(path.stat().st_mode) & 0o022 == 0
    assert "planted" not in path.read_text()


def test_nothing_is_overwritten_unless_it_is_said(project: Path) -> None:
    path = project.parent / "gcms.toml"
    path.write_text("mine")
    refused = gcms_tui("init", "dbt", cwd=project.parent)
    assert refused.status == 64
    assert "is there already" in refused.err
    assert path.read_text() == "mine"
    assert gcms_tui("init", "dbt", "--output", "other.toml", cwd=project.parent).status == 0
    assert gcms_tui("init", "dbt", "--force", cwd=project.parent).status == 0
    assert path.read_text() == (project.parent / "other.toml").read_text()
    assert [item.name for item in project.parent.iterdir() if item.name.startswith(".")] == []


def test_json_tells_what_was_written(project: Path) -> None:
    done = gcms_tui("init", "dbt", "--json", cwd=project.parent)
    told = json.loads(done.out)
    assert told["config"] == str(project.parent / "gcms.toml")
    assert (told["sources"], told["scd2"]) == (2, 1)


def test_no_project_and_no_room_are_told(tmp_path: Path, project: Path) -> None:
    done = gcms_tui("init", "nowhere", cwd=tmp_path)
    assert done.status == 78
    assert "dbt_project.yml" in done.err
    done = gcms_tui("init", project, "--output", tmp_path / "no" / "such" / "gcms.toml", cwd=tmp_path)
    assert done.status == 78
    assert "No such file or directory" in done.err


def test_every_key_is_there_with_its_documentation() -> None:
    text = config_text({}, "heading")
    for item in settable(Settings):
        assert f"# {item.metadata['doc']}" in text
        shape = kinds(Settings)[item.name]
        for entry in fields(shape) if hasattr(shape, "__dataclass_fields__") else ():
            assert f"# {entry.metadata['doc']}\n# {entry.name} =" in text


def test_uncommenting_every_default_changes_nothing(tmp_path: Path) -> None:
    """So what the comments claim to hold does hold."""
    lines = []
    for line in config_text({}, "").splitlines():
        key = line.removeprefix("# ").partition(" =")
        is_default = line.startswith("# ") and key[0].isidentifier() and key[1] and key[2].strip()
        lines.append(line.removeprefix("# ") if is_default else line)
    text = "\n".join(lines).partition("# [[sources]]")[0] + "\n[payroll]" + "\n".join(lines).partition("[payroll]")[2]
    path = tmp_path / "gcms.toml"
    path.write_text(text)
    path.chmod(0o600)
    empty = tmp_path / "empty.toml"
    empty.write_text("")
    empty.chmod(0o600)
    filled = read(path)
    assert 'gold = "GOLD"' in text.splitlines()
    assert [getattr(filled, item.name) for item in settable(Settings)] == [
        getattr(read(empty), item.name) for item in settable(Settings)
    ]


def test_the_practice_project_is_read_from_its_manifest(platform: RunningPlatform, tmp_path: Path) -> None:
    path = tmp_path / "gcms.toml"
    done = gcms_tui("init", platform.dbt_project, "--output", path)
    assert "manifest.json" in done.err
    settings = read(path)
    assert settings.dbt.target == "sandbox"
    assert {str(source.table) for source in settings.sources} >= {"raw.supabase_attendance", "raw.supabase_instrument"}
    assert {str(item.table) for item in settings.scd2} == {
        "bronze.br_attendance_scd2",
        "bronze.br_musician_scd2",
        "bronze.br_concert_scd2",
    }
