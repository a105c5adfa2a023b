from __future__ import annotations

import stat
from dataclasses import replace
from pathlib import Path

import yaml

from gcms_tui.core.secret import Secret
from gcms_tui.sandbox.story.project import WarehouseLogin, write_project

LOGIN = WarehouseLogin("127.0.0.1", 4711, "gcms", Secret('it\'s: a "secret" #1'))


def test_the_profile_is_private_and_names_the_sandbox(tmp_path: Path) -> None:
    project = write_project(tmp_path / "dbt", LOGIN)

    profile = project / "profiles.yml"
    assert stat.S_IMODE(profile.stat().st_mode) == 0o600
    content = yaml.safe_load(profile.read_text(encoding="utf-8"))
    assert content["gcms"]["target"] == "sandbox"
    output = content["gcms"]["outputs"]["sandbox"]
    assert (output["host"], output["port"], output["protocol"]) == ("127.0.0.1", 4711, "http")
    assert output["password"] == 'it\'s: a "secret" #1'
    assert output["connect_retries"] == 0


def test_a_second_time_nothing_is_touched_but_what_differs(tmp_path: Path) -> None:
    project = write_project(tmp_path, LOGIN)
    before = {path: path.stat().st_mtime_ns for path in project.rglob("*") if path.is_file()}
    (project / "dbt_project.yml").write_text("broken")

    write_project(tmp_path, replace(LOGIN, port=4712))

    after = {path: path.stat().st_mtime_ns for path in project.rglob("*") if path.is_file()}
    assert {path.name for path in after if after[path] != before[path]} == {"dbt_project.yml", "profiles.yml"}
    assert "4712" in (project / "profiles.yml").read_text(encoding="utf-8")


def test_a_profile_that_others_could_read_is_closed_again(tmp_path: Path) -> None:
    profile = write_project(tmp_path, LOGIN) / "profiles.yml"
    profile.chmod(0o644)

    write_project(tmp_path, LOGIN)

    assert stat.S_IMODE(profile.stat().st_mode) == 0o600
