"""What of the configuration reaches whoever starts dbt."""

from __future__ import annotations

from pathlib import Path

from gcms_tui.adapters.dbt_reading import ReadingDbt
from gcms_tui.cli.invocation import Invocation
from gcms_tui.cli.wiring import dbt_project, load_settings, open_run_desk
from gcms_tui.core.identifier import Relation

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
