"""That a retry's selectors name exactly the nodes they are to: asked of dbt itself."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from gcms_tui.adapters.dbt_artifacts import DbtArtifacts
from gcms_tui.adapters.dbt_launcher import DbtProcesses, LaunchPlace
from gcms_tui.core.dbt_command import DbtCommand
from gcms_tui.core.run_retry import again, selectors
from gcms_tui.core.settings import DbtSettings
from gcms_tui.sandbox.directory import SandboxDirectory


def test_dbt_selects_the_named_nodes_and_no_others(sandbox_template: Path, tmp_path: Path) -> None:
    project = tmp_path / "project"
    shutil.copytree(SandboxDirectory(sandbox_template).link.resolve() / "dbt_project", project)
    # Named as folders are: by its name alone dbt would take the whole folder.
    (project / "models" / "silver" / "gold.sql").write_text("select 1 as id")
    (project / "models" / "gold" / "bronze.sql").write_text("select 1 as id")
    place = LaunchPlace(
        tmp_path / "state", DbtSettings(project_dir=project, profiles_dir=project), "sandbox",
        (project / "target", project / "logs"),
    )  # fmt: skip
    dbt = DbtProcesses(place, os.environ)
    build = DbtCommand("build")
    # What the seeded sandbox has parsed already: dbt then parses the two alone.
    cache = dbt._dbt.cache(build)
    cache.mkdir(parents=True)
    shutil.copy(project / "target" / "partial_parse.msgpack", cache)
    every = {node.unique_id for node in dbt.selection(build)}
    (parsed,) = (tmp_path / "state" / "dbt").glob("*/manifest.json")
    nodes = DbtArtifacts(parsed.parent, parsed.parent).manifest().nodes
    wanted = {
        unique_id
        for unique_id in every
        if unique_id.startswith(("model.gcms.gold", "model.gcms.bronze", "model.gcms.fct_musician_payment"))
        or "fct_musician_payment" in unique_id
        or "br_musician_scd2" in unique_id
    }
    assert {"model.gcms.gold", "model.gcms.bronze"} < wanted < every
    named, missing = selectors(sorted(wanted), nodes)
    assert missing == ()
    assert {node.unique_id for node in dbt.selection(again(build, named))} == wanted
