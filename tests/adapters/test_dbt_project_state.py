"""What a preview is bound to: the state of the project, and the profile that says what the target is."""

from __future__ import annotations

import os
from pathlib import Path

from gcms_tui.adapters.dbt_project_state import fingerprint


def test_whatever_a_run_follows_from_changes_it(tmp_path: Path) -> None:
    project, profiles = tmp_path / os.fsdecode(b"my project \xff"), tmp_path / "profiles.yml"
    for name in ("models", "dbt_packages/utils", "target"):
        (project / name).mkdir(parents=True)
    link = tmp_path / "link"
    link.symlink_to(project)
    (project / "models" / "back").symlink_to(project)

    def now(directory: Path = project) -> str:
        return fingerprint(directory, (directory / "target",), profiles)

    seen = [now()]
    for file in (profiles, project / "models" / "a.sql", project / "dbt_packages" / "utils" / "macro.sql"):
        for content in ("select 1", "select 10"):
            file.write_text(content, encoding="utf-8")
            seen.append(now())
    (project / "models" / "a.sql").unlink()
    seen.append(now())
    assert len(set(seen)) == len(seen)
    (project / "target" / "manifest.json").write_text("{}", encoding="utf-8")
    assert now() == now(link) == seen[-1]
