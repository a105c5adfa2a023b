"""The sandbox's own gcms.toml: the console is told of the practice platform exactly as of a real one."""

from __future__ import annotations

import json
import re

from gcms_tui.sandbox.directory import Generation, write_private

SOURCES = ("attendance", "concert", "instrument", "musician", "payment", "rehearsal")
SCD2_TABLES = ("br_attendance_scd2", "br_musician_scd2", "br_concert_scd2")

AIRBYTE_CLIENT = "gcms-console"
"""The id of the application that the console logs in to Airbyte as."""

_AIRBYTE = re.compile(r'^(base_url = )"http://127\.0\.0\.1:\d+(/[^"]*)"', re.MULTILINE)

_HEAD = """\
# The practice platform's configuration. Nothing in it is real; change it as you like.
sandbox = true
read_only = false
state_dir = {state}

[dbt]
project_dir = {project}
profiles_dir = {project}
target = "sandbox"

[supabase]
dsn_file = {dsn}

[airbyte]
base_url = {airbyte}
client_id = {client}
client_secret_file = {secret}

# Invented people, who sign a payroll. Here, and nowhere else, anybody may play them: --as erin.
[payroll]
engineers = ["erin"]
finance = ["frank"]
managers = ["maria"]
"""


def write_config(generation: Generation, airbyte_port: int) -> None:
    """Paths are relative to the file, so a copy of the directory needs no other one."""
    names = {
        "airbyte": _airbyte(airbyte_port),
        "client": AIRBYTE_CLIENT,
        "secret": generation.airbyte_secret_file.name,
        "state": generation.state.name,
        "project": generation.dbt_project.name,
        "dsn": generation.dsn_file.name,
    }
    parts = [_HEAD.format(**{key: json.dumps(value) for key, value in names.items()})]
    parts += [f'[[sources]]\ntable = "raw.supabase_{name}"\n' for name in SOURCES]
    parts += [f'[[scd2]]\ntable = "bronze.{name}"\n' for name in SCD2_TABLES]
    write_private(generation.config, "\n".join(parts))


def move_airbyte(generation: Generation, port: int) -> None:
    """Has the file name the port that Airbyte listens on now; whatever else somebody made of it stays."""
    before = generation.config.read_text(encoding="utf-8")
    after = _AIRBYTE.sub(rf'\1"http://127.0.0.1:{port}\2"', before)
    if after != before:
        write_private(generation.config, after)


def _airbyte(port: int) -> str:
    return f"http://127.0.0.1:{port}/api/public/v1"
