"""The other targets of a profile: what is shown of them, and what never is."""

from __future__ import annotations

from pathlib import Path

import pytest

from gcms_tui.adapters.profile_targets import ProfileTargets
from gcms_tui.core.errors import ConfigError
from gcms_tui.core.settings import DbtSettings, Settings

PROFILES = """
gcms:
  target: dev
  outputs:
    dev: {type: snowflake, account: ab1, user: jane, password: s3cr3t, database: D, schema: dev, role: R, threads: 4,
          pin: s3cr3t}
    prod: {type: snowflake, account: ab1, user: loader, password: "{{ env_var('PROD_PASSWORD') }}", database: P,
           schema: gcms, threads: "{{ env_var('THREADS', '8') | as_number }}"}
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "dbt_project.yml").write_text("name: gcms\nprofile: gcms\n")
    (tmp_path / "profiles.yml").write_text(PROFILES)
    return Settings(dbt=DbtSettings(project_dir=tmp_path, target="dev"), state_dir=tmp_path)


def test_what_is_shown_of_a_target_has_no_login_in_it(settings: Settings) -> None:
    targets = ProfileTargets(settings, {"PROD_PASSWORD": "s3cr3t"})
    assert targets.names() == ("dev", "prod")
    dev, prod = targets.profile("dev"), targets.profile("prod")
    assert dev.settings == {"account": "ab1", "database": "D", "schema": "dev", "role": "R", "threads": "4"}
    assert prod.settings == {"account": "ab1", "database": "P", "schema": "gcms", "threads": "8"}
    with targets.warehouse("prod") as one:
        assert "s3cr3t" not in repr((dev, prod, one, targets))


def test_a_target_that_cannot_be_read_here_is_named_and_hides_no_other(settings: Settings) -> None:
    targets = ProfileTargets(settings, {})
    assert targets.names() == ("dev", "prod")
    with pytest.raises(ConfigError, match="PROD_PASSWORD"):
        targets.profile("prod")
    with pytest.raises(ConfigError, match="PROD_PASSWORD"), targets.warehouse("prod"):
        pass
    assert targets.profile("dev").name == "dev"
